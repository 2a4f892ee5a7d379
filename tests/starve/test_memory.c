/*
 * Every allocation of our own fails in turn, over whole runs against scripted servers: each ends as it would have, where what could
 * not be had was only a line of the log or a look that is made again, or with exit code 1 and "out of memory". That nothing is
 * leaked is for the sanitizers to say, but for descriptors, which are counted.
 */
#include "base/memory.h"
#include "perform.h"
#include "support/must.h"
#include "support/testing.h"

static void judge(const struct scene *scene, const char *label, const struct performance *played, bool starved)
{
    bool as_ever = played->exit_code == scene->exit_code;
    must(as_ever || (starved && played->exit_code == 1), "%s: exit code %d\n%s", label, played->exit_code, played->output);
    if (played->exit_code == 1)
        must(strstr(played->output, "out of memory") != NULL, "%s: no word of memory\n%s", label, played->output);
    must(strstr(played->output, "lost: out of memory") == NULL, "%s: it connects again\n%s", label, played->output);
    if (played->exit_code == 143)
        must(played->cancels > 0, "%s: what runs was not cancelled\n%s", label, played->output);
    if (played->exit_code == 0)
        must(played->commits >= scene->commits, "%s: only %u commits\n%s", label, played->commits, played->output);
}

static void test_memory__each_allocation_may_fail(void **state)
{
    const struct scene *scene = *state;
    bool starved = true;
    long failed = 0;
    for (long nth = 1; starved; nth += perform_step()) {
        const char *label = must_format("%s, allocation %ld", scene->name, nth);
        memory_fail_at(nth);
        struct performance played = perform(scene, label);
        starved = memory_count() >= nth;
        memory_fail_at(0);
        judge(scene, label, &played, starved);
        failed += starved;
    }
    assert_true(failed > 0);
    print_message("%s: %ld allocations failed in turn\n", scene->name, failed);
}

int main(void)
{
    return perform_each("test_memory__each_allocation_may_fail", test_memory__each_allocation_may_fail, NULL);
}
