/* An event as one line of JSON: ts, level, phase, event, target, its own fields, msg. docs/logs.md documents it. */
#ifndef PGUSHER_FACE_JSON_H
#define PGUSHER_FACE_JSON_H

#include "base/buf.h"
#include "base/event.h"

/* Ends with a newline. */
void json_event_add(struct buf *buf, const struct event *event);

#endif
