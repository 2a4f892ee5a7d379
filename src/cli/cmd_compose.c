/*
 * compose check and compose generate: a file is read, judged or made, and shown or written. They ask no server and write no log, so
 * the frame of the other commands is not theirs.
 */
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/program.h"
#include "compose/check.h"
#include "compose/files.h"
#include "compose/generate.h"
#include "face/findings_text.h"

enum { RESULT_MOST_BYTES = 64 * 1024 * 1024 };

static int end(const struct fault *fault, const struct source *source)
{
    if (fault_is_set(fault) && fault->class != FAULT_PENDING)
        print_fault(fault, source);
    return exit_code(fault);
}

/* --- check ------------------------------------------------------------------------------------------------------------ */

static struct stack_options options_of(const struct settings *settings)
{
    return (struct stack_options){ .migrate_service = settings->migrate_service,
                                   .database_service = settings->database_service,
                                   .reads_env_files = true };
}

/* Writes what can be fixed; source is then the file as it is now. */
static bool fix(struct source *source, size_t *fixed, const struct stack_options *options, struct arena *arena,
                struct fault *fault)
{
    struct buf text;
    buf_init(&text, RESULT_MOST_BYTES);
    bool ok = check_fix(&text, fixed, source, options, fault);
    if (ok && *fixed > 0) {
        char *bytes = arena_copy(arena, buf_text(&text), text.size);
        ok = bytes != NULL ? file_replace(source->name, &text, fault) : fault_out_of_memory(fault);
        source->bytes = ok ? bytes : source->bytes;
        source->size = ok ? text.size : source->size;
    }
    buf_finish(&text);
    return ok;
}

static bool show(const struct review *review, size_t fixed, const struct settings *settings, struct fault *fault)
{
    struct buf result;
    buf_init(&result, RESULT_MOST_BYTES);
    if (settings->json)
        findings_json_add(&result, review, fixed);
    else
        findings_text_add(&result, review, fixed, print_wants_colour(STDOUT_FILENO));
    bool shown = print_result(&result, fault);
    buf_finish(&result);
    if (shown && review->count > 0)
        return fault_set(fault, FAULT_PENDING, "%zu findings", review->count);
    return shown;
}

int cmd_compose_check(const struct settings *settings, struct arena *arena)
{
    struct source source = { .name = settings->operand };
    struct stack_options options = options_of(settings);
    struct review review;
    struct fault fault;
    size_t fixed = 0;
    fault_clear(&fault);
    if (file_read(&source, arena, settings->operand, &fault) &&
        (!settings->fix || fix(&source, &fixed, &options, arena, &fault)) &&
        check_review(&review, arena, &source, &options, &fault))
        show(&review, fixed, settings, &fault);
    return end(&fault, source.bytes != NULL ? &source : NULL);
}

/* --- generate --------------------------------------------------------------------------------------------------------- */

static bool write_result(const struct settings *settings, const struct buf *result, struct fault *fault)
{
    if (settings->output_file == NULL)
        return print_result(result, fault);
    if (file_is_same(settings->output_file, settings->template_file))
        return fault_set(fault, FAULT_CONFIG, "the output would replace the template %s", settings->template_file);
    return file_replace(settings->output_file, result, fault);
}

int cmd_compose_generate(const struct settings *settings, struct arena *arena)
{
    struct source blamed;
    struct fault fault;
    struct buf result;
    fault_clear(&fault);
    buf_init(&result, RESULT_MOST_BYTES);
    if (generate(&result, arena, settings->template_file, &blamed, &fault))
        write_result(settings, &result, &fault);
    buf_finish(&result);
    return end(&fault, blamed.bytes != NULL ? &blamed : NULL);
}
