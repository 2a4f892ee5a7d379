/*
 * Every allocation of our own fails in turn, over whole runs against scripted servers: each ends as it would have, where what could
 * not be had was only a line of the log or a look that is made again, or with exit code 1 and "out of memory". That nothing is
 * leaked is for the sanitizers to say, but for descriptors, which are counted.
 */
#include <stdlib.h>

#include "base/memory.h"
#include "scenes.h"
#include "support/descriptors.h"
#include "support/must.h"
#include "support/port.h"
#include "support/testing.h"
#include "whole.h"

static int ports[2];

static struct fake_server *play(int port, const struct fake_visit *visits, size_t count)
{
    struct fake_server *server = fake_server_new_at(NULL, "127.0.0.1", port);
    fake_server_script(server, visits, count);
    fake_server_listen(server);
    return server;
}

static unsigned count_commits(struct fake_server *server)
{
    unsigned commits = 0;
    const char *heard = fake_server_heard(server);
    while ((heard = strstr(heard, " P COMMIT\n")) != NULL) {
        commits++;
        heard++;
    }
    return commits;
}

static const char *target_of(const struct scene *scene)
{
    const char *rest = "user=u dbname=d sslmode=disable connect_timeout=600";
    if (scene->second == NULL)
        return must_format("host=127.0.0.1 port=%d %s", ports[0], rest);
    return must_format("host=127.0.0.1,127.0.0.1 port=%d,%d %s", ports[0], ports[1], rest);
}

struct played {
    int exit_code;
    unsigned commits;
    unsigned cancels;
    const char *output;
};

static struct played perform(const struct scene *scene, const char *label, const char *const *words)
{
    struct fake_server *first = play(ports[0], scene->first, scene->first_count);
    struct fake_server *second = scene->second != NULL ? play(ports[1], scene->second, scene->second_count) : NULL;
    int descriptors = open_descriptors();
    struct whole_end end = whole_run(label, words);
    struct played played = { end.exit_code, count_commits(first), fake_server_cancels(first), end.output };
    fake_server_free(first);
    fake_server_free(second);
    must(open_descriptors() <= descriptors, "%s: a descriptor is left open\n%s", label, end.output);
    return played;
}

static void judge(const struct scene *scene, const char *label, const struct played *played, bool starved)
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

/* Under valgrind a sample has to do: PGUSHER_STARVE_EVERY=20 lets only every twentieth fail. */
static long every(void)
{
    const char *text = getenv("PGUSHER_STARVE_EVERY");
    long step = text != NULL ? strtol(text, NULL, 10) : 1;
    return step > 0 ? step : 1;
}

/* Returns how many allocations failed in turn. */
static long starve_scene(const struct scene *scene, const char *const *words)
{
    char label[160];
    for (long nth = 1, failed = 0;; nth += every(), failed++) {
        snprintf(label, sizeof label, "%s, allocation %ld", scene->name, nth);
        memory_fail_at(nth);
        struct played played = perform(scene, label, words);
        bool starved = memory_count() >= nth;
        memory_fail_at(0);
        judge(scene, label, &played, starved);
        if (!starved)
            return failed;
    }
}

static void test_memory__each_allocation_may_fail(void **state)
{
    enum { MOST_WORDS = 20 };
    const struct scene *scene = *state;
    const char *words[MOST_WORDS + 1] = { "pgusher" };
    size_t count = 1;
    for (size_t i = 0; scene->words[i] != NULL; i++)
        words[count++] = scene->words[i];
    const char *const further[] = { "--database", target_of(scene), "--migrations", folder_with(scene->files), "--interval",
                                    "1h",         "--log-level",    "debug" };
    for (size_t i = 0; i < sizeof further / sizeof further[0]; i++)
        words[count++] = further[i];
    whole_speed = scene->speed;
    long allocations = starve_scene(scene, words);
    whole_speed = 1;
    assert_true(allocations > 0);
    print_message("%s: %ld allocations failed in turn\n", scene->name, allocations);
}

int main(void)
{
    struct CMUnitTest *tests = must_alloc(scene_count * sizeof *tests);
    ports[0] = port_reserve();
    ports[1] = port_reserve();
    for (size_t i = 0; i < scene_count; i++)
        tests[i] = (struct CMUnitTest){ must_format("test_memory__each_allocation_may_fail_in_%s", scenes[i].name),
                                        test_memory__each_allocation_may_fail, NULL, NULL, (void *) (uintptr_t) &scenes[i] };
    int failed = _cmocka_run_group_tests("starve_memory", tests, scene_count, NULL, NULL);
    free(tests);
    return failed;
}
