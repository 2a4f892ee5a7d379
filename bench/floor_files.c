/*
 * usage: bench_floor_files FOLDER
 *
 * The least that a program can do that wants to know whether files have changed: find them, and open, read and close each.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static int read_file(int folder, const char *name)
{
    char bytes[64 * 1024];
    int file = openat(folder, name, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return -1;
    ssize_t got = read(file, bytes, sizeof bytes);
    close(file);
    return got < 0 ? -1 : 0;
}

int main(int argc, char **argv)
{
    DIR *folder = opendir(argc > 1 ? argv[1] : ".");
    const struct dirent *entry;
    int status = folder != NULL ? 0 : -1;
    while (status == 0 && (entry = readdir(folder)) != NULL)
        if (entry->d_type == DT_REG)
            status = read_file(dirfd(folder), entry->d_name);
    if (status != 0)
        perror("bench_floor_files");
    return status == 0 ? 0 : 1;
}
