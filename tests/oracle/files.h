/* Texts from files, as the programs of this folder want them. */
#ifndef PGUSHER_TESTS_ORACLE_FILES_H
#define PGUSHER_TESTS_ORACLE_FILES_H

#include "support/must.h"

/* The file as it is; ends the program when it cannot be read. NUL-terminated, also when it is empty. */
struct bytes read_file(const char *path);

/* Made plain SQL, see plain_text.h. */
struct bytes read_plain(const char *path);

#endif
