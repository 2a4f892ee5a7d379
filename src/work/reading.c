/*
 * From rows to a ledger. It knows the columns of sql/state.sql, sql/rows.sql and sql/progress.sql; what follows from them is
 * decided by the planner and the job.
 */
#include "work/reading.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "say.h"
#include "statements.h"
#include "text/template.h"

enum { OLDEST_SERVER = 130000, IDENTIFIER_MOST_BYTES = 1024 };

void reading_init(struct reading *reading, const struct settings *settings, unsigned wishes)
{
    reading_finish(reading);
    *reading = (struct reading){ .settings = settings, .wishes = wishes };
    arena_init(&reading->arena);
}

void reading_finish(struct reading *reading)
{
    if (reading == NULL)
        return;
    memory_free(reading->ledger.rows);
    memory_free(reading->ledger.progress);
    reading->ledger = (struct ledger){ .exists = false };
    arena_finish(&reading->arena);
}

/* --- saying ----------------------------------------------------------------------------------------------------------- */

static void set_sql(struct act *act, enum say what, const char *sql)
{
    act->kind = ACT_SQL;
    act->tag = (struct act_tag){ .what = what };
    act->sql = sql;
    act->sql_bytes = strlen(sql);
}

/* The channel is the table's name alone: the schema is known only when the ledger was read, and that has to come after it. */
static const char *listen_sql(struct reading *reading)
{
    struct buf sql;
    buf_init(&sql, IDENTIFIER_MOST_BYTES);
    buf_add_text(&sql, "LISTEN ");
    identifier_add(&sql, reading->settings->ledger_table);
    const char *kept = buf_ok(&sql) ? arena_text(&reading->arena, buf_text(&sql)) : NULL;
    buf_finish(&sql);
    return kept;
}

/* Without memory for it the reading goes on, and ends with the fault. */
static void say_listen(struct reading *reading, struct act *act)
{
    const char *sql = listen_sql(reading);
    if (sql == NULL)
        fault_out_of_memory(&reading->fault);
    set_sql(act, SAY_LISTEN, sql != NULL ? sql : "");
}

static void say_query(struct reading *reading, struct act *act, enum say what, const char *sql, int param_count)
{
    static const char *params[2];
    params[0] = reading->settings->ledger_schema;
    params[1] = reading->settings->ledger_table;
    set_sql(act, what, sql);
    act->params = params;
    act->param_count = param_count;
}

bool reading_say(struct reading *reading, struct act *act)
{
    static const struct {
        unsigned wish; /* 0: always */
        enum say what;
        const char *sql;
        int param_count;
    } script[] = {
        { LISTEN_FIRST, SAY_LISTEN, NULL, 0 },
        { LISTEN_FIRST, SAY_SYNC, NULL, 0 }, /* only from its COMMIT on is anything heard */
        { 0, SAY_STATE, sql_state, 2 },
        { READ_LEDGER, SAY_ROWS, sql_rows, 2 },
        { READ_LEDGER, SAY_PROGRESS, sql_progress, 2 },
        { READ_SLOTS, SAY_SLOTS, sql_slots, 0 },
    };
    const size_t count = sizeof script / sizeof script[0];
    while (reading->said < count && script[reading->said].wish != (script[reading->said].wish & reading->wishes))
        reading->said++;
    if (reading->said == count)
        return false;
    size_t next = reading->said++;
    if (script[next].what == SAY_LISTEN)
        say_listen(reading, act);
    else if (script[next].what == SAY_SYNC)
        *act = (struct act){ .kind = ACT_SYNC, .tag.what = SAY_SYNC };
    else
        say_query(reading, act, script[next].what, script[next].sql, script[next].param_count);
    return true;
}

/* --- hearing ---------------------------------------------------------------------------------------------------------- */

static void *add_element(void *array, size_t count, size_t *room, size_t element_bytes)
{
    if (count < *room)
        return array;
    size_t more = *room > 0 ? *room * 2 : 64;
    void *grown = memory_realloc(array, more * element_bytes);
    if (grown != NULL)
        *room = more;
    return grown;
}

static const char *keep(struct reading *reading, const char *text)
{
    const char *kept = arena_text(&reading->arena, text);
    if (text != NULL && kept == NULL)
        fault_out_of_memory(&reading->fault);
    return kept;
}

static bool is_true(const char *text)
{
    return text != NULL && text[0] == 't';
}

static int to_int(const char *text)
{
    return text != NULL ? atoi(text) : 0;
}

/* The columns of sql/state.sql, in their order. */
enum {
    STATE_PID,
    STATE_IN_RECOVERY,
    STATE_READ_ONLY,
    STATE_VERSION_NUM,
    STATE_SCHEMA,
    STATE_LEDGER_EXISTS,
    STATE_LEDGER_COLUMNS,
    STATE_LEDGER_IS_OURS,
    STATE_LOG_EXISTS,
    STATE_LOG_IS_OURS,
    STATE_LOG_IS_READABLE,
    STATE_LOG_IS_WRITABLE,
    STATE_SCHEMA_EXISTS,
    STATE_MAY_CREATE,
    STATE_STRINGS_CONFORM,
};

static void hear_state(struct reading *reading, const struct row *row)
{
    struct ledger *ledger = &reading->ledger;
    reading->server = (struct server_state){
        .checks_client = reading->server.checks_client, /* it was heard before */
        .pid = to_int(row_text(row, STATE_PID)),
        .in_recovery = is_true(row_text(row, STATE_IN_RECOVERY)),
        .read_only = is_true(row_text(row, STATE_READ_ONLY)),
        .version_num = to_int(row_text(row, STATE_VERSION_NUM)),
        .strings_conform = is_true(row_text(row, STATE_STRINGS_CONFORM)),
    };
    ledger->exists = is_true(row_text(row, STATE_LEDGER_EXISTS));
    ledger->schema = keep(reading, row_text(row, STATE_SCHEMA));
    ledger->table = reading->settings->ledger_table;
    ledger->may_create = is_true(row_text(row, STATE_MAY_CREATE));
    reading->columns = keep(reading, row_text(row, STATE_LEDGER_COLUMNS));
    reading->is_foreign = ledger->exists && !is_true(row_text(row, STATE_LEDGER_IS_OURS));
    reading->schema_exists = is_true(row_text(row, STATE_SCHEMA_EXISTS));
    reading->log_exists = is_true(row_text(row, STATE_LOG_EXISTS));
    reading->log_is_ours = is_true(row_text(row, STATE_LOG_IS_OURS));
    ledger->has_log = reading->log_is_ours && is_true(row_text(row, STATE_LOG_IS_READABLE)) &&
                      is_true(row_text(row, STATE_LOG_IS_WRITABLE));
}

static void hear_ledger_row(struct reading *reading, const struct row *row)
{
    struct ledger *ledger = &reading->ledger;
    void *rows = add_element(ledger->rows, ledger->row_count, &reading->row_room, sizeof *ledger->rows);
    if (rows == NULL) {
        fault_out_of_memory(&reading->fault);
        return;
    }
    ledger->rows = rows;
    const char *duration = row_text(row, 3);
    ledger->rows[ledger->row_count++] = (struct ledger_row){
        .migration_name = keep(reading, row_text(row, 0)),
        .applied_at = keep(reading, row_text(row, 1)),
        .checksum = keep(reading, row_text(row, 2)),
        .duration_us = duration != NULL ? strtoll(duration, NULL, 10) : -1,
    };
}

static enum progress_state read_progress_state(const char *event)
{
    if (event != NULL && strcmp(event, "done") == 0)
        return PROGRESS_DONE;
    return event != NULL && strcmp(event, "failed") == 0 ? PROGRESS_FAILED : PROGRESS_STARTED;
}

static void hear_progress_row(struct reading *reading, const struct row *row)
{
    struct ledger *ledger = &reading->ledger;
    void *rows = add_element(ledger->progress, ledger->progress_count, &reading->progress_room, sizeof *ledger->progress);
    if (rows == NULL) {
        fault_out_of_memory(&reading->fault);
        return;
    }
    ledger->progress = rows;
    ledger->progress[ledger->progress_count++] = (struct progress_row){
        .migration_name = keep(reading, row_text(row, 0)),
        .statement = to_int(row_text(row, 1)),
        .state = read_progress_state(row_text(row, 2)),
        .checksum = keep(reading, row_text(row, 3)),
    };
}

void reading_hear_row(struct reading *reading, struct act_tag tag, const struct row *row)
{
    switch (tag.what) {
    case SAY_STATE:
        hear_state(reading, row);
        break;
    case SAY_ROWS:
        hear_ledger_row(reading, row);
        break;
    case SAY_PROGRESS:
        hear_progress_row(reading, row);
        break;
    case SAY_SLOTS:
        reading->server.is_crowded = is_true(row_text(row, 0));
        break;
    default:
        break;
    }
}

/* A server that does not understand our own queries will not learn to by being asked again. */
static bool is_for_good(const char *sqlstate)
{
    return strncmp(sqlstate, "42", 2) == 0 || strncmp(sqlstate, "0A", 2) == 0;
}

void reading_hear_error(struct reading *reading, struct act_tag tag, const struct server_message *error)
{
    if (fault_is_set(&reading->fault) || tag.what == SAY_LISTEN) /* who does not hear of it asks again */
        return;
    reading->fault = error->fault;
    reading->fault.context[0] = '\0'; /* it would only quote the query that reads the ledger */
    bool no_right = strcmp(error->fault.sqlstate, "42501") == 0;
    reading->fault.class = no_right || is_for_good(error->fault.sqlstate) ? FAULT_REFUSED : FAULT_NOT_READY;
    if (no_right)
        fault_hint(&reading->fault,
                   "pgusher has to read the ledger %s: GRANT SELECT on it to this role (and INSERT, to migrate).",
                   reading->settings->ledger_table);
}

/* --- concluding ------------------------------------------------------------------------------------------------------- */

static int compare_rows(const void *one, const void *other)
{
    const struct ledger_row *a = one;
    const struct ledger_row *b = other;
    return strcmp(a->migration_name, b->migration_name);
}

static int compare_progress(const void *one, const void *other)
{
    const struct progress_row *a = one;
    const struct progress_row *b = other;
    int order = strcmp(a->migration_name, b->migration_name);
    return order != 0 ? order : (a->statement > b->statement) - (a->statement < b->statement);
}

static const char *quote(struct reading *reading, const char *schema, const char *table)
{
    struct buf buf;
    buf_init(&buf, IDENTIFIER_MOST_BYTES);
    identifier_add(&buf, schema);
    buf_add_char(&buf, '.');
    identifier_add(&buf, table);
    const char *quoted = buf_ok(&buf) ? arena_text(&reading->arena, buf_text(&buf)) : NULL;
    buf_finish(&buf);
    return quoted;
}

static bool name_tables(struct reading *reading)
{
    struct ledger *ledger = &reading->ledger;
    const char *schema = ledger->schema;
    if (schema == NULL)
        schema = "public"; /* no schema on the search_path exists: creating the table will say so */
    const char *log = arena_format(&reading->arena, "%s_log", ledger->table);
    if (log == NULL)
        return false;
    ledger->name = arena_format(&reading->arena, "%s.%s", schema, ledger->table);
    ledger->identifier = quote(reading, schema, ledger->table);
    ledger->log_identifier = quote(reading, schema, log);
    return ledger->name != NULL && ledger->identifier != NULL && ledger->log_identifier != NULL;
}

static bool refuse_foreign(const struct reading *reading, struct fault *fault)
{
    fault_set(fault, FAULT_CONFIG, "the table %s is not a ledger of migrations: it belongs to another program",
              reading->ledger.name);
    fault_detail(fault, "Its columns are %s; a ledger has migration_name and applied_at.", reading->columns);
    fault_hint(fault, "Choose another name with --ledger (or PGUSHER_LEDGER), for example --ledger pgusher_migrations.");
    return false;
}

static bool refuse_old(const struct reading *reading, struct fault *fault)
{
    return fault_set(fault, FAULT_REFUSED, "the server is PostgreSQL %d; pgusher needs 13 or newer",
                     reading->server.version_num / 10000);
}

bool reading_conclude(struct reading *reading, struct fault *fault)
{
    struct ledger *ledger = &reading->ledger;
    if (fault_is_set(&reading->fault)) {
        *fault = reading->fault;
        return false;
    }
    if (reading->server.version_num == 0)
        return fault_set(fault, FAULT_NOT_READY, "the server gave no answer to the first query");
    if (reading->server.version_num < OLDEST_SERVER)
        return refuse_old(reading, fault);
    if (!name_tables(reading))
        return fault_out_of_memory(fault);
    if (reading->is_foreign && (reading->wishes & READ_LEDGER))
        return refuse_foreign(reading, fault);
    if (ledger->row_count > 0)
        qsort(ledger->rows, ledger->row_count, sizeof *ledger->rows, compare_rows);
    if (ledger->progress_count > 0)
        qsort(ledger->progress, ledger->progress_count, sizeof *ledger->progress, compare_progress);
    return true;
}
