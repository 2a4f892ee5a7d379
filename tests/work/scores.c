/*
 * Writing scores for real texts, and rendering them as lines of words. It knows nothing of what their order should be.
 */
#include "scores.h"

#include "support/must.h"
#include "support/testing.h"

#define CHECKSUM "0123456789abcdef"

static struct arena arena;
struct score score;

int scores_make(void **state)
{
    (void) state;
    arena_init(&arena);
    score_init(&score);
    return 0;
}

int scores_clear(void **state)
{
    (void) state;
    score_finish(&score);
    arena_finish(&arena);
    return 0;
}

struct step read_step(const char *text)
{
    static struct source source;
    static struct migration migration = { .name = "001 bot's.sql", .checksum = CHECKSUM };
    struct step step = { .state = STEP_PENDING, .name = "001 bot's.sql", .migration = &migration };
    struct fault fault;
    source = (struct source){ .name = "001 bot's.sql", .bytes = text, .size = strlen(text) };
    if (!script_read(&step.script, &arena, &source, &fault))
        fail_msg("%s", fault.what);
    return step;
}

static const char *word(const struct note *note)
{
    switch (note->kind) {
    case NOTE_RESET:
        return "reset";
    case NOTE_BEGIN:
        return "BEGIN";
    case NOTE_BEGIN_UNIT:
        return "begin";
    case NOTE_ROW:
        return "row";
    case NOTE_STATEMENT:
        return must_format("s%u", note->index + 1);
    case NOTE_COPY:
        return must_format("copy%u", note->index + 1);
    case NOTE_LOG:
        return "log";
    case NOTE_STARTED:
        return must_format("started%u", note->index + 1);
    case NOTE_DONE:
        return must_format("done%u", note->index + 1);
    case NOTE_SKIPPED:
        return must_format("skip%u", note->index + 1);
    case NOTE_PIN_STRINGS:
        return "pin";
    case NOTE_SETTLE:
        return "settle";
    case NOTE_UNLOCK:
        return "unlock";
    case NOTE_ROLLBACK:
        return "ROLLBACK";
    case NOTE_ROLLBACK_AND_CHAIN:
        return "ROLLBACK-AND-CHAIN";
    case NOTE_RESTORE_CLIENT:
        return "restore";
    case NOTE_CHECK_CLIENT:
        return "check";
    case NOTE_ROW_TIMEOUT:
        return "row-timeout";
    case NOTE_ROW_UNBOUND:
        return "row-unbound";
    case NOTE_OWN_STATEMENT_TIMEOUT:
        return "own-statement-timeout";
    case NOTE_LOCK_TIMEOUT:
        return "lock-timeout";
    case NOTE_STATEMENT_TIMEOUT:
        return "statement-timeout";
    case NOTE_LOCK_TIMEOUT_ALONE:
        return "lock-timeout-alone";
    case NOTE_STATEMENT_TIMEOUT_ALONE:
        return "statement-timeout-alone";
    case NOTE_ASK:
        return must_format("ask%u", note->index + 1);
    case NOTE_DROP:
        return must_format("drop%u", note->index + 1);
    case NOTE_AGAIN:
        return must_format("again%u", note->index + 1);
    case NOTE_GUARD:
        return "guard";
    case NOTE_COMMIT:
        return "COMMIT";
    case NOTE_COMMIT_UNIT:
        return "commit";
    case NOTE_BARRIER:
        return "|";
    default:
        return "?";
    }
}

static bool is_shown(const struct note *note)
{
    switch (note->kind) {
    case NOTE_RESET:
        return note->index == 0; /* all its statements are one word */
    case NOTE_ROLE:
    case NOTE_ROLE_LOCAL:
        return false;
    default:
        return true;
    }
}

/* Without the changes of role, which have a test of their own. */
const char *render(void)
{
    struct bytes line = { 0 };
    assert_in_range(score.count, 1, score.room);
    for (size_t i = 0; i < score.count; i++)
        if (is_shown(&score.notes[i]))
            bytes_add_format(&line, "%s%s", i > 0 ? " " : "", word(&score.notes[i]));
    const char *kept = must_keep(line.at, line.size);
    bytes_finish(&line);
    return kept;
}

const char *write_score(const char *text, const struct score_wishes *wishes)
{
    struct step step = read_step(text);
    struct fault fault;
    if (!score_write(&score, &step, wishes, &fault))
        fail_msg("%s", fault.what);
    return render();
}

const struct score_wishes plain = { .log_identifier = "public.schema_migrations_log", NO_TIMEOUTS };
const struct score_wishes logged = { .log_identifier = "public.schema_migrations_log", .with_log = true, NO_TIMEOUTS };
