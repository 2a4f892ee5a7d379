/*
 * How the tests of this folder run pgusher and read what it said. It knows the form of a JSON log's line, not what should be in it.
 */
#include "up.h"

#include <stdlib.h>

#include "support/fixture.h"
#include "support/log_schema.h"

enum { MOST_WORDS = 40 };

static struct bytes all_logs;

/* --- fixtures --- */

int up_start(void **state)
{
    return start_cluster(state);
}

int up_stop(void **state)
{
    bytes_finish(&all_logs);
    return stop_cluster(state);
}

int up_clean(void **state)
{
    (void) state;
    run_end_all();
    return 0;
}

void test_logs__every_line_is_as_the_schema_says(void **state)
{
    (void) state;
    if (all_logs.size > 0)
        assert_log_is_valid(all_logs.at);
}

const char *up_database(const char *hint)
{
    return cluster_create_database(cluster, hint);
}

/* --- runs --- */

struct words {
    const char *list[MOST_WORDS + 1];
    size_t count;
};

static void add(struct words *words, const char *word)
{
    must(words->count < MOST_WORDS, "too many words for one run");
    words->list[words->count++] = word;
}

static void add_all(struct words *words, const char *const *more)
{
    for (; more != NULL && *more != NULL; more++)
        add(words, *more);
}

static bool is_set(const char *const *variables, const char *beginning)
{
    for (; variables != NULL && *variables != NULL; variables++)
        if (strncmp(*variables, beginning, strlen(beginning)) == 0)
            return true;
    return false;
}

static void fill_environment(struct words *words, const struct up *up)
{
    if (up->database != NULL) {
        add(words, "PGHOST=127.0.0.1");
        add(words, must_format("PGPORT=%d", up->port != 0 ? up->port : cluster_port(cluster)));
        add(words, must_format("PGUSER=%s", up->role != NULL ? up->role : "postgres"));
        add(words, must_format("PGDATABASE=%s", up->database));
    }
    if (!is_set(up->environment, "PGUSHER_LOG_FORMAT="))
        add(words, "PGUSHER_LOG_FORMAT=json");
    add_all(words, up->environment);
}

struct run *up_begin(const struct up *up)
{
    struct words arguments = { .count = 0 };
    struct words environment = { .count = 0 };
    add(&arguments, up->command != NULL ? up->command : "up");
    if (up->migrations != NULL)
        add(&arguments, "--migrations");
    if (up->migrations != NULL)
        add(&arguments, up->migrations);
    add_all(&arguments, up->arguments);
    fill_environment(&environment, up);
    return run_begin(&(struct run_spec){ .arguments = arguments.list,
                                         .environment = environment.list,
                                         .folder = up->folder,
                                         .hosts = up->hosts,
                                         .unprivileged = up->unprivileged,
                                         .terminal = up->terminal,
                                         .output_closed = up->output_closed });
}

/* Which of the two streams is a JSON log shows in its first bytes. */
static void keep_log(const char *text)
{
    if (strncmp(text, "{\"ts\":", 6) == 0)
        bytes_add(&all_logs, text, strlen(text));
}

struct run_result up_end(struct run *run, int exit_code)
{
    struct run_result result = run_end(run);
    if (result.exit_code != exit_code)
        must_fail(__FILE__, __LINE__, "exit code %d (signal %d), and not %d\n--- stderr ---\n%s\n--- stdout ---\n%s",
                  result.exit_code, result.signal, exit_code, result.errors, result.output);
    keep_log(result.output);
    keep_log(result.errors);
    return result;
}

struct run_result up_run(const struct up *up, int exit_code)
{
    return up_end(up_begin(up), exit_code);
}

struct run_result up_stop_run(struct run *run, int signal_number)
{
    enum { SOON_US = 20 * 1000 * 1000 };
    run_signal(run, signal_number);
    struct run_result result = up_end(run, 128 + signal_number);
    assert_true(result.duration_us < SOON_US);
    assert_contains(event_line(result.output, "stopping"), must_format("\"SIG%s\"", sigabbrev_np(signal_number)));
    assert_contains(event_line(result.output, "finished"), "\"outcome\":\"signal\"");
    return result;
}

struct run_result up_stop_confirmed(struct run *run, int signal_number)
{
    struct run_result result = up_stop_run(run, signal_number);
    if (event_count(result.output, "stop_unconfirmed") > 0)
        fail_msg("the server was not seen to stop:\n%s", result.output);
    return result;
}

const char *up_failure(const struct up *up, int exit_code)
{
    struct run_result result = up_run(up, exit_code);
    return must_format("%s%s", result.output, result.errors);
}

long up_memory_limit_kb(long limit_kb)
{
#if defined(__SANITIZE_ADDRESS__)
    return limit_kb * 8 + 512 * 1024; /* what was freed is kept for a while */
#else
    return limit_kb;
#endif
}

/* --- the database --- */

long sql_number(const char *database, const char *sql)
{
    return strtol(cluster_sql(cluster, database, sql), NULL, 10);
}

void expect_sql(const char *database, const char *sql, const char *answer)
{
    const char *given = cluster_sql(cluster, database, sql);
    if (strcmp(given, answer) != 0)
        fail_msg("%s\nanswers: %s\nand not: %s", sql, given, answer);
}

const char *ledger_names(const char *database)
{
    return cluster_sql(
        cluster, database,
        "SELECT string_agg(migration_name, ',' ORDER BY migration_name COLLATE \"C\") FROM schema_migrations");
}

void wait_until(const char *database, const char *condition)
{
    cluster_wait_until(cluster, database, condition);
}

/* --- the log --- */

static const char *find_event(const char *log, const char *event)
{
    return strstr(log, must_format("\"event\":\"%s\"", event));
}

int event_count(const char *log, const char *event)
{
    int count = 0;
    while ((log = find_event(log, event)) != NULL) {
        log++;
        count++;
    }
    return count;
}

static const char *line_around(const char *log, const char *at)
{
    const char *begin = at;
    while (begin > log && begin[-1] != '\n')
        begin--;
    return must_keep(begin, strcspn(begin, "\n"));
}

const char *event_line_with(const char *log, const char *event, const char *text)
{
    for (const char *at = log; (at = find_event(at, event)) != NULL; at++) {
        const char *line = line_around(log, at);
        if (strstr(line, text) != NULL)
            return line;
    }
    fail_msg("no event %s with \"%s\" in:\n%s", event, text, log);
    return NULL;
}

const char *event_line(const char *log, const char *event)
{
    return event_line_with(log, event, "");
}

const char *up_checksum(const char *text)
{
    return cluster_sql(cluster, NULL, must_format("SELECT encode(sha256($sql$%s$sql$::bytea), 'hex')", text));
}

void up_leave_started(const char *database, const char *migration, const char *statement)
{
    cluster_sql(cluster, database,
                must_format("INSERT INTO schema_migrations_log (migration_name, event, statement, checksum) "
                            "VALUES ('%s', 'started', 1, '%s')",
                            migration, up_checksum(statement)));
}
