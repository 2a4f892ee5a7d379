/* --help, out of the option table and the command table. */
#ifndef PGUSHER_FACE_HELP_H
#define PGUSHER_FACE_HELP_H

#include "base/buf.h"
#include "plan/options.h"

/* COMMAND_NONE: the program's own help. Lines are at most 100 characters wide. */
void help_add(struct buf *buf, enum command command);

#endif
