/*
 * Files in the workspace. It knows names and bytes, not what a migration is.
 */
#include "support/folder.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/file_watch.h"
#include "support/must.h"
#include "support/workspace.h"

const char *folder_new(void)
{
    return workspace_new_folder("folder");
}

const char *folder_with(const struct folder_file *files)
{
    const char *folder = folder_new();
    for (; files->name != NULL; files++)
        folder_add(folder, files->name, files->text);
    return folder;
}

const char *folder_path(const char *folder, const char *name)
{
    return name != NULL ? must_format("%s/%s", folder, name) : folder;
}

const char *folder_add(const char *folder, const char *name, const char *text)
{
    return folder_add_bytes(folder, name, text, strlen(text));
}

const char *folder_add_bytes(const char *folder, const char *name, const void *bytes, size_t size)
{
    const char *path = folder_path(folder, name);
    FILE *file = fopen(path, "we");
    must(file != NULL, "cannot open %s: %s", path, strerror(errno));
    fwrite(bytes, 1, size, file);
    must(fclose(file) == 0, "cannot write %s: %s", path, strerror(errno));
    return path;
}

const char *folder_add_folder(const char *folder, const char *name)
{
    const char *path = folder_path(folder, name);
    must(mkdir(path, 0755) == 0, "cannot make %s: %s", path, strerror(errno));
    return path;
}

const char *folder_add_symlink(const char *folder, const char *name, const char *target)
{
    const char *path = folder_path(folder, name);
    must(symlink(target, path) == 0, "cannot make %s: %s", path, strerror(errno));
    return path;
}

void folder_remove(const char *folder, const char *name)
{
    const char *path = folder_path(folder, name);
    must(remove(path) == 0, "cannot remove %s: %s", path, strerror(errno));
}

void folder_chmod(const char *folder, const char *name, mode_t mode)
{
    const char *path = folder_path(folder, name);
    must(chmod(path, mode) == 0, "cannot change the mode of %s: %s", path, strerror(errno));
}

const char *folder_read(const char *folder, const char *name)
{
    return file_watch_read(folder_path(folder, name), 0);
}
