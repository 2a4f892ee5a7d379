/*
 * Temporary folders with migration files out of texts in memory. They lie in the workspace and are removed with it. Texts
 * returned live as long as the process.
 *
 *     static const struct folder_file files[] = {
 *         { "001_users.sql", "CREATE TABLE users (id int);\n" },
 *         { 0 },
 *     };
 *     const char *folder = folder_with(files);
 *     folder_add_bytes(folder, "002_nul.sql", "SELECT 1;\0", 10);
 */
#ifndef PGUSHER_SUPPORT_FOLDER_H
#define PGUSHER_SUPPORT_FOLDER_H

#include <stddef.h>
#include <sys/types.h>

struct folder_file {
    const char *name;
    const char *text;
};

/* An empty folder that everybody may read. */
const char *folder_new(void);

/* A folder with these files; the list ends with { 0 }. */
const char *folder_with(const struct folder_file *files);

/* Writes one file, or replaces its contents; returns its path. */
const char *folder_add(const char *folder, const char *name, const char *text);
const char *folder_add_bytes(const char *folder, const char *name, const void *bytes, size_t size);

const char *folder_add_folder(const char *folder, const char *name);
const char *folder_add_symlink(const char *folder, const char *name, const char *target);
void folder_remove(const char *folder, const char *name);
const char *folder_path(const char *folder, const char *name);

/* chmod of a file in it, or of itself where name is NULL. Root reads everything: let the subject run unprivileged then. */
void folder_chmod(const char *folder, const char *name, mode_t mode);

/* What a file holds now. */
const char *folder_read(const char *folder, const char *name);

#endif
