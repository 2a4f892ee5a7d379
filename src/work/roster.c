/*
 * The merge of all that was said about the connection. It knows which source beats which; libpq's syntax and defaults come from
 * the wire floor, and whether a host answers is not asked here.
 */
#include "work/roster.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "keyword.h"
#include "plan/value.h"
#include "wire/conninfo.h"
#include "wire/lookup.h"
#include "wire/trust.h"
#include "work/secret.h"

enum { MOST_WORDS = 96, MOST_HOSTS = 64, DEFAULT_CONNECT_TIMEOUT_MS = 10000 };

static const char LIBPQS_DEFAULT[] = "the default"; /* an origin */

struct word {
    const char *keyword;
    const char *value;
    const char *origin;
    bool in_text; /* came out of a connection string, which the settings could not look into */
};

struct merge {
    struct arena *arena;
    const struct journal *journal;
    struct fault *fault;
    struct word words[MOST_WORDS];
    size_t count;
    bool has_place; /* a target of a list says itself where it is */
};

static const struct word *find(const struct merge *merge, const char *keyword)
{
    for (size_t i = 0; i < merge->count; i++)
        if (strcmp(merge->words[i].keyword, keyword) == 0)
            return &merge->words[i];
    return NULL;
}

static const char *value_of(const struct merge *merge, const char *keyword)
{
    const struct word *word = find(merge, keyword);
    return word != NULL ? word->value : NULL;
}

static void note_loser(struct merge *merge, const struct word *winner, const struct word *loser)
{
    bool was_noted = !winner->in_text && !loser->in_text;
    if (was_noted || strcmp(winner->value, loser->value) == 0 || strcmp(winner->origin, loser->origin) == 0)
        return;
    journal_note(merge->journal, EVENT_CONFIG_OVERRIDDEN, NULL,
                 FIELDS(TEXT(KEYWORD, winner->keyword), TEXT(WINNER, winner->origin), TEXT(LOSER, loser->origin)),
                 "%s says another %s than %s, which wins", loser->origin, winner->keyword, winner->origin);
}

static bool is_place(const char *keyword)
{
    static const char *const keywords[] = { "host", "hostaddr", "port", "service" };
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++)
        if (strcmp(keyword, keywords[i]) == 0)
            return true;
    return false;
}

/* Words come in order of rank: the first to say a keyword wins. */
static bool add(struct merge *merge, struct word word)
{
    const struct word *winner = find(merge, word.keyword);
    if (merge->has_place && is_place(word.keyword))
        return true;
    if (winner != NULL) {
        note_loser(merge, winner, &word);
        return true;
    }
    if (merge->count == MOST_WORDS)
        return fault_set(merge->fault, FAULT_CONFIG, "too many connection parameters");
    merge->words[merge->count++] = word;
    return true;
}

static bool add_conninfo(struct merge *merge, const char *text, const char *origin)
{
    struct conninfo conninfo;
    if (!conninfo_parse(&conninfo, merge->arena, text, origin, merge->fault))
        return false;
    bool ok = true;
    for (size_t i = 0; ok && i < conninfo.count; i++)
        ok = add(merge, (struct word){ conninfo.words[i].keyword, conninfo.words[i].value, origin, true });
    return ok;
}

static bool add_word(struct merge *merge, const struct connection_word *said)
{
    char *text;
    switch (said->form) {
    case WORD_VALUE:
        return add(merge, (struct word){ said->keyword, said->value, said->origin, false });
    case WORD_CONNINFO:
        return add_conninfo(merge, said->value, said->origin);
    case WORD_FILE:
        return secret_read(&text, merge->arena, said->value, said->origin, merge->fault) &&
               add(merge, (struct word){ said->keyword, text, said->origin, false });
    case WORD_CONNINFO_FILE:
        return secret_read(&text, merge->arena, said->value, said->origin, merge->fault) &&
               add_conninfo(merge, text, said->origin);
    }
    return true;
}

/* Of libpq's defaults only those are taken that we act on ourselves; the others libpq finds again by itself. */
static bool is_ours_to_know(const char *keyword)
{
    static const char *const keywords[] = { "host",        "hostaddr", "port", "connect_timeout", "target_session_attrs",
                                            "sslrootcert", "sslmode" };
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++)
        if (strcmp(keyword, keywords[i]) == 0)
            return true;
    return false;
}

/* PGHOSTADDR belongs to PGHOST, and a service's address to the service's host: neither may redirect one that was named elsewhere. */
static bool is_other_hosts_address(const struct merge *merge, const struct conninfo_word *word)
{
    const struct word *host = find(merge, "host");
    const char *variable = getenv("PGHOSTADDR");
    if (strcmp(word->keyword, "hostaddr") != 0 || host == NULL || strcmp(host->origin, "PGHOST") == 0)
        return false;
    bool is_of_service = variable == NULL || strcmp(variable, word->value) != 0;
    return host->origin != LIBPQS_DEFAULT || !is_of_service;
}

static bool add_defaults(struct merge *merge)
{
    bool has_place = merge->has_place && find(merge, "service") == NULL;
    merge->has_place = false; /* its service, or libpq's own defaults, say what is left */
    struct conninfo defaults;
    if (!conninfo_defaults(&defaults, merge->arena, value_of(merge, "service"), merge->fault))
        return false;
    bool ok = true;
    for (size_t i = 0; ok && i < defaults.count; i++) {
        const struct conninfo_word *word = &defaults.words[i];
        bool from_variable = word->variable != NULL && getenv(word->variable) != NULL;
        bool taken = find(merge, word->keyword) != NULL;
        if (has_place && strcmp(word->keyword, "host") == 0)
            continue;
        if (is_other_hosts_address(merge, word))
            continue;
        if (taken ? from_variable : is_ours_to_know(word->keyword))
            ok = add(merge,
                     (struct word){ word->keyword, word->value, from_variable ? word->variable : LIBPQS_DEFAULT, false });
    }
    return ok;
}

/* --- hosts ------------------------------------------------------------------------------------------------------------ */

/* The index-th element of a comma-separated list; "" past its end. */
static char *element(struct arena *arena, const char *list, size_t index)
{
    for (; index > 0 && list != NULL; index--) {
        list = strchr(list, ',');
        list = list != NULL ? list + 1 : NULL;
    }
    return list == NULL ? arena_text(arena, "") : arena_copy(arena, list, strcspn(list, ","));
}

static size_t count_elements(const char *list)
{
    size_t count = 1;
    for (const char *comma = strchr(list, ','); comma != NULL; comma = strchr(comma + 1, ','))
        count++;
    return count;
}

/* In a connection string, and before an '@', it may be a piece of a password. */
static bool check_host(const struct merge *merge, const char *name)
{
    const struct word *word = find(merge, "host");
    bool may_be_shown = !word->in_text && strchr(word->value, '@') == NULL;
    return keyword_host(name, word->origin, may_be_shown, merge->fault);
}

static bool fill_host(struct target_host *host, struct merge *merge, size_t index, size_t port_count)
{
    const char *names = value_of(merge, "host");
    const char *addresses = value_of(merge, "hostaddr");
    const char *ports = value_of(merge, "port");
    const char *name = names != NULL ? element(merge->arena, names, index) : "";
    const char *address = addresses != NULL ? element(merge->arena, addresses, index) : "";
    const char *port = ports != NULL ? element(merge->arena, ports, port_count == 1 ? 0 : index) : "";
    if (name == NULL || address == NULL || port == NULL)
        return fault_out_of_memory(merge->fault);
    host->name = name[0] != '\0' ? name : NULL;
    host->port = port[0] != '\0' ? port : "5432";
    host->is_socket = address[0] == '\0' && (host->name == NULL || name[0] == '/' || name[0] == '@');
    if (address[0] != '\0')
        host->address = address;
    else if (host->name != NULL && address_is_numeric(name))
        host->address = name;
    return host->address != NULL || host->is_socket || check_host(merge, name);
}

/* What stands in a connection string is not shown: it may be a piece of a password. */
static bool check_ports(const struct merge *merge)
{
    const struct word *word = find(merge, "port");
    if (word == NULL || value_ports(word->value, word->origin, merge->fault))
        return true;
    if (word->in_text)
        fault_set(merge->fault, FAULT_CONFIG, "the port in %s is not a number from 1 to 65535", word->origin);
    return false;
}

static bool refuse_ports(const struct merge *merge, size_t port_count, size_t host_count)
{
    fault_set(merge->fault, FAULT_CONFIG, "%zu ports for %zu host%s", port_count, host_count, host_count == 1 ? "" : "s");
    fault_hint(merge->fault, "Give one port for all hosts, or one for each: host=a,b port=5432,5433.");
    return false;
}

static bool fill_hosts(struct target *target, struct merge *merge)
{
    const char *names = value_of(merge, "host");
    const char *addresses = value_of(merge, "hostaddr");
    const char *ports = value_of(merge, "port");
    size_t count = names != NULL ? count_elements(names) : addresses != NULL ? count_elements(addresses) : 1;
    size_t port_count = ports != NULL ? count_elements(ports) : 1;
    if (!check_ports(merge))
        return false;
    if (names != NULL && addresses != NULL && count_elements(addresses) != count)
        return fault_set(merge->fault, FAULT_CONFIG, "%zu host names, but %zu host addresses", count,
                         count_elements(addresses));
    if (port_count != 1 && port_count != count)
        return refuse_ports(merge, port_count, count);
    if (count > MOST_HOSTS)
        return fault_set(merge->fault, FAULT_CONFIG, "%zu hosts are more than the %d that are possible", count, MOST_HOSTS);
    target->host_count = count;
    target->hosts = arena_array(merge->arena, count, sizeof *target->hosts);
    if (target->hosts == NULL)
        return fault_out_of_memory(merge->fault);
    bool ok = true;
    for (size_t i = 0; ok && i < count; i++)
        ok = fill_host(&target->hosts[i], merge, i, port_count);
    return ok;
}

/* One of several addresses of a name is known by itself. */
static const char *label_name(const struct target *target, const struct target_host *host)
{
    if (host->address != NULL && (target->is_pinned || host->name == NULL))
        return host->address;
    return host->name != NULL ? host->name : "local";
}

static bool fill_label(struct target *target, struct merge *merge)
{
    const char *label = "";
    for (size_t i = 0; label != NULL && i < target->host_count; i++) {
        const struct target_host *host = &target->hosts[i];
        const char *name = label_name(target, host);
        bool bracketed = strchr(name, ':') != NULL;
        label = arena_format(merge->arena, "%s%s%s%s%s:%s", label, i > 0 ? "," : "", bracketed ? "[" : "", name,
                             bracketed ? "]" : "", host->port);
    }
    if (label != NULL && target->database != NULL)
        label = arena_format(merge->arena, "%s/%s", label, target->database);
    target->label = label;
    return label != NULL || fault_out_of_memory(merge->fault);
}

/* --- the other keywords ------------------------------------------------------------------------------------------------ */

static bool fill_attrs(struct target *target, const struct merge *merge)
{
    const struct word *word = find(merge, "target_session_attrs");
    return word == NULL || keyword_attrs(&target->attrs, word->value, word->origin, merge->fault);
}

static bool fill_connect_timeout(struct target *target, const struct merge *merge)
{
    const struct word *word = find(merge, "connect_timeout");
    target->connect_timeout_ms = DEFAULT_CONNECT_TIMEOUT_MS;
    return word == NULL || keyword_connect_timeout(&target->connect_timeout_ms, word->value, word->origin, merge->fault);
}

static bool check_sslmode(const struct merge *merge)
{
    const struct word *word = find(merge, "sslmode");
    return word == NULL || keyword_sslmode(word->value, word->origin, merge->fault);
}

static bool goes_to_libpq(const char *keyword)
{
    static const char *const kept_back[] = {
        "password", "passfile_is_none", "target_session_attrs", "connect_timeout",          "host", "hostaddr",
        "port",     "client_encoding",  "gssencmode",           "fallback_application_name"
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
    if (find(merge, keyword) == NULL)
        put(target, keyword, value);
}

static const char *gssencmode(const struct merge *merge)
{
    const char *given = value_of(merge, "gssencmode");
    if (given == NULL)
        given = getenv("PGGSSENCMODE");
    return given != NULL ? given : "disable"; /* libpq's "prefer" may block on a KDC, and costs a round trip */
}

static void say_instead(struct merge *merge, const char *keyword, const char *value)
{
    for (size_t i = 0; i < merge->count; i++)
        if (strcmp(merge->words[i].keyword, keyword) == 0)
            merge->words[i].value = value;
}

/* As libpq has it from version 16 on: whom the system trusts is only of use with verify-full, which is then the default. */
static bool trust_the_system(struct merge *merge)
{
    const struct word *root = find(merge, "sslrootcert");
    const struct word *mode = find(merge, "sslmode");
    if (root == NULL || strcmp(root->value, "system") != 0)
        return true;
    if (mode != NULL && mode->origin != LIBPQS_DEFAULT && strcmp(mode->value, "verify-full") != 0)
        return fault_set(merge->fault, FAULT_CONFIG,
                         "sslrootcert=system goes with sslmode=verify-full only, and %s says another sslmode", mode->origin);
    const char *file;
    if (!trust_system(&file, merge->fault))
        return false;
    say_instead(merge, "sslrootcert", file);
    say_instead(merge, "sslmode", "verify-full");
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
    target->password = value_of(merge, "password");
    return true;
}

/* A target's own words come first. */
static bool add_own(struct merge *merge, struct target *target, const struct target_spec *spec)
{
    if (spec->text == NULL)
        return true;
    if (!add_conninfo(merge, spec->text, spec->origin))
        return false;
    target->database = value_of(merge, "dbname");
    merge->has_place = find(merge, "host") != NULL || find(merge, "hostaddr") != NULL || find(merge, "service") != NULL;
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
        if (!add_word(&merge, said))
            return false;
    }
    if (!add_defaults(&merge))
        return false;
    if (!fill_connect_timeout(target, &merge) || !fill_hosts(target, &merge))
        return false;
    narrow(target, spec);
    return fill_label(target, &merge) && fill_attrs(target, &merge) && check_sslmode(&merge) && trust_the_system(&merge) &&
           fill_keywords(target, &merge);
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
