/* Reading an event's fields without asking for their presence first. */
#ifndef PGUSHER_FACE_EVENT_READ_H
#define PGUSHER_FACE_EVENT_READ_H

#include <stdbool.h>

#include "base/event.h"

/* False for a text field without text: it is left out everywhere. */
bool field_is_present(const struct field *field);

/* The field's text; NULL when it is absent, empty or a number. */
const char *event_text(const struct event *event, enum field_key key);

/* The field's number, or otherwise when it is absent or a text. */
int64_t event_number(const struct event *event, enum field_key key, int64_t otherwise);

#endif
