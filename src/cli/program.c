/*
 * The frame around a command: what has to stand before a job can run, and what has to be said and given back after it.
 */
#include "cli/program.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/descriptor.h"
#include "cli/exit_code.h"
#include "cli/termination_log.h"
#include "face/colour.h"
#include "face/fault_text.h"
#include "plan/options.h"
#include "text/excerpt.h"
#include "wire/lookup.h"

enum { TICK_MS = 100, FAULT_TEXT_MOST_BYTES = 16 * 1024, EXCERPT_MOST_BYTES = 2048, EXCERPT_COLUMNS = 100 };

/* --- opening ---------------------------------------------------------------------------------------------------------- */

static void note_started(const struct program *program)
{
    const char *name = command_find(program->settings->command)->name;
    journal_note(&program->journal, EVENT_STARTED, program->run.target,
                 FIELDS(TEXT(VERSION, PGUSHER_VERSION), TEXT(COMMAND, name), NUMBER(PID, getpid()),
                        NUMBER(DURATION_US, program->run.outcome.phase_us[PHASE_START])),
                 "pgusher %s, %s", PGUSHER_VERSION, name);
}

static void note_settings(const struct program *program)
{
    const struct settings *settings = program->settings;
    for (size_t i = 0; i < settings->note_count; i++) {
        const struct setting_note *note = &settings->notes[i];
        if (note->kind == EVENT_CONFIG_OVERRIDDEN)
            journal_note(&program->journal, note->kind, program->run.target,
                         FIELDS(TEXT(KEYWORD, note->keyword), TEXT(WINNER, note->winner), TEXT(LOSER, note->loser)),
                         "%s says another %s than %s, which wins", note->loser, note->keyword, note->winner);
        else
            journal_note_at(&program->journal, note->is_misspelt ? LEVEL_WARN : LEVEL_INFO, note->kind, program->run.target,
                            FIELDS(TEXT(VARIABLE, note->loser), TEXT(REASON, note->reason)), "%s is ignored: %s",
                            note->loser, note->reason);
    }
}

static void on_tick(void *owner)
{
    struct program *program = owner;
    if (log_wants_ticks(&program->log))
        log_tick(&program->log);
}

static void on_signal(void *owner, int signal_number)
{
    struct program *program = owner;
    program->signal_number = signal_number;
    if (program->job != NULL)
        job_stop(program->job, signal_number);
    if (program->crowd != NULL)
        crowd_stop(program->crowd, signal_number);
}

static bool open_loop(struct program *program, struct fault *fault)
{
    program->loop = loop_new(fault);
    if (program->loop == NULL || !loop_hear_signals(program->loop, on_signal, program, fault))
        return false;
    program->run.loop = program->loop;
    if (!program->log.terminal)
        return true;
    program->ticks = timer_new_background(program->loop, on_tick, program, fault);
    if (program->ticks == NULL)
        return false;
    timer_repeat(program->ticks, TICK_MS);
    return true;
}

bool program_open(struct program *program, struct arena *arena, const struct settings *settings, int log_fd,
                  int64_t begun_us)
{
    *program = (struct program){ .settings = settings, .arena = arena };
    log_init(&program->log, log_fd, settings->log_format, settings->log_level,
             look_read(getenv("NO_COLOR"), getenv("TERM")));
    journal_init(&program->journal, log_threshold(&program->log), log_event, &program->log);
    journal_name_run(&program->journal);
    program->run = (struct run){ .journal = &program->journal, .settings = settings, .begun_us = begun_us };
    struct fault *fault = &program->run.outcome.fault;
    bool has_one_target = !settings_want_crowd(settings);
    bool ok = open_loop(program, fault); /* before the first line, on which a signal has to find its way in */
    if (!ok)
        loop_end_at_signals();
    ok = ok && (!has_one_target || target_build(&program->target, arena, settings, NULL, fault));
    program->run.target = program->target.label;
    program->run.outcome.phase_us[PHASE_START] = clock_monotonic_us() - begun_us;
    note_started(program);
    note_settings(program);
    if (ok && has_one_target)
        ok = target_build(&program->target, arena, settings, &program->journal, fault);
    lookup_expect(program->target.host_count);
    return ok;
}

/* --- the folder ------------------------------------------------------------------------------------------------------- */

bool program_discover(struct program *program)
{
    const char *folder = program->settings->migrations_folder;
    int64_t since_us = clock_monotonic_us();
    if (!shelf_discover(&program->shelf, program->arena, folder, &program->run.outcome.fault))
        return false;
    int64_t duration_us = clock_monotonic_us() - since_us;
    program->run.outcome.phase_us[PHASE_DISCOVER] = duration_us;
    journal_note(&program->journal, EVENT_DISCOVERED, program->run.target,
                 FIELDS(TEXT(FOLDER, folder), NUMBER(FILES, program->shelf.count), NUMBER(DURATION_US, duration_us)),
                 "%zu migration%s in %s", program->shelf.count, program->shelf.count == 1 ? "" : "s", folder);
    if (program->shelf.count == 0)
        journal_note(&program->journal, EVENT_FOLDER_EMPTY, program->run.target, FIELDS(TEXT(FOLDER, folder)),
                     "there is no .sql file in %s", folder);
    return true;
}

/* --- the job ---------------------------------------------------------------------------------------------------------- */

static void on_over(void *owner)
{
    struct program *program = owner;
    program->is_over = true;
    loop_quit(program->loop);
}

/* What ended without saying so has not succeeded. */
static bool run_to_its_end(struct program *program)
{
    struct fault *fault = &program->run.outcome.fault;
    loop_run(program->loop);
    if (!program->is_over && !fault_is_set(fault))
        fault_set(fault, FAULT_INTERNAL, "there is nothing left to wait for, but the work is not over");
    return !fault_is_set(fault);
}

bool program_run(struct program *program, enum job_kind kind)
{
    struct fault *fault = &program->run.outcome.fault;
    program->is_over = false;
    program->job = job_start(&program->run, kind, &program->shelf, on_over, program, fault);
    if (program->job == NULL)
        return false;
    return run_to_its_end(program);
}

/* A connection is a descriptor, and the usual soft limit of 1,024 is made for programs that select(). */
static void raise_open_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

bool program_run_crowd(struct program *program)
{
    struct fault *fault = &program->run.outcome.fault;
    raise_open_files();
    program->is_over = false;
    program->crowd = crowd_start(&program->run, &program->shelf, on_over, program, fault);
    if (program->crowd == NULL)
        return false;
    if (program->signal_number != 0) /* it came when there was nothing to stop */
        crowd_stop(program->crowd, program->signal_number);
    return run_to_its_end(program);
}

bool program_fail(struct program *program, const struct fault *fault)
{
    program->run.outcome.fault = *fault;
    return false;
}

/* --- the end ---------------------------------------------------------------------------------------------------------- */

bool print_wants_colour(int fd)
{
    return isatty(fd) && look_read(getenv("NO_COLOR"), getenv("TERM")) == LOOK_COLOUR;
}

bool print_result(const struct buf *result, struct fault *fault)
{
    if (!buf_ok(result))
        return fault_out_of_memory(fault);
    loop_end_at_signals();
    if (!descriptor_write(STDOUT_FILENO, buf_text(result), result->size))
        return fault_set_errno(fault, FAULT_INTERNAL, errno, "cannot write the result on stdout");
    return true;
}

/* That nobody could read what came of a run is less than what went wrong in it. */
bool program_print(struct program *program, const struct buf *result)
{
    struct fault *outcome = &program->run.outcome.fault;
    struct fault fault;
    log_pause(&program->log);
    bool printed = print_result(result, &fault);
    if (!printed && !fault_is_set(outcome))
        *outcome = fault;
    return printed;
}

void print_fault(const struct fault *fault, const struct source *source)
{
    struct buf text;
    buf_init(&text, FAULT_TEXT_MOST_BYTES);
    fault_text_add(&text, fault, source, print_wants_colour(STDERR_FILENO));
    loop_end_at_signals();
    descriptor_write(STDERR_FILENO, buf_text(&text), text.size);
    buf_finish(&text);
}

static const struct source *find_source(const struct program *program, const struct fault *fault)
{
    for (size_t i = 0; fault->has_offset && i < program->shelf.count; i++) {
        const struct migration *migration = &program->shelf.migrations[i];
        if (migration->source.bytes != NULL && strcmp(migration->name, fault->source) == 0)
            return &migration->source;
    }
    return NULL;
}

/* Where a fault has a place in a file, the event has it too: stderr is not always at hand. */
static void note_failed(const struct program *program)
{
    const struct fault *fault = &program->run.outcome.fault;
    const struct source *source = find_source(program, fault);
    struct position position = { 0, 0 };
    char place[FAULT_LINE_BYTES] = "";
    struct buf excerpt;
    buf_init(&excerpt, EXCERPT_MOST_BYTES);
    if (source != NULL) {
        position = source_position(source, fault->offset_bytes);
        excerpt_add(&excerpt, source, fault->offset_bytes, EXCERPT_COLUMNS);
        snprintf(place, sizeof place, "%s:%zu:%zu: ", fault->source, position.line, position.column);
    }
    const struct field fields[] = {
        TEXT(MIGRATION, fault->source),
        NUMBER_IF(position.line > 0, LINE, position.line),
        NUMBER_IF(position.line > 0, COLUMN, position.column),
        TEXT(MESSAGE, fault->what),
        TEXT(SQLSTATE, fault->sqlstate),
        TEXT(DETAIL, fault->detail),
        TEXT(HINT, fault->hint),
        TEXT(EXCERPT, buf_text(&excerpt)),
        TEXT(OUTCOME, outcome_name(fault)),
        { .key = FIELD_END },
    };
    journal_note(&program->journal, EVENT_FAILED, program->run.target, fields, "%s%s", place, fault->what);
    buf_finish(&excerpt);
}

static void say_how_it_ended(char *sentence, size_t size, int code, size_t applied)
{
    const char *plural = applied == 1 ? "" : "s";
    if (code == 0 && applied == 0)
        snprintf(sentence, size, "done");
    else if (code == 0)
        snprintf(sentence, size, "done: %zu migration%s applied", applied, plural);
    else if (applied == 0)
        snprintf(sentence, size, "ended with exit code %d", code);
    else
        snprintf(sentence, size, "ended with exit code %d; %zu migration%s applied before that", code, applied, plural);
}

static void note_finished(const struct program *program)
{
    const struct outcome *outcome = &program->run.outcome;
    static const enum field_key keys[PHASE_FINISH] = {
        [PHASE_START] = FIELD_START_US, [PHASE_DISCOVER] = FIELD_DISCOVER_US, [PHASE_RESOLVE] = FIELD_RESOLVE_US,
        [PHASE_WAIT] = FIELD_WAIT_US,   [PHASE_LOCK] = FIELD_LOCK_US,         [PHASE_PLAN] = FIELD_PLAN_US,
        [PHASE_APPLY] = FIELD_APPLY_US,
    };
    int code = exit_code(&outcome->fault);
    struct field fields[5 + PHASE_FINISH] = {
        TEXT(OUTCOME, outcome_name(&outcome->fault)),
        NUMBER(EXIT_CODE, code),
        NUMBER(APPLIED, outcome->applied),
        NUMBER(DURATION_US, clock_monotonic_us() - program->run.begun_us),
    };
    size_t count = 4;
    for (int phase = PHASE_START; phase < PHASE_FINISH; phase++)
        if (outcome->phase_us[phase] > 0)
            fields[count++] =
                (struct field){ .key = keys[phase], .type = FIELD_TYPE_NUMBER, .number = outcome->phase_us[phase] };
    char sentence[96];
    say_how_it_ended(sentence, sizeof sentence, code, outcome->applied);
    journal_note(&program->journal, EVENT_FINISHED, program->run.target, fields, "%s", sentence);
}

static void report(const struct program *program)
{
    const struct fault *fault = &program->run.outcome.fault;
    bool only_planned = program->settings->command == COMMAND_PLAN; /* then no event of the migration has told it */
    bool was_told = (fault->class == FAULT_MIGRATION && !only_planned) || fault->class == FAULT_SIGNAL;
    bool was_shown = program->log.terminal || program->log.fd == STDERR_FILENO;
    if (fault_is_set(fault) && !was_told)
        note_failed(program);
    note_finished(program);
    if (fault_is_set(fault) && !was_shown && fault->class != FAULT_SIGNAL)
        print_fault(fault, find_source(program, fault));
    if (fault_is_set(fault))
        termination_log_write(program->settings->termination_log, fault, find_source(program, fault));
}

int program_close(struct program *program)
{
    int code = exit_code(&program->run.outcome.fault);
    report(program);
    log_finish(&program->log);
    if (program->loop != NULL && loop_has_stragglers(program->loop))
        _exit(
            code); /* a look-up or a cancel still runs in libuv's pool: neither the loop nor exit() would return before it */
    job_free(program->job);
    crowd_free(program->crowd);
    timer_free(program->ticks);
    loop_free(program->loop);
    shelf_finish(&program->shelf);
    return code;
}
