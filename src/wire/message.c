/*
 * A PGresult that carries an error or a notice, as plain values. This is as far up as a PGresult's fields go.
 */
#include <stdlib.h>

#include "session_inside.h"

static const char *field(const PGresult *result, int code)
{
    const char *value = PQresultErrorField(result, code);
    return value != NULL ? value : "";
}

/* An error that libpq itself made (the connection broke) has no fields, only its text. */
static void translate_text(struct fault *fault, const char *text)
{
    fault_set(fault, FAULT_MIGRATION, "%s", text);
    for (size_t size = 0; fault->what[size] != '\0'; size++)
        if (fault->what[size] == '\n')
            fault->what[size] = fault->what[size + 1] == '\0' ? '\0' : ' ';
}

void message_translate(struct server_message *message, const PGresult *result)
{
    *message = (struct server_message){ .position = 0 };
    const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (primary == NULL) {
        translate_text(&message->fault, PQresultErrorMessage(result));
        return;
    }
    fault_set(&message->fault, FAULT_MIGRATION, "%s", primary);
    fault_sqlstate(&message->fault, field(result, PG_DIAG_SQLSTATE));
    fault_detail(&message->fault, "%s", field(result, PG_DIAG_MESSAGE_DETAIL));
    fault_hint(&message->fault, "%s", field(result, PG_DIAG_MESSAGE_HINT));
    fault_context(&message->fault, "%s", field(result, PG_DIAG_CONTEXT));
    text_cut(message->severity, sizeof message->severity, field(result, PG_DIAG_SEVERITY_NONLOCALIZED));
    message->position = atol(field(result, PG_DIAG_STATEMENT_POSITION));
    message->internal_position = atol(field(result, PG_DIAG_INTERNAL_POSITION));
    text_cut(message->internal_query, sizeof message->internal_query, field(result, PG_DIAG_INTERNAL_QUERY));
}
