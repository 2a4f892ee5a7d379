/* The line of the source an error is in, with a caret under the place, as psql shows it. */
#ifndef PGUSHER_TEXT_EXCERPT_H
#define PGUSHER_TEXT_EXCERPT_H

#include "base/buf.h"
#include "text/source.h"

/*
 * Adds two lines, each ended by a newline: "  12 | SELECT 1 FROM x" and the caret below the character at offset_bytes. Tabs are
 * shown as single spaces, a line wider than width characters is cut around the place with "..." at the cut ends, and wide
 * characters (East Asian) count as two columns for the caret.
 */
void excerpt_add(struct buf *buf, const struct source *source, size_t offset_bytes, size_t width);

#endif
