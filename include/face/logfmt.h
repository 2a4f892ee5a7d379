/* An event as one line of key=value pairs, in the order of face/json.h. docs/logs.md documents it. */
#ifndef PGUSHER_FACE_LOGFMT_H
#define PGUSHER_FACE_LOGFMT_H

#include "base/buf.h"
#include "base/event.h"

/* Ends with a newline. */
void logfmt_event_add(struct buf *buf, const struct event *event);

#endif
