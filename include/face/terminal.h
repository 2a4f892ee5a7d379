/* An event as a calm terminal shows it: a mark, a sentence, durations at the right edge, and a summary at the end. */
#ifndef PGUSHER_FACE_TERMINAL_H
#define PGUSHER_FACE_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/event.h"

/* One or more lines, each ended by a newline. columns is the terminal's width. */
void terminal_event_add(struct buf *buf, const struct event *event, size_t columns, bool colour);

#endif
