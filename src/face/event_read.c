/*
 * What a missing field reads as. It does not know which fields an event should have.
 */
#include "face/event_read.h"

bool field_is_present(const struct field *field)
{
    return field->type == FIELD_TYPE_NUMBER || (field->text != NULL && *field->text != '\0');
}

const char *event_text(const struct event *event, enum field_key key)
{
    const struct field *field = event_field(event, key);
    bool is_text = field != NULL && field->type == FIELD_TYPE_TEXT && field_is_present(field);
    return is_text ? field->text : NULL;
}

int64_t event_number(const struct event *event, enum field_key key, int64_t otherwise)
{
    const struct field *field = event_field(event, key);
    return field != NULL && field->type == FIELD_TYPE_NUMBER ? field->number : otherwise;
}
