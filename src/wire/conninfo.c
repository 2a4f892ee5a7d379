/*
 * libpq's option list as plain words. libpq's own error messages quote the string they were given, password and all, so none of
 * them is passed on: what can be said without a value is said here.
 */
#include "wire/conninfo.h"

#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "wire.h"

static const char service_variable[] = "PGSERVICE";

static struct claim {
    const char *variable;
    const char *keyword;
    const char *value; /* NULL: it was not set, or nobody has claimed it */
} claims[] = {
    { .variable = "PGHOSTADDR", .keyword = "hostaddr" },
    { .variable = service_variable, .keyword = "service" },
};

enum { CLAIMS = sizeof claims / sizeof claims[0] };

/*
 * The service's variable is set again whenever one is expanded, perhaps while a look-up in another thread reads the environment. Once
 * there has been room for it, setting it moves none of the others.
 */
void conninfo_claim_environment(void)
{
    for (size_t i = 0; i < CLAIMS; i++) {
        claims[i].value = getenv(claims[i].variable); /* the text stays where it is */
        unsetenv(claims[i].variable);
    }
    setenv(service_variable, "", 1);
    unsetenv(service_variable);
}

static const char *variable_text(const char *name)
{
    for (size_t i = 0; i < CLAIMS; i++)
        if (claims[i].value != NULL && strcmp(claims[i].variable, name) == 0)
            return claims[i].value;
    return getenv(name);
}

/* The same option may have come from a service file, which libpq reads first. */
static bool is_from_variable(const PQconninfoOption *option)
{
    const char *text = option->envvar != NULL ? variable_text(option->envvar) : NULL;
    return text != NULL && strcmp(text, option->val) == 0;
}

static bool copy_options(struct conninfo *conninfo, struct arena *arena, const PQconninfoOption *options,
                         struct fault *fault)
{
    size_t most = 0;
    while (options[most].keyword != NULL)
        most++;
    conninfo->count = 0;
    conninfo->words = arena_array(arena, most, sizeof *conninfo->words);
    bool ok = conninfo->words != NULL;
    for (const PQconninfoOption *option = options; ok && option->keyword != NULL; option++) {
        if (option->val == NULL || option->val[0] == '\0')
            continue;
        const char *variable = is_from_variable(option) ? option->envvar : NULL;
        struct conninfo_word word = {
            .keyword = arena_text(arena, option->keyword),
            .value = arena_text(arena, option->val),
            .variable = arena_text(arena, variable),
        };
        ok = word.keyword != NULL && word.value != NULL && (word.variable != NULL || variable == NULL);
        conninfo->words[conninfo->count++] = word;
    }
    return ok || fault_out_of_memory(fault);
}

/* libpq's words for what is wrong with a string, and how to say it without quoting the string. */
static const struct {
    const char *libpq;
    const char *ours;
} complaints[] = {
    { "invalid percent-encoded token",
      "a '%' in a URI has to be written as %25 (or give the password in POSTGRES_PASSWORD)" },
    { "forbidden value %00", "%00 cannot stand in a URI" },
    { "missing key/value separator", "a parameter after the '?' has no '='" },
    { "extra key/value separator", "a parameter after the '?' has two '='" },
    { "invalid URI query parameter", "it has a parameter that libpq does not know" },
    { "unexpected character", "it has a character where ':', '/', '?' or the end is expected; a '/', '@' or ':' within a "
                              "user or password has to be percent-encoded" },
    { "matching \"]\"", "an IPv6 address in it has no closing ']'" },
    { "IPv6 host address may not be empty", "it has an empty IPv6 address" },
    { "missing \"=\"", "a word in it has no '='; a URI begins with postgresql://" },
    { "unterminated quoted string", "a quote in it is not closed" },
    { "invalid connection option", "it has a keyword that libpq does not know" },
};

static const char *complaint_for(const char *message)
{
    for (size_t i = 0; message != NULL && i < sizeof complaints / sizeof complaints[0]; i++)
        if (strstr(message, complaints[i].libpq) != NULL)
            return complaints[i].ours;
    return "it is neither postgresql://user@host/database nor keyword=value words";
}

/* The word that libpq does not know may be a piece of a password; the keyword that it resembles is none. */
static void add_guess(struct fault *fault, const char *message)
{
    const char *word = message != NULL ? strchr(message, '"') : NULL;
    if (word == NULL || strstr(fault->detail, "libpq does not know") == NULL)
        return;
    struct nearest nearest = { .word = word + 1, .word_size = strcspn(word + 1, "\"") };
    PQconninfoOption *options = PQconndefaults();
    for (const PQconninfoOption *option = options; option != NULL && option->keyword != NULL; option++)
        nearest_offer(&nearest, option->keyword);
    if (nearest.found != NULL)
        fault_hint(fault, "Did you mean %s?", nearest.found);
    PQconninfoFree(options);
}

/*
 * libpq ends the user and password at the first '/' or '@', so that the rest of a password that has one itself would be taken for a
 * host, a port or a database, and shown as such.
 */
static bool is_torn(const char *text)
{
    const char *scheme = strstr(text, "://");
    if (scheme == NULL || strncmp(text, "postgres", sizeof "postgres" - 1) != 0)
        return false; /* keywords and values, which libpq takes apart without guessing */
    const char *authority = scheme + 3;
    const char *path = authority + strcspn(authority, "/");
    bool has_path_at = memchr(path, '@', strcspn(path, "?")) != NULL;
    const char *host = authority + strcspn(authority, "@/");
    bool has_host_at = *host == '@' && host[1 + strcspn(host + 1, "@/?")] == '@';
    return has_path_at || has_host_at;
}

static bool refuse_torn(const char *origin, struct fault *fault)
{
    fault_set(fault, FAULT_CONFIG, "%s is not a valid connection string", origin);
    fault_detail(fault, "a '/' in its user or password has to be written as %%2F, and an '@' as %%40");
    fault_hint(fault, "POSTGRES_PASSWORD takes a password as it is.");
    return false;
}

bool conninfo_parse(struct conninfo *conninfo, struct arena *arena, const char *text, const char *origin,
                    struct fault *fault)
{
    if (is_torn(text))
        return refuse_torn(origin, fault);
    char *message = NULL;
    PQconninfoOption *options = PQconninfoParse(text, &message);
    bool ok;
    if (options == NULL && message == NULL) {
        ok = fault_out_of_memory(fault);
    } else if (options == NULL) {
        ok = fault_set(fault, FAULT_CONFIG, "%s is not a valid connection string", origin);
        fault_detail(fault, "%s", complaint_for(message));
        add_guess(fault, message);
    } else {
        ok = copy_options(conninfo, arena, options, fault);
    }
    PQfreemem(message);
    PQconninfoFree(options);
    return ok;
}

/*
 * PQconndefaults() passes over a service that it does not find, and only PQconnectStart says so. An sslmode that does not exist keeps
 * it from going any further than the service file: whatever else it complains about comes before that.
 */
static bool service_is_known(const char *service)
{
    const char *const keywords[] = { "service", "sslmode", NULL };
    const char *const values[] = { service, "none such", NULL };
    PGconn *conn = PQconnectStartParams(keywords, values, 0);
    bool known = conn == NULL || strstr(PQerrorMessage(conn), "sslmode") != NULL;
    PQfinish(conn);
    return known;
}

static bool check_service(const char *name, struct fault *fault)
{
    if (service_is_known(name))
        return true;
    fault_set(fault, FAULT_CONFIG, "the connection service \"%s\" is not in pg_service.conf", name);
    fault_hint(fault, "PGSERVICEFILE or PGSYSCONFDIR says where that file is, else it is ~/.pg_service.conf.");
    return false;
}

/* The only way to have libpq read a service file outside of PQconnect. */
static PQconninfoOption *defaults_with(const char *service, struct arena *arena)
{
    const char *own = getenv(service_variable);
    char *before = arena_text(arena, own); /* setenv() may overwrite it */
    if (own != NULL && before == NULL)
        return NULL;
    setenv(service_variable, service, 1);
    PQconninfoOption *options = PQconndefaults();
    if (before != NULL)
        setenv(service_variable, before, 1);
    else
        unsetenv(service_variable);
    return options;
}

/* As libpq would have, had it not been claimed: after a service file. */
static bool add_claim(PQconninfoOption *option, const struct claim *claim)
{
    while (strcmp(option->keyword, claim->keyword) != 0)
        option++;
    if (option->val == NULL && claim->value != NULL)
        option->val = strdup(claim->value); /* PQconninfoFree() frees it */
    return option->val != NULL || claim->value == NULL;
}

static bool add_claims(PQconninfoOption *options)
{
    bool ok = true;
    for (size_t i = 0; ok && i < CLAIMS; i++)
        ok = add_claim(options, &claims[i]);
    return ok;
}

bool conninfo_defaults(struct conninfo *conninfo, struct arena *arena, const char *service, struct fault *fault)
{
    const char *name = service != NULL ? service : variable_text(service_variable);
    conninfo->has_service = name != NULL && name[0] != '\0';
    if (conninfo->has_service && !check_service(name, fault))
        return false;
    PQconninfoOption *options = conninfo->has_service ? defaults_with(name, arena) : PQconndefaults();
    bool ok =
        options != NULL && add_claims(options) ? copy_options(conninfo, arena, options, fault) : fault_out_of_memory(fault);
    PQconninfoFree(options);
    return ok;
}

const char *conninfo_value(const struct conninfo *conninfo, const char *keyword)
{
    for (size_t i = 0; i < conninfo->count; i++)
        if (strcmp(conninfo->words[i].keyword, keyword) == 0)
            return conninfo->words[i].value;
    return NULL;
}
