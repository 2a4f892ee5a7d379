/*
 * Text of others, made harmless for a terminal: what could steer it is shown as a visible sign, bytes that are no UTF-8 as
 * U+FFFD, a tab as a space. A text longer than SAFE_TEXT_BYTES is cut between characters and ends in "...".
 */
#ifndef PGUSHER_FACE_SAFE_TEXT_H
#define PGUSHER_FACE_SAFE_TEXT_H

#include <stddef.h>

#include "base/buf.h"

enum { SAFE_TEXT_BYTES = 8192 };

/* How much of text is shown: its length, or where it is cut. */
size_t safe_text_size(const char *text);

/* On one line: line ends are shown as signs too. Accepts NULL, as the empty text. */
void safe_line_add(struct buf *buf, const char *text);

/* The same, cut to so many columns of a terminal, the last three of them "..." then. */
void safe_line_add_cut(struct buf *buf, const char *text, size_t columns);

/* Keeps line ends and starts each line but the first with indent spaces; line ends at the end are dropped. */
void safe_lines_add(struct buf *buf, const char *text, size_t indent);

/* The columns that safe_line_add() takes for it. */
size_t safe_columns(const char *text);

/* Adds so many spaces. */
void spaces_add(struct buf *buf, size_t count);

#endif
