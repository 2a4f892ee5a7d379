/*
 * Settings read and targets built of them, as the program does it. Of the environment it clears what libpq would take.
 */
#include "rosters.h"

#include <stdlib.h>

#include "base/journal.h"

struct settings settings;
struct bytes told;

static struct journal journal;

static void tell(void *owner, const struct event *event)
{
    (void) owner;
    bytes_add_format(&told, "%s: %s\n", event_name(event->kind), event->msg);
}

int roster_make(void **state)
{
    static const char *const names[] = { "PGHOST",
                                         "PGHOSTADDR",
                                         "PGPORT",
                                         "PGUSER",
                                         "PGSERVICE",
                                         "PGSERVICEFILE",
                                         "PGCONNECT_TIMEOUT",
                                         "PGTARGETSESSIONATTRS",
                                         "PGDATABASE",
                                         "PGGSSENCMODE",
                                         "PGSSLMODE",
                                         "PGSSLROOTCERT",
                                         "SSL_CERT_FILE" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unsetenv(names[i]);
    journal_init(&journal, LEVEL_DEBUG, tell, NULL);
    bytes_add(&told, "", 0);
    return open_arena(state);
}

int roster_clear(void **state)
{
    bytes_finish(&told);
    return close_arena(state);
}

void read_settings(const char *const *environment, const char *const *words)
{
    enum { MOST = 20 };
    const char *argv[MOST + 1] = { "pgusher", "wait" };
    struct fault fault;
    int argc = 2;
    for (; words != NULL && *words != NULL && argc < MOST; words++)
        argv[argc++] = *words;
    argv[argc] = NULL;
    if (!settings_read(&settings, &arena, argc, argv, environment, &fault))
        fail_msg("%s", fault.what);
}

struct target build(const char *const *environment, const char *const *words)
{
    struct target target;
    struct fault fault;
    read_settings(environment, words);
    if (!target_build(&target, &arena, &settings, &journal, &fault))
        fail_msg("%s: %s", fault.what, fault.detail);
    return target;
}

struct target build_url(const char *url)
{
    return build(WORDS(must_format("DATABASE_URL=%s", url)), NULL);
}

struct fault refuse(const char *const *environment, const char *const *words)
{
    struct target target;
    struct fault fault;
    fault_clear(&fault);
    read_settings(environment, words);
    assert_false(target_build(&target, &arena, &settings, &journal, &fault));
    assert_int_equal(fault.class, FAULT_CONFIG);
    return fault;
}

const char *keyword(const struct target *target, const char *name)
{
    for (size_t i = 0; i < target->keyword_count; i++)
        if (strcmp(target->keywords[i], name) == 0)
            return target->values[i];
    return NULL;
}

const char *hosts(const struct target *target)
{
    const char *text = "";
    for (size_t i = 0; i < target->host_count; i++) {
        const struct target_host *host = &target->hosts[i];
        text = must_format("%s%s%s/%s:%s%s", text, i > 0 ? ", " : "", host->name != NULL ? host->name : "-",
                           host->address != NULL ? host->address : "-", host->port, host->is_socket ? "!" : "");
    }
    return text;
}
