/*
 * A target, from what was merged. Its hosts are roster_hosts.c's; here is what becomes of the other keywords.
 */
#include "work/roster.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "keyword.h"
#include "roster_inside.h"
#include "wire/trust.h"

enum { DEFAULT_CONNECT_TIMEOUT_MS = 10000 };

static bool fill_attrs(struct target *target, const struct merge *merge)
{
    const struct merged_word *word = merge_find(merge, "target_session_attrs");
    return word == NULL || keyword_attrs(&target->attrs, word->value, word->origin, merge->fault);
}

static bool fill_connect_timeout(struct target *target, const struct merge *merge)
{
    const struct merged_word *word = merge_find(merge, "connect_timeout");
    target->connect_timeout_ms = DEFAULT_CONNECT_TIMEOUT_MS;
    return word == NULL || keyword_connect_timeout(&target->connect_timeout_ms, word->value, word->origin, merge->fault);
}

static bool check_sslmode(const struct merge *merge)
{
    const struct merged_word *word = merge_find(merge, "sslmode");
    return word == NULL || keyword_sslmode(word->value, word->origin, merge->fault);
}

static bool goes_to_libpq(const char *keyword)
{
    static const char *const kept_back[] = {
        "password", "service", "target_session_attrs", "connect_timeout", "host",
        "hostaddr", "port",    "client_encoding",      "gssencmode",      "fallback_application_name"
    };
    for (size_t i = 0; i < sizeof kept_back / sizeof kept_back[0]; i++)
        if (strcmp(keyword, kept_back[i]) == 0)
            return false;
    return true;
}

static void put(struct target *target, const char *keyword, const char *value)
{
    target->keywords[target->keyword_count] = keyword;
    target->values[target->keyword_count++] = value;
}

/* A server that vanished without a word is noticed within half a minute; the system's own keepalives take hours. */
static void put_default(struct target *target, const struct merge *merge, const char *keyword, const char *value)
{
    if (merge_find(merge, keyword) == NULL)
        put(target, keyword, value);
}

static const char *gssencmode(const struct merge *merge)
{
    const char *given = merge_value(merge, "gssencmode");
    if (given == NULL)
        given = getenv("PGGSSENCMODE");
    return given != NULL ? given : "disable"; /* libpq's "prefer" may block on a KDC, and costs a round trip */
}

/* As libpq has it from version 16 on: whom the system trusts is only of use with verify-full, which is then the default. */
static bool trust_the_system(struct merge *merge)
{
    const struct merged_word *root = merge_find(merge, "sslrootcert");
    const struct merged_word *mode = merge_find(merge, "sslmode");
    if (root == NULL || strcmp(root->value, "system") != 0)
        return true;
    if (mode != NULL && mode->origin != MERGE_DEFAULT && strcmp(mode->value, "verify-full") != 0)
        return fault_set(merge->fault, FAULT_CONFIG,
                         "sslrootcert=system goes with sslmode=verify-full only, and %s says another sslmode", mode->origin);
    const char *file;
    if (!trust_system(&file, merge->fault))
        return false;
    merge_replace(merge, "sslrootcert", file);
    merge_replace(merge, "sslmode", "verify-full");
    return true;
}

static bool fill_keywords(struct target *target, struct merge *merge)
{
    const size_t own = 7;
    target->keywords = arena_array(merge->arena, merge->count + own, sizeof *target->keywords);
    target->values = arena_array(merge->arena, merge->count + own, sizeof *target->values);
    if (target->keywords == NULL || target->values == NULL)
        return fault_out_of_memory(merge->fault);
    for (size_t i = 0; i < merge->count; i++)
        if (goes_to_libpq(merge->words[i].keyword))
            put(target, merge->words[i].keyword, merge->words[i].value);
    put(target, "fallback_application_name", "pgusher");
    put(target, "client_encoding", "UTF8");
    put(target, "gssencmode", gssencmode(merge));
    put_default(target, merge, "keepalives_idle", "10");
    put_default(target, merge, "keepalives_interval", "5");
    put_default(target, merge, "keepalives_count", "3");
    put_default(target, merge, "tcp_user_timeout", "30000");
    target->password = merge_value(merge, "password");
    return true;
}

/* A target's own words come first. */
static bool add_own(struct merge *merge, struct target *target, const struct target_spec *spec)
{
    if (spec->text == NULL)
        return true;
    if (!merge_conninfo(merge, spec->text, spec->origin))
        return false;
    target->database = merge_value(merge, "dbname");
    merge->has_place =
        merge_find(merge, "host") != NULL || merge_find(merge, "hostaddr") != NULL || merge_find(merge, "service") != NULL;
    return true;
}

static void narrow(struct target *target, const struct target_spec *spec)
{
    if (!spec->is_narrow || spec->host >= target->host_count)
        return;
    assert(target->hosts != NULL);
    target->hosts += spec->host;
    target->host_count = 1;
    if (spec->address == NULL)
        return;
    target->is_pinned = true;
    target->hosts->address = spec->address;
    target->hosts->is_socket = false;
}

static bool build(struct target *target, struct arena *arena, const struct settings *settings,
                  const struct target_spec *spec, const struct journal *journal, struct fault *fault)
{
    *target = (struct target){ .label = NULL };
    struct merge merge = { .arena = arena, .journal = journal, .fault = fault };
    if (!add_own(&merge, target, spec))
        return false;
    for (size_t i = 0; i < settings->word_count; i++) {
        const struct connection_word *said = &settings->words[i];
        target->has_files |= said->form == WORD_FILE || said->form == WORD_CONNINFO_FILE;
        if (!merge_word(&merge, said))
            return false;
    }
    if (!merge_defaults(&merge))
        return false;
    if (!fill_connect_timeout(target, &merge) || !roster_fill_hosts(target, &merge))
        return false;
    narrow(target, spec);
    return roster_fill_label(target, &merge) && fill_attrs(target, &merge) && check_sslmode(&merge) &&
           trust_the_system(&merge) && fill_keywords(target, &merge);
}

bool target_build(struct target *target, struct arena *arena, const struct settings *settings, const struct journal *journal,
                  struct fault *fault)
{
    return build(target, arena, settings, &(struct target_spec){ .text = NULL }, journal, fault);
}

bool target_build_one(struct target *target, struct arena *arena, const struct settings *settings,
                      const struct target_spec *spec, struct fault *fault)
{
    return build(target, arena, settings, spec, NULL, fault);
}

static bool same_text(const char *one, const char *other)
{
    return one == NULL || other == NULL ? one == other : strcmp(one, other) == 0;
}

bool target_same_hosts(const struct target *one, const struct target *other)
{
    if (one->host_count != other->host_count)
        return false;
    for (size_t i = 0; i < one->host_count; i++) {
        const struct target_host *a = &one->hosts[i];
        const struct target_host *b = &other->hosts[i];
        if (!same_text(a->name, b->name) || !same_text(a->address, b->address) || !same_text(a->port, b->port))
            return false;
    }
    return true;
}
