/*
 * Two servers, which forget each run before the next one. It does not judge how a run ended.
 */
#include "perform.h"

#include <stdlib.h>

#include "support/descriptors.h"
#include "support/must.h"
#include "support/port.h"
#include "support/testing.h"
#include "whole.h"

enum { MOST_WORDS = 20 };

static struct fake_server *servers[2];

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
        return must_format("host=127.0.0.1 port=%d %s", fake_server_port(servers[0]), rest);
    return must_format("host=127.0.0.1,127.0.0.1 port=%d,%d %s", fake_server_port(servers[0]), fake_server_port(servers[1]),
                       rest);
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
    fake_server_forget(servers[0]);
    fake_server_forget(servers[1]);
    fake_server_script(servers[0], scene->first, scene->first_count);
    fake_server_script(servers[1], scene->second, scene->second_count);
    struct whole_end end = run_scene(scene, label);
    return (struct performance){ end.exit_code, count_commits(servers[0]), fake_server_cancels(servers[0]), end.output };
}

long perform_step(void)
{
    const char *text = getenv("PGUSHER_STARVE_EVERY");
    long step = text != NULL ? strtol(text, NULL, 10) : 1;
    return step > 0 ? step : 1;
}

static void open_servers(const int *ports)
{
    for (size_t i = 0; i < 2; i++) {
        servers[i] = fake_server_new_at(NULL, "127.0.0.1", ports[i]);
        fake_server_listen(servers[i]);
    }
}

static void close_servers(void)
{
    fake_server_free(servers[0]);
    fake_server_free(servers[1]);
}

int perform_each(const char *sentence, void (*test)(void **state), bool (*is_wanted)(const struct scene *scene))
{
    struct CMUnitTest *tests = must_alloc(scene_count * sizeof *tests);
    size_t count = 0;
    const int ports[] = { port_reserve(), port_reserve() };
    open_servers(ports);
    perform(&scenes[0], "the first run"); /* opens what stays open for good */
    close_servers();
    int descriptors = open_descriptors();
    open_servers(ports);
    for (size_t i = 0; i < scene_count; i++)
        if (is_wanted == NULL || is_wanted(&scenes[i]))
            tests[count++] = (struct CMUnitTest){ must_format("%s: %s", sentence, scenes[i].name), test, NULL, NULL,
                                                  (void *) (uintptr_t) &scenes[i] };
    int failed = _cmocka_run_group_tests(sentence, tests, count, NULL, NULL);
    close_servers();
    free(tests);
    must(open_descriptors() == descriptors, "descriptors are left open: %d, and %d before", open_descriptors(), descriptors);
    return failed;
}
