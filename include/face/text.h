/* An event as people read it in a file or a pipe: time of day, level, a sentence, and what belongs to it on lines below. */
#ifndef PGUSHER_FACE_TEXT_H
#define PGUSHER_FACE_TEXT_H

#include "base/buf.h"
#include "base/event.h"

/* One line, and more below it for an excerpt, a detail, a context, a hint; each ends with a newline. */
void text_event_add(struct buf *buf, const struct event *event);

/*
 * The sentence: an event's msg, but for errors and notices, which are put together as psql shows them. Its second and later
 * lines start with indent spaces; there is no newline at the end.
 */
void text_headline_add(struct buf *buf, const struct event *event, size_t indent);

/* The lines below, each indented and ended by a newline; none for most events. */
void text_details_add(struct buf *buf, const struct event *event, size_t indent);

#endif
