/*
 * The program's own statements with the ledger's names filled in, once for a run. It knows which there are, not when they are said.
 */
#include <inttypes.h>

#include "apply_inside.h"
#include "statements.h"
#include "text/template.h"

enum { TEMPLATE_MOST_BYTES = 16 * 1024 };

static const char *fill(struct apply *apply, const char *sql)
{
    const struct ledger *ledger = &apply->reading->ledger;
    struct buf schema;
    struct buf text;
    buf_init(&schema, TEMPLATE_MOST_BYTES);
    buf_init(&text, TEMPLATE_MOST_BYTES);
    identifier_add(&schema, ledger->schema != NULL ? ledger->schema : "public");
    const struct template_word words[] = {
        { "schema", buf_text(&schema) },
        { "ledger", ledger->identifier },
        { "log", ledger->log_identifier },
        { "notify", apply->reading->server.may_notify ? ", pg_catalog.pg_notify($3, $1)" : "" },
        { NULL, NULL },
    };
    template_add(&text, sql, words);
    const char *filled = buf_ok(&schema) && buf_ok(&text) ? arena_text(&apply->arena, buf_text(&text)) : NULL;
    buf_finish(&schema);
    buf_finish(&text);
    return filled;
}

bool apply_fill_texts(struct apply *apply)
{
    struct texts *texts = &apply->texts;
    texts->lock_preparation = arena_format(&apply->arena, "SELECT pg_advisory_xact_lock(%s)", apply->key);
    texts->bound_preparation = arena_format(&apply->arena, "SET LOCAL lock_timeout = %" PRId64, apply_lock_wait_ms(apply));
    return texts->lock_preparation != NULL && texts->bound_preparation != NULL &&
           (texts->create_schema = fill(apply, sql_create_schema)) != NULL &&
           (texts->create_ledger = fill(apply, sql_create_ledger)) != NULL &&
           (texts->create_log = fill(apply, sql_create_log)) != NULL &&
           (texts->add_row = fill(apply, sql_add_row)) != NULL &&
           (texts->log_applied = fill(apply, sql_log_applied)) != NULL &&
           (texts->log_failed = fill(apply, sql_log_failed)) != NULL &&
           (texts->log_statement = fill(apply, sql_log_statement)) != NULL &&
           (texts->guard = fill(apply, sql_guard)) != NULL;
}

bool apply_makes_log(const struct apply *apply)
{
    return !apply->reading->log_exists && apply->reading->ledger.may_create;
}
