/* Colour, sparingly: SGR sequences that every terminal of the last decades understands. */
#ifndef PGUSHER_FACE_COLOUR_H
#define PGUSHER_FACE_COLOUR_H

#include <stdbool.h>

#include "base/buf.h"

/* What the environment allows on a terminal. */
enum look {
    LOOK_COLOUR,
    LOOK_MONOCHROME, /* no colour, but a live line */
    LOOK_DUMB,       /* neither: a terminal is written to like a pipe */
};

/* From the values of NO_COLOR and TERM, NULL where unset. An empty NO_COLOR means nothing, as its makers have it. */
enum look look_read(const char *no_color, const char *term);

enum hue { HUE_NONE, HUE_BOLD, HUE_DIM, HUE_RED, HUE_GREEN, HUE_YELLOW, HUE_CYAN };

/* Nothing is added where colour is false, so that callers need not ask. */
void colour_begin(struct buf *buf, enum hue hue, bool colour);
void colour_end(struct buf *buf, enum hue hue, bool colour);

/* text, which must be safe, between the two. */
void colour_add(struct buf *buf, enum hue hue, bool colour, const char *text);

#endif
