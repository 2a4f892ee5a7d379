/*
 * What to ask, and from the answer's columns to a state. It knows those of sql/server.sql, sql/reading.sql and sql/state.sql; how
 * rows are packed is known to rows.c, and what follows from them is decided by the planner and the job.
 */
#include "work/reading.h"

#include <stdlib.h>
#include <string.h>

#include "rows.h"
#include "say.h"
#include "statements.h"
#include "text/template.h"

enum { OLDEST_SERVER = 130000, IDENTIFIER_MOST_BYTES = 1024, TEMPLATE_MOST_BYTES = 4096 };

void reading_init(struct reading *reading, const struct settings *settings, unsigned wishes)
{
    reading_finish(reading);
    *reading = (struct reading){ .settings = settings, .wishes = wishes, .server.lag = { -1, -1, -1 } };
    arena_init(&reading->arena);
}

void reading_finish(struct reading *reading)
{
    if (reading == NULL)
        return;
    reading->ledger = (struct ledger){ .exists = false };
    arena_finish(&reading->arena);
}

/* --- saying ----------------------------------------------------------------------------------------------------------- */

/* sql may be NULL: without memory for it the reading goes on with an empty query, and ends with the fault. */
static void set_sql(struct reading *reading, struct act *act, enum say what, const char *sql)
{
    if (sql == NULL)
        fault_out_of_memory(&reading->fault);
    act->kind = ACT_SQL;
    act->tag = (struct act_tag){ .what = what };
    act->sql = sql != NULL ? sql : "";
    act->sql_bytes = strlen(act->sql);
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

/* One of the queries for rows, with what stands for its table. Times are only for those who look at them. */
static const char *fill(struct reading *reading, const char *sql, const char *table)
{
    const struct template_word words[] = {
        { "ledger", table },
        { "log", table },
        { "full", reading->settings->command == COMMAND_STATUS ? "TRUE" : "FALSE" },
        { NULL, NULL },
    };
    struct buf text;
    buf_init(&text, TEMPLATE_MOST_BYTES);
    template_add(&text, sql, words);
    const char *filled = buf_ok(&text) ? arena_text(&reading->arena, buf_text(&text)) : NULL;
    buf_finish(&text);
    return filled;
}

static void say_all(struct reading *reading, struct act *act)
{
    reading->params[2] = fill(reading, sql_ledger_rows, "%s");
    reading->params[3] = fill(reading, sql_log_rows, "%s");
    if (reading->params[2] == NULL || reading->params[3] == NULL)
        fault_out_of_memory(&reading->fault);
    act->param_count = 4;
    set_sql(reading, act, SAY_STATE, sql_reading);
}

static void say_state(struct reading *reading, struct act *act)
{
    reading->params[0] = reading->settings->ledger_schema;
    reading->params[1] = reading->settings->ledger_table;
    act->params = reading->params;
    if (reading->stage == READING_WHY) {
        act->param_count = 2;
        set_sql(reading, act, SAY_STATE, sql_state);
    } else if (reading->wishes & READ_LEDGER) {
        say_all(reading, act);
    } else {
        set_sql(reading, act, SAY_STATE, sql_server);
    }
}

static void say(struct reading *reading, enum say what, struct act *act)
{
    switch (what) {
    case SAY_LISTEN:
        set_sql(reading, act, what, listen_sql(reading));
        break;
    case SAY_SLOTS:
        set_sql(reading, act, what, sql_slots);
        break;
    case SAY_LAG:
        set_sql(reading, act, what, sql_lag);
        break;
    case SAY_LEDGER_ROWS:
        set_sql(reading, act, what, fill(reading, sql_ledger_rows, reading->ledger.identifier));
        break;
    case SAY_LOG_ROWS:
        set_sql(reading, act, what, fill(reading, sql_log_rows, reading->ledger.log_identifier));
        break;
    case SAY_STATE:
        say_state(reading, act);
        break;
    default:
        *act = (struct act){ .kind = ACT_SYNC, .tag.what = SAY_SYNC };
        break;
    }
}

bool reading_say(struct reading *reading, struct act *act)
{
    static const struct {
        enum reading_stage stage;
        unsigned wish; /* 0: always */
        enum say what;
    } script[] = {
        { READING_FIRST, LISTEN_FIRST, SAY_LISTEN },
        { READING_FIRST, LISTEN_FIRST, SAY_SYNC }, /* only from its COMMIT on is anything heard */
        { READING_FIRST, READ_LAG, SAY_LAG },
        { READING_FIRST, READ_LAG, SAY_SYNC }, /* who may not ask this is told the rest */
        { READING_FIRST, READ_SLOTS, SAY_SLOTS },
        { READING_FIRST, 0, SAY_STATE },
        { READING_WHY, 0, SAY_STATE },
        { READING_ROWS, 0, SAY_LEDGER_ROWS },
        { READING_ROWS, READ_LOG, SAY_LOG_ROWS },
    };
    const size_t count = sizeof script / sizeof script[0];
    for (size_t next = reading->said; next < count; next++)
        if (script[next].stage == reading->stage && script[next].wish == (script[next].wish & reading->wishes)) {
            say(reading, script[next].what, act);
            reading->said = next + 1;
            return true;
        }
    return false;
}

/* --- hearing ---------------------------------------------------------------------------------------------------------- */

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

/* The columns of sql/server.sql; those of sql/reading.sql and sql/state.sql from there on; and those that each has for itself. */
enum {
    SERVER_PID,
    SERVER_IN_RECOVERY,
    SERVER_READ_ONLY,
    SERVER_VERSION_NUM,
    STATE_SCHEMA,
    STATE_LEDGER_EXISTS,
    STATE_LOG_EXISTS,
    STATE_LOG_IS_WRITABLE,
    STATE_SCHEMA_EXISTS,
    STATE_MAY_CREATE,
    STATE_STRINGS_CONFORM,
    STATE_COMMON_COUNT,
    ALL_LEDGER_ROWS = STATE_COMMON_COUNT,
    ALL_LOG_ROWS,
    STATE_LEDGER_COLUMNS = STATE_COMMON_COUNT,
    STATE_LEDGER_IS_OURS,
    STATE_LOG_IS_OURS,
    STATE_LOG_IS_READABLE,
};

static void hear_server(struct reading *reading, const struct row *row)
{
    struct server_state *server = &reading->server; /* parts of it may have been heard before */
    server->pid = to_int(row_text(row, SERVER_PID));
    server->in_recovery = is_true(row_text(row, SERVER_IN_RECOVERY));
    server->read_only = is_true(row_text(row, SERVER_READ_ONLY));
    server->version_num = to_int(row_text(row, SERVER_VERSION_NUM));
}

static void hear_common(struct reading *reading, const struct row *row)
{
    struct ledger *ledger = &reading->ledger;
    reading->server.strings_conform = is_true(row_text(row, STATE_STRINGS_CONFORM));
    ledger->exists = is_true(row_text(row, STATE_LEDGER_EXISTS));
    ledger->schema = keep(reading, row_text(row, STATE_SCHEMA));
    ledger->table = reading->settings->ledger_table;
    ledger->may_create = is_true(row_text(row, STATE_MAY_CREATE));
    reading->schema_exists = is_true(row_text(row, STATE_SCHEMA_EXISTS));
    reading->log_exists = is_true(row_text(row, STATE_LOG_EXISTS));
}

static void hear_ledger_rows(struct reading *reading, const char *text, bool is_xml)
{
    rows_of_ledger(&reading->ledger, &reading->arena, text, is_xml, &reading->fault);
}

static void hear_log_rows(struct reading *reading, const char *text, bool is_xml)
{
    rows_of_log(&reading->ledger, &reading->arena, text, is_xml, &reading->fault);
}

/* Queries that went well show that the tables are ours; a log that was not asked may not be read. */
static void hear_all(struct reading *reading, const struct row *row)
{
    const char *log_rows = row_text(row, ALL_LOG_ROWS);
    hear_common(reading, row);
    reading->log_is_ours = true;
    reading->ledger.has_log = log_rows != NULL && is_true(row_text(row, STATE_LOG_IS_WRITABLE));
    hear_ledger_rows(reading, row_text(row, ALL_LEDGER_ROWS), true);
    hear_log_rows(reading, log_rows, true);
}

static void hear_why(struct reading *reading, const struct row *row)
{
    struct ledger *ledger = &reading->ledger;
    hear_common(reading, row);
    reading->columns = keep(reading, row_text(row, STATE_LEDGER_COLUMNS));
    reading->is_foreign = ledger->exists && !is_true(row_text(row, STATE_LEDGER_IS_OURS));
    reading->log_is_ours = is_true(row_text(row, STATE_LOG_IS_OURS));
    bool may_read_log = reading->log_is_ours && is_true(row_text(row, STATE_LOG_IS_READABLE));
    if (may_read_log)
        reading->wishes |= READ_LOG;
    ledger->has_log = may_read_log && is_true(row_text(row, STATE_LOG_IS_WRITABLE));
}

static void hear_state(struct reading *reading, const struct row *row)
{
    hear_server(reading, row);
    if (reading->stage == READING_WHY)
        hear_why(reading, row);
    else if (reading->wishes & READ_LEDGER)
        hear_all(reading, row);
}

static int64_t to_position(const char *text)
{
    return text != NULL ? strtoll(text, NULL, 10) : -1;
}

static void hear_lag(struct server_state *server, const struct row *row)
{
    const char *identifier = row_text(row, 0);
    text_cut(server->system_identifier, sizeof server->system_identifier, identifier != NULL ? identifier : "");
    server->lag = (struct lag){ .replayed = to_position(row_text(row, 1)),
                                .primary = to_position(row_text(row, 2)),
                                .age_ms = to_position(row_text(row, 3)) };
}

void reading_hear_row(struct reading *reading, struct act_tag tag, const struct row *row)
{
    switch (tag.what) {
    case SAY_STATE:
        hear_state(reading, row);
        break;
    case SAY_LEDGER_ROWS:
        hear_ledger_rows(reading, row_text(row, 0), false);
        break;
    case SAY_LOG_ROWS:
        hear_log_rows(reading, row_text(row, 0), false);
        break;
    case SAY_LAG:
        hear_lag(&reading->server, row);
        break;
    case SAY_SLOTS:
        reading->server.is_crowded = is_true(row_text(row, 0));
        break;
    default:
        break;
    }
}

/* A server that does not understand our own queries will not learn to by being asked again; 42501 is among these. */
enum fault_class reading_error_class(const struct fault *error)
{
    bool is_for_good = strncmp(error->sqlstate, "42", 2) == 0 || strncmp(error->sqlstate, "0A", 2) == 0;
    return is_for_good ? FAULT_REFUSED : FAULT_NOT_READY;
}

void reading_hear_error(struct reading *reading, struct act_tag tag, const struct server_message *error)
{
    bool is_needed =
        tag.what != SAY_LISTEN && tag.what != SAY_LAG; /* who does not hear of it asks again; no lag is known then */
    if (fault_is_set(&reading->fault) || !is_needed)
        return;
    reading->fault = error->fault;
    reading->fault.context[0] = '\0'; /* it would only quote the query that reads the ledger */
    reading->fault.class = reading_error_class(&error->fault);
    reading_advise(reading->settings, &reading->fault);
}

void reading_advise(const struct settings *settings, struct fault *fault)
{
    if (strcmp(fault->sqlstate, "42501") == 0)
        fault_hint(fault, "pgusher has to read the ledger %s: GRANT SELECT on it to this role (and INSERT, to migrate).",
                   settings->ledger_table);
}

/* --- going on, and concluding ---------------------------------------------------------------------------------------- */

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

static void begin_stage(struct reading *reading, enum reading_stage stage)
{
    reading->stage = stage;
    reading->said = 0;
}

/* A table that is ours, and that the one statement could not read all the same: because there is no right, or no libxml. */
static bool asks_for_rows(struct reading *reading)
{
    if (fault_is_set(&reading->fault) || !reading->ledger.exists || reading->is_foreign)
        return false;
    begin_stage(reading, READING_ROWS);
    return name_tables(reading) || fault_out_of_memory(&reading->fault);
}

bool reading_goes_on(struct reading *reading)
{
    if (reading->stage == READING_WHY)
        return asks_for_rows(reading);
    if (reading->stage != READING_FIRST || !(reading->wishes & READ_LEDGER) || reading->fault.class != FAULT_REFUSED)
        return false;
    fault_clear(&reading->fault);
    begin_stage(reading, READING_WHY);
    return true;
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
    if (fault_is_set(&reading->fault)) {
        *fault = reading->fault;
        return false;
    }
    if (reading->server.version_num == 0)
        return fault_set(fault, FAULT_NOT_READY, "the server gave no answer to the first query");
    if (reading->server.version_num < OLDEST_SERVER)
        return refuse_old(reading, fault);
    if ((reading->wishes & READ_LEDGER) && !name_tables(reading))
        return fault_out_of_memory(fault);
    return !reading->is_foreign || refuse_foreign(reading, fault);
}
