/* A fault as people read it on stderr: file:line:column, SQLSTATE, message, excerpt with caret, detail, context, hint. */
#ifndef PGUSHER_FACE_FAULT_TEXT_H
#define PGUSHER_FACE_FAULT_TEXT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/fault.h"
#include "text/source.h"

/* Where, SQLSTATE and message, in one line and without its end. */
void fault_line_add(struct buf *buf, const struct fault *fault, const struct source *source);

/* source is the text that fault->source names, or NULL when it is not at hand: then no line and column are shown. */
void fault_text_add(struct buf *buf, const struct fault *fault, const struct source *source, bool colour);

#endif
