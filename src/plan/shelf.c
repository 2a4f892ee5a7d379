/*
 * Finds the files of the folder and reads them. It knows the file system; which names are fit is known in file_name.c, and
 * what the texts mean is not known on this shelf at all.
 */
#include "plan/shelf.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "plan/file_name.h"

enum { FIRST_ROOM = 64 };

struct name {
    const char *text;
    bool is_regular; /* as the folder itself tells; a link, and what some file systems do not tell, is looked at */
};

struct names {
    struct arena *arena; /* of the names; the list itself is on the heap, because it grows */
    struct name *list;
    size_t count;
    size_t room;
};

static bool grow(struct names *names)
{
    size_t room = names->room > 0 ? names->room * 2 : FIRST_ROOM;
    struct name *list = memory_realloc(names->list, room * sizeof *list);
    if (list == NULL)
        return false;
    names->list = list;
    names->room = room;
    return true;
}

static bool add_name(struct names *names, const struct dirent *entry, struct fault *fault)
{
    if (names->count == names->room && !grow(names))
        return fault_out_of_memory(fault);
    const char *copy = arena_text(names->arena, entry->d_name);
    if (copy == NULL)
        return fault_out_of_memory(fault);
    names->list[names->count++] = (struct name){ .text = copy, .is_regular = entry->d_type == DT_REG };
    return true;
}

static bool refuse_folder(const char *folder, int system_errno, struct fault *fault)
{
    fault_set_errno(fault, FAULT_CONFIG, system_errno, "cannot read the migrations folder \"%s\"", folder);
    if (fault->hint[0] == '\0')
        fault_hint(fault,
                   "--migrations or PGUSHER_MIGRATIONS names the folder; in a container it must be mounted or copied in.");
    return false;
}

static bool list_folder(struct names *names, DIR *directory, const char *folder, struct fault *fault)
{
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(directory);
        if (entry == NULL)
            return errno == 0 || refuse_folder(folder, errno, fault);
        if (file_name_is_migration(entry->d_name) && !add_name(names, entry, fault))
            return false;
    }
}

static bool read_folder(struct names *names, const char *folder, struct fault *fault)
{
    DIR *directory = opendir(folder);
    if (directory == NULL)
        return refuse_folder(folder, errno, fault);
    bool ok = list_folder(names, directory, folder, fault);
    closedir(directory);
    return ok;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct name *) a)->text, ((const struct name *) b)->text);
}

static bool refuse_kind(const char *path, mode_t mode, struct fault *fault)
{
    if (!S_ISDIR(mode)) {
        fault_set(fault, FAULT_CONFIG, "\"%s\" is not a regular file", path);
        fault_hint(fault, "Everything in the folder that is named *.sql is taken for a migration.");
        return false;
    }
    fault_set(fault, FAULT_CONFIG, "\"%s\" is a directory, not a file", path);
    fault_hint(fault,
               "Docker makes a directory where the source of a bind mount does not exist: check the path on the host.");
    return false;
}

static bool check_kind(const char *path, struct fault *fault)
{
    struct stat status;
    if (stat(path, &status) == 0)
        return S_ISREG(status.st_mode) || refuse_kind(path, status.st_mode, fault);
    int stat_errno = errno;
    fault_set_errno(fault, FAULT_CONFIG, stat_errno, "cannot find the migration \"%s\"", path);
    if (stat_errno == ENOENT)
        fault_hint(fault, "It is a symbolic link that leads nowhere, or was removed just now.");
    return false;
}

/* By hand, because printf's ways are long for ten thousand files. */
static const char *join_path(struct arena *arena, const char *folder, const char *name)
{
    size_t folder_bytes = strlen(folder);
    bool ends_with_slash = folder_bytes > 0 && folder[folder_bytes - 1] == '/';
    char *path = arena_alloc(arena, folder_bytes + strlen(name) + sizeof "/");
    if (path != NULL)
        stpcpy(stpcpy(stpcpy(path, folder), ends_with_slash ? "" : "/"), name);
    return path;
}

static bool put_on_shelf(struct migration *migration, struct arena *arena, const char *folder, const struct name *name,
                         struct fault *fault)
{
    if (!file_name_check(name->text, fault))
        return false;
    migration->name = name->text;
    migration->path = join_path(arena, folder, name->text);
    if (migration->path == NULL)
        return fault_out_of_memory(fault);
    migration->source.name = name->text;
    return name->is_regular || check_kind(migration->path, fault);
}

static bool fill(struct shelf *shelf, struct arena *arena, const struct names *names, struct fault *fault)
{
    shelf->folder = arena_text(arena, shelf->folder);
    shelf->migrations = arena_array(arena, names->count, sizeof *shelf->migrations);
    if (shelf->folder == NULL || shelf->migrations == NULL)
        return fault_out_of_memory(fault);
    for (size_t i = 0; i < names->count; i++)
        if (!put_on_shelf(&shelf->migrations[i], arena, shelf->folder, &names->list[i], fault))
            return false;
    shelf->count = names->count;
    return true;
}

bool shelf_discover(struct shelf *shelf, struct arena *arena, const char *folder, struct fault *fault)
{
    struct names names = { .arena = arena };
    *shelf = (struct shelf){ .folder = folder };
    bool ok = read_folder(&names, folder, fault);
    if (ok && names.count > 1)
        qsort(names.list, names.count, sizeof names.list[0], compare_names);
    ok = ok && fill(shelf, arena, &names, fault);
    memory_free(names.list);
    return ok;
}

void shelf_finish(struct shelf *shelf)
{
    if (shelf == NULL)
        return;
    for (size_t i = 0; i < shelf->count; i++)
        migration_release(&shelf->migrations[i]);
}
