/*
 * usage: replay FOLDER ...
 *
 * A fuzz target without a fuzzer: every file of the folders goes through it once, whole, and then cut short at every byte of its
 * first kilobyte.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz_text.h"
#include "support/must.h"

enum { MOST_CUTS = 1024 };

static void replay_file(const char *path)
{
    struct bytes bytes = { 0 };
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    must(fd >= 0, "cannot open %s", path);
    bytes_add(&bytes, "", 0);
    bytes_add_fd(&bytes, fd);
    close(fd);
    fprintf(stderr, "%s\n", path); /* the last one named is the one that broke */
    const uint8_t *data = (const uint8_t *) bytes.at;
    LLVMFuzzerTestOneInput(data, bytes.size);
    for (size_t cut = 0; cut < bytes.size && cut < MOST_CUTS; cut++)
        LLVMFuzzerTestOneInput(data, cut);
    bytes_finish(&bytes);
}

static size_t replay_folder(const char *folder)
{
    size_t files = 0;
    struct dirent **entries;
    int count = scandir(folder, &entries, NULL, alphasort);
    must(count >= 0, "cannot read the folder %s", folder);
    for (int i = 0; i < count; i++) {
        if (entries[i]->d_name[0] != '.') {
            replay_file(must_format("%s/%s", folder, entries[i]->d_name));
            files++;
        }
        free(entries[i]);
    }
    free(entries);
    return files;
}

int main(int count, char **arguments)
{
    size_t files = 0;
    for (int i = 1; i < count; i++)
        files += replay_folder(arguments[i]);
    printf("%zu files\n", files);
    return files == 0;
}
