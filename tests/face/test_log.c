/* The sink itself, on pipes and on a pseudo-terminal of its own. */
#include "rendered.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/interrupt.h"
#include "base/memory.h"
#include "event_samples.h"
#include "face/log.h"

struct wire {
    int reader;
    int writer;
    char text[64 * 1024];
};

static struct wire wire;

static int open_pipe(void **state)
{
    (void) state;
    int ends[2];
    if (pipe(ends) != 0)
        return -1;
    wire.reader = ends[0];
    wire.writer = ends[1];
    return fcntl(wire.reader, F_SETFL, O_NONBLOCK);
}

static int open_terminal(void **state)
{
    (void) state;
    wire.reader = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (wire.reader < 0 || grantpt(wire.reader) != 0 || unlockpt(wire.reader) != 0)
        return -1;
    wire.writer = open(ptsname(wire.reader), O_RDWR | O_NOCTTY);
    struct winsize size = { .ws_row = 24, .ws_col = 40 };
    return wire.writer < 0 ? -1 : ioctl(wire.writer, TIOCSWINSZ, &size);
}

static int close_both(void **state)
{
    (void) state;
    close(wire.reader);
    close(wire.writer);
    return 0;
}

/* What was written since the last call; the reading end does not block. */
static const char *written(void)
{
    size_t size = 0;
    ssize_t got;
    while ((got = read(wire.reader, wire.text + size, sizeof wire.text - 1 - size)) > 0)
        size += (size_t) got;
    wire.text[size] = '\0';
    return wire.text;
}

static void note(struct log *log, enum event_kind kind)
{
    struct event event = sample_full(kind);
    log_event(log, &event);
}

static void test_log__auto_is_logfmt_in_a_pipe(void **state)
{
    (void) state;
    struct log log;
    log_init(&log, wire.writer, LOG_FORMAT_AUTO, LEVEL_INFO, LOOK_COLOUR);
    note(&log, EVENT_STOPPING);
    assert_string_equal(written(), "ts=2026-01-31T12:00:00.123456Z level=warn phase=finish event=stopping target=db:5432 "
                                   "signal=SIGTERM run=kqwzpt msg=\"SIGTERM: stopping\"\n");
    log_finish(&log);
}

static void test_log__writes_the_format_it_was_asked_for(void **state)
{
    (void) state;
    struct log log;
    log_init(&log, wire.writer, LOG_FORMAT_JSON, LEVEL_INFO, LOOK_COLOUR);
    note(&log, EVENT_STOPPING);
    assert_int_equal(written()[0], '{');
    log_finish(&log);
    log_init(&log, wire.writer, LOG_FORMAT_TEXT, LEVEL_INFO, LOOK_COLOUR);
    note(&log, EVENT_STOPPING);
    assert_string_equal(written(), "12:00:00.123  warn   SIGTERM: stopping\n");
    log_finish(&log);
}

static void test_log__leaves_out_what_is_below_its_level(void **state)
{
    (void) state;
    struct log log;
    log_init(&log, wire.writer, LOG_FORMAT_TEXT, LEVEL_WARN, LOOK_COLOUR);
    assert_int_equal(log_threshold(&log), LEVEL_WARN);
    note(&log, EVENT_STARTED);
    assert_string_equal(written(), "");
    note(&log, EVENT_STOPPING);
    assert_string_not_equal(written(), "");
    log_finish(&log);
}

static void test_log__a_pipe_never_sees_colour_or_a_live_line(void **state)
{
    (void) state;
    struct log log;
    log_init(&log, wire.writer, LOG_FORMAT_TEXT, LEVEL_DEBUG, LOOK_COLOUR);
    for (int kind = 0; kind < EVENT_COUNT; kind++) {
        note(&log, (enum event_kind) kind);
        assert_false(log_wants_ticks(&log));
        log_tick(&log);
    }
    const char *text = written();
    assert_lacks(text, "\033");
    assert_lacks(text, "\r");
    log_finish(&log);
}

static void test_log__a_reader_that_went_away_is_remembered(void **state)
{
    (void) state;
    signal(SIGPIPE, SIG_IGN);
    close(wire.reader);
    struct log log;
    log_init(&log, wire.writer, LOG_FORMAT_JSON, LEVEL_INFO, LOOK_COLOUR);
    note(&log, EVENT_STOPPING);
    assert_true(log.broken);
    note(&log, EVENT_FINISHED);
    log_finish(&log);
    wire.reader = dup(wire.writer);
}

static void fill_pipe(void)
{
    static const char dust[4096];
    fcntl(wire.writer, F_SETFL, O_NONBLOCK);
    while (write(wire.writer, dust, sizeof dust) > 0)
        continue;
    assert_int_equal(errno, EAGAIN);
}

/* Reads to the end in a process of its own, which succeeds when the last thing it read was that line. */
static pid_t start_reader(const char *last_line)
{
    pid_t child = fork();
    if (child != 0)
        return child;
    close(wire.writer);
    fcntl(wire.reader, F_SETFL, 0);
    char tail[4096] = "";
    size_t kept = strlen(last_line);
    size_t size = 0;
    char byte;
    while (read(wire.reader, &byte, 1) == 1) {
        memmove(tail, tail + 1, kept - 1);
        tail[kept - 1] = byte;
        size++;
    }
    _exit(size > kept && memcmp(tail, last_line, kept) == 0 ? 0 : 1);
}

static void test_log__a_full_pipe_that_does_not_block_is_waited_for(void **state)
{
    (void) state;
    struct log log;
    log_init(&log, wire.writer, LOG_FORMAT_TEXT, LEVEL_INFO, LOOK_COLOUR);
    fill_pipe();
    pid_t reader = start_reader("12:00:00.123  warn   SIGTERM: stopping\n");
    note(&log, EVENT_STOPPING);
    assert_false(log.broken);
    log_finish(&log);
    close(wire.writer);
    int status = -1;
    assert_int_equal(waitpid(reader, &status, 0), reader);
    assert_int_equal(status, 0);
    wire.writer = dup(wire.reader);
}

enum { TWO_PIECES = 2 * PIPE_BUF };

/* Nobody reads, and a signal has come: of a line that is longer than the pipe only the beginning is written. */
static struct log with_a_torn_line(void)
{
    enum { LONGER_THAN_THE_PIPE = 9000 };
    static char words[LONGER_THAN_THE_PIPE];
    struct log log;
    assert_int_equal(fcntl(wire.writer, F_SETPIPE_SZ, TWO_PIECES), TWO_PIECES);
    log_init(&log, wire.writer, LOG_FORMAT_LOGFMT, LEVEL_INFO, LOOK_COLOUR);
    log.hurried = true;
    memset(words, 'x', sizeof words - 1);
    struct event event = sample_full(EVENT_STOPPING);
    event.msg = words;
    log_event(&log, &event);
    return log;
}

static void test_log__the_line_after_a_torn_one_is_a_line_of_its_own(void **state)
{
    (void) state;
    struct log log = with_a_torn_line();
    note(&log, EVENT_STOPPING); /* there is no room for it */
    assert_int_equal(strlen(written()), TWO_PIECES);
    note(&log, EVENT_STOPPING);
    const char *text = written();
    assert_memory_equal(text, "\nts=", 4);
    assert_ptr_equal(strchr(text + 1, '\n'), text + strlen(text) - 1);
    log_finish(&log);
    assert_string_equal(written(), "");
}

static void test_log__a_torn_line_is_ended_at_the_end(void **state)
{
    (void) state;
    struct log log = with_a_torn_line();
    assert_int_equal(strlen(written()), TWO_PIECES);
    log_finish(&log);
    assert_string_equal(written(), "\n");
}

/* It came while the loop turned, and not within the wait for room. */
static void test_log__a_full_pipe_is_not_waited_for_once_a_signal_has_come(void **state)
{
    (void) state;
    struct log log;
    log_init(&log, wire.writer, LOG_FORMAT_LOGFMT, LEVEL_INFO, LOOK_COLOUR);
    fill_pipe();
    fcntl(wire.writer, F_SETFL, 0);
    interrupt_note(SIGTERM);
    note(&log, EVENT_STOPPING);
    interrupt_forget();
    assert_lacks(written(), "stopping");
    assert_true(log.hurried);
    log_finish(&log);
}

static bool note_starved(long nth)
{
    struct log log;
    log_init(&log, wire.writer, LOG_FORMAT_JSON, LEVEL_INFO, LOOK_COLOUR);
    memory_fail_at(nth);
    note(&log, EVENT_MIGRATION_FAILED);
    bool starved = memory_count() >= nth;
    memory_fail_at(0);
    if (starved)
        assert_string_equal(written(), "");
    note(&log, EVENT_STOPPING);
    assert_contains(written(), "\"event\":\"stopping\"");
    log_finish(&log);
    return starved;
}

static void test_log__without_memory_a_line_is_lost_and_the_next_is_written(void **state)
{
    (void) state;
    long nth = 1;
    while (note_starved(nth))
        nth++;
    assert_true(nth > 1);
}

static struct log on_terminal(enum level level, enum look look)
{
    struct log log;
    log_init(&log, wire.writer, LOG_FORMAT_AUTO, level, look);
    return log;
}

static void test_log__a_terminal_shows_a_live_line_for_events_too_quiet_to_print(void **state)
{
    (void) state;
    struct log log = on_terminal(LEVEL_INFO, LOOK_MONOCHROME);
    assert_int_equal(log_threshold(&log), LEVEL_DEBUG);
    note(&log, EVENT_MIGRATION_STARTED);
    assert_string_equal(written(), "");
    assert_true(log_wants_ticks(&log));
    log_tick(&log);
    assert_contains(written(), "applying 002_add_characters.sql");
    note(&log, EVENT_NOTICE);
    const char *text = written();
    assert_memory_equal(text, "\r\033[K", 4);
    assert_contains(text, "relation");
    assert_contains(text, "applying 002_add_characters.sql");
    note(&log, EVENT_MIGRATION_APPLIED);
    assert_string_equal(written(), "\r\033[K\xE2\x9C\x93 002_add_characters.sql           12 ms\r\n");
    assert_false(log_wants_ticks(&log));
    log_finish(&log);
    assert_string_equal(written(), "");
}

static void test_log__the_end_leaves_a_terminal_clean(void **state)
{
    (void) state;
    struct log log = on_terminal(LEVEL_INFO, LOOK_COLOUR);
    note(&log, EVENT_WAIT_STARTED);
    log_tick(&log);
    written();
    log_finish(&log);
    assert_string_equal(written(), "\r\033[K");
}

static void test_log__a_quiet_end_of_what_took_time_takes_the_live_line_away(void **state)
{
    (void) state;
    struct log log = on_terminal(LEVEL_ERROR, LOOK_COLOUR);
    note(&log, EVENT_WAIT_STARTED);
    log_tick(&log);
    written();
    note(&log, EVENT_READY);
    assert_string_equal(written(), "\r\033[K");
    log_finish(&log);
}

static void test_log__the_same_attempt_over_and_over_is_one_line_on_a_terminal(void **state)
{
    (void) state;
    struct log log = on_terminal(LEVEL_INFO, LOOK_MONOCHROME);
    note(&log, EVENT_WAIT_STARTED);
    note(&log, EVENT_ATTEMPT_FAILED);
    assert_contains(written(), "! attempt 3 of 60");
    note(&log, EVENT_ATTEMPT_FAILED);
    assert_string_equal(written(), "");
    log_finish(&log);
}

static void test_log__who_asks_for_debug_sees_everything_on_a_terminal(void **state)
{
    (void) state;
    struct log log = on_terminal(LEVEL_DEBUG, LOOK_MONOCHROME);
    note(&log, EVENT_WAIT_STARTED);
    assert_contains(written(), "waiting for login, 60 attempts of 2 s\r\n");
    log_finish(&log);
}

static void test_log__a_dumb_terminal_is_written_to_like_a_pipe(void **state)
{
    (void) state;
    struct log log = on_terminal(LEVEL_INFO, LOOK_DUMB);
    note(&log, EVENT_MIGRATION_STARTED);
    assert_false(log_wants_ticks(&log));
    note(&log, EVENT_STOPPING);
    assert_string_equal(written(), "12:00:00.123  warn   SIGTERM: stopping\r\n");
    log_finish(&log);
}

static void test_log__colour_is_for_terminals_that_want_it(void **state)
{
    (void) state;
    struct log log = on_terminal(LEVEL_INFO, LOOK_MONOCHROME);
    note(&log, EVENT_READY);
    assert_lacks(written(), "\033[3");
    log_finish(&log);
    log = on_terminal(LEVEL_INFO, LOOK_COLOUR);
    note(&log, EVENT_READY);
    assert_contains(written(), "\033[32m");
    log_finish(&log);
}

static void test_log__machines_forms_stay_plain_on_a_terminal(void **state)
{
    (void) state;
    struct log log;
    log_init(&log, wire.writer, LOG_FORMAT_JSON, LEVEL_INFO, LOOK_COLOUR);
    note(&log, EVENT_WAIT_STARTED);
    assert_int_equal(written()[0], '{');
    assert_false(log_wants_ticks(&log));
    log_finish(&log);
}

#define ON_PIPE(test)     cmocka_unit_test_setup_teardown(test, open_pipe, close_both)
#define ON_TERMINAL(test) cmocka_unit_test_setup_teardown(test, open_terminal, close_both)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_PIPE(test_log__auto_is_logfmt_in_a_pipe),
        ON_PIPE(test_log__writes_the_format_it_was_asked_for),
        ON_PIPE(test_log__leaves_out_what_is_below_its_level),
        ON_PIPE(test_log__a_pipe_never_sees_colour_or_a_live_line),
        ON_PIPE(test_log__a_reader_that_went_away_is_remembered),
        ON_PIPE(test_log__a_full_pipe_that_does_not_block_is_waited_for),
        ON_PIPE(test_log__the_line_after_a_torn_one_is_a_line_of_its_own),
        ON_PIPE(test_log__a_torn_line_is_ended_at_the_end),
        ON_PIPE(test_log__a_full_pipe_is_not_waited_for_once_a_signal_has_come),
        ON_PIPE(test_log__without_memory_a_line_is_lost_and_the_next_is_written),
        ON_TERMINAL(test_log__a_terminal_shows_a_live_line_for_events_too_quiet_to_print),
        ON_TERMINAL(test_log__the_end_leaves_a_terminal_clean),
        ON_TERMINAL(test_log__a_quiet_end_of_what_took_time_takes_the_live_line_away),
        ON_TERMINAL(test_log__the_same_attempt_over_and_over_is_one_line_on_a_terminal),
        ON_TERMINAL(test_log__who_asks_for_debug_sees_everything_on_a_terminal),
        ON_TERMINAL(test_log__a_dumb_terminal_is_written_to_like_a_pipe),
        ON_TERMINAL(test_log__colour_is_for_terminals_that_want_it),
        ON_TERMINAL(test_log__machines_forms_stay_plain_on_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
