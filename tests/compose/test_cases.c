/*
 * Whole Compose files. For each cases/NAME.yml, NAME.txt is what `compose check` says of it and NAME.fixed what --fix makes of it;
 * run with --bless, this program writes both anew.
 */
#include "support/testing.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "compose/check.h"
#include "compose/files.h"
#include "face/findings_text.h"
#include "support/must.h"

enum { MOST_BYTES = 16 * 1024 * 1024 };

static const struct stack_options options = { .reads_env_files = true };
static bool blesses;

struct outcome {
    struct arena arena;
    struct source source;
    struct buf text;
    struct buf fixed;
    size_t done;
    size_t left; /* findings of the fixed text */
};

static void judge(struct outcome *outcome, const char *name)
{
    struct review review;
    struct fault fault;
    fault_clear(&fault);
    arena_init(&outcome->arena);
    buf_init(&outcome->text, MOST_BYTES);
    buf_init(&outcome->fixed, MOST_BYTES);
    must(file_read(&outcome->source, &outcome->arena, name, &fault), "%s", fault.what);
    must(check_review(&review, &outcome->arena, &outcome->source, &options, &fault), "%s: %s", name, fault.what);
    findings_text_add(&outcome->text, &review, 0, false);
    must(check_fix(&outcome->fixed, &outcome->done, &outcome->source, &options, &fault), "%s: %s", name, fault.what);
    const struct source fixed = { .name = name, .bytes = buf_text(&outcome->fixed), .size = outcome->fixed.size };
    must(check_review(&review, &outcome->arena, &fixed, &options, &fault), "%s: %s", name, fault.what);
    outcome->left = review.count;
}

static void forget(struct outcome *outcome)
{
    buf_finish(&outcome->text);
    buf_finish(&outcome->fixed);
    arena_finish(&outcome->arena);
}

static void compare(const char *path, const struct buf *now)
{
    struct arena arena;
    struct source blessed;
    struct fault fault;
    if (blesses) {
        must(file_replace(path, now, &fault), "%s", fault.what);
        return;
    }
    arena_init(&arena);
    must(file_read(&blessed, &arena, path, &fault), "%s", fault.what);
    if (blessed.size != now->size || memcmp(blessed.bytes, buf_text(now), now->size) != 0)
        fail_msg("%s is not what comes now (--bless takes it):\n%s", path, buf_text(now));
    arena_finish(&arena);
}

static void for_each_case(void (*act)(const char *name))
{
    struct dirent **entries;
    size_t cases = 0;
    must(chdir(COMPOSE_CASES) == 0, "no folder %s", COMPOSE_CASES);
    int count = scandir(".", &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        size_t size = strlen(entries[i]->d_name);
        if (size > 4 && strcmp(entries[i]->d_name + size - 4, ".yml") == 0) {
            act(entries[i]->d_name);
            cases++;
        }
        free(entries[i]);
    }
    free(entries);
    assert_true(cases >= 20);
}

static const char *with_ending(const char *name, const char *ending)
{
    const char *stem = must_keep(name, strlen(name) - strlen(".yml"));
    return must_format("%s%s", stem, ending);
}

static void compare_both(const char *name)
{
    struct outcome outcome;
    judge(&outcome, name);
    compare(with_ending(name, ".txt"), &outcome.text);
    compare(with_ending(name, ".fixed"), &outcome.fixed);
    forget(&outcome);
}

static void test_cases__each_file_is_judged_and_mended_as_blessed(void **state)
{
    (void) state;
    for_each_case(compare_both);
}

static void mend_again(const char *name)
{
    struct outcome outcome;
    struct buf again;
    struct fault fault;
    size_t done;
    judge(&outcome, name);
    const struct source fixed = { .name = name, .bytes = buf_text(&outcome.fixed), .size = outcome.fixed.size };
    buf_init(&again, MOST_BYTES);
    assert_true(check_fix(&again, &done, &fixed, &options, &fault));
    assert_int_equal(done, 0);
    assert_int_equal(again.size, outcome.fixed.size);
    assert_memory_equal(buf_text(&again), buf_text(&outcome.fixed), again.size);
    buf_finish(&again);
    forget(&outcome);
}

static void test_cases__mending_twice_is_mending_once(void **state)
{
    (void) state;
    for_each_case(mend_again);
}

/* --- what is not named stays ------------------------------------------------------------------------------------------ */

static bool is_shown_as_taken_away(const char *text, const char *line, size_t size)
{
    while (size > 0 && line[size - 1] == '\r')
        size--;
    const char *whole = must_format("\n    - %.*s\n", (int) size, line);
    return strstr(text, whole) != NULL;
}

/* Line by line: each of the old ones is there, in the old order and to the byte, or was shown as one that goes. */
static void compare_lines(const char *name)
{
    struct outcome outcome;
    judge(&outcome, name);
    const char *old = outcome.source.bytes;
    const char *new = buf_text(&outcome.fixed);
    while (*old != '\0') {
        size_t size = strcspn(old, "\n") + 1;
        size_t left = strlen(old);
        size = size > left ? left : size;
        const char *found = new;
        while (*found != '\0' && (strncmp(found, old, size) != 0 || (found != new &&found[-1] != '\n')))
            found++;
        bool is_there = *found != '\0';
        if (!is_there && !is_shown_as_taken_away(buf_text(&outcome.text), old, size - (old[size - 1] == '\n')) &&
            left > size)
            fail_msg("%s: a line is gone that no edit names: %.*s", name, (int) size, old);
        new = is_there ? found + size : new;
        old += size;
    }
    forget(&outcome);
}

static void test_cases__every_other_line_stays_byte_for_byte(void **state)
{
    (void) state;
    for_each_case(compare_lines);
}

static void find_no_secret(const char *name)
{
    struct outcome outcome;
    struct buf json;
    struct review review;
    struct fault fault;
    judge(&outcome, name);
    buf_init(&json, MOST_BYTES);
    assert_true(check_review(&review, &outcome.arena, &outcome.source, &options, &fault));
    findings_json_add(&json, &review, 0);
    assert_true(buf_ok(&json));
    assert_lacks(buf_text(&json), "secret");
    assert_lacks(buf_text(&outcome.text), "secret");
    buf_finish(&json);
    forget(&outcome);
}

/* Where a service stands on lines of its own; one that is written on a single line is shown with all that it holds. */
static void test_cases__no_password_is_shown(void **state)
{
    (void) state;
    for_each_case(find_no_secret);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases__each_file_is_judged_and_mended_as_blessed),
        cmocka_unit_test(test_cases__mending_twice_is_mending_once),
        cmocka_unit_test(test_cases__every_other_line_stays_byte_for_byte),
        cmocka_unit_test(test_cases__no_password_is_shown),
    };
    blesses = count > 1 && strcmp(arguments[1], "--bless") == 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
