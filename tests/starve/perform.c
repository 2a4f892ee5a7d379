/*
 * Fresh servers for each run, at the same two ports. It does not judge how a run ended.
 */
#include "perform.h"

#include <stdlib.h>

#include "support/descriptors.h"
#include "support/must.h"
#include "support/port.h"
#include "support/testing.h"
#include "whole.h"

enum { MOST_WORDS = 20 };

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

/* The folder is made once for each scene. */
static const char *folder_of(const struct scene *scene)
{
    static const struct scene *last;
    static const char *folder;
    if (scene != last)
        folder = folder_with(scene->files);
    last = scene;
    return folder;
}

static struct whole_end run_scene(const struct scene *scene, const char *label)
{
    const char *words[MOST_WORDS + 1] = { "pgusher" };
    size_t count = 1;
    for (size_t i = 0; scene->words[i] != NULL; i++)
        words[count++] = scene->words[i];
    const char *const further[] = { "--database", target_of(scene), "--migrations", folder_of(scene), "--interval",
                                    "1h",         "--log-level",    "debug" };
    for (size_t i = 0; i < sizeof further / sizeof further[0]; i++)
        words[count++] = further[i];
    whole_speed = scene->speed;
    struct whole_end end = whole_run(label, words);
    whole_speed = 1;
    return end;
}

struct performance perform(const struct scene *scene, const char *label)
{
    struct fake_server *first = play(ports[0], scene->first, scene->first_count);
    struct fake_server *second = scene->second != NULL ? play(ports[1], scene->second, scene->second_count) : NULL;
    int descriptors = open_descriptors();
    struct whole_end end = run_scene(scene, label);
    struct performance played = { end.exit_code, count_commits(first), fake_server_cancels(first), end.output };
    fake_server_free(first);
    fake_server_free(second);
    must(open_descriptors() <= descriptors, "%s: a descriptor is left open\n%s", label, end.output);
    return played;
}

long perform_step(void)
{
    const char *text = getenv("PGUSHER_STARVE_EVERY");
    long step = text != NULL ? strtol(text, NULL, 10) : 1;
    return step > 0 ? step : 1;
}

int perform_each(const char *sentence, void (*test)(void **state), bool (*is_wanted)(const struct scene *scene))
{
    struct CMUnitTest *tests = must_alloc(scene_count * sizeof *tests);
    size_t count = 0;
    ports[0] = port_reserve();
    ports[1] = port_reserve();
    for (size_t i = 0; i < scene_count; i++)
        if (is_wanted == NULL || is_wanted(&scenes[i]))
            tests[count++] = (struct CMUnitTest){ must_format("%s: %s", sentence, scenes[i].name), test, NULL, NULL,
                                                  (void *) (uintptr_t) &scenes[i] };
    int failed = _cmocka_run_group_tests(sentence, tests, count, NULL, NULL);
    free(tests);
    return failed;
}
