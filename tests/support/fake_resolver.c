/*
 * A getaddrinfo() that looks into a file instead of asking the network, and again at each call, so that a name can begin to
 * resolve while somebody waits for it. Preloaded into a program (run_spec.hosts) or linked into a test (fake_resolver_dep).
 *
 * The file is named by FAKE_RESOLVER_HOSTS; each line is a name and its addresses: "db.test 127.0.0.2 127.0.0.1", "none.test"
 * has none, and whoever asks for "hung.test never" gets no answer at all. A name that is not in the file is none either. Numeric addresses, and everything when there is no such variable,
 * go to the C library. It may use nothing of the harness, since it lives in other programs.
 */
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef int resolver(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **found);

enum { LINE_BYTES = 16 * 1024 };

static resolver *find_real(void)
{
    resolver *real = NULL;
    void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");
    memcpy(&real, &symbol, sizeof real);
    return real;
}

static int resolve_number(const char *address, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
    struct addrinfo numeric = { .ai_socktype = SOCK_STREAM };
    if (hints != NULL)
        numeric = *hints;
    numeric.ai_flags |= AI_NUMERICHOST;
    return find_real()(address, service, &numeric, found);
}

/* The line of that name, its first word left out; false when there is none. */
static int find_line(const char *hosts, const char *name, char *line)
{
    FILE *file = fopen(hosts, "re");
    if (file == NULL)
        return 0;
    int found = 0;
    while (!found && fgets(line, LINE_BYTES, file) != NULL) {
        size_t size = strcspn(line, " \t\n");
        found = size == strlen(name) && strncmp(line, name, size) == 0;
        if (found)
            memset(line, ' ', size);
    }
    fclose(file);
    return found;
}

static int resolve_all(char *addresses, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
    char *rest = NULL;
    struct addrinfo **end = found;
    *end = NULL;
    for (char *one = strtok_r(addresses, " \t\n", &rest); one != NULL; one = strtok_r(NULL, " \t\n", &rest)) {
        while (strcmp(one, "never") == 0)
            pause();
        if (resolve_number(one, service, hints, end) != 0)
            *end = NULL; /* an address of a family that was not asked for */
        while (*end != NULL)
            end = &(*end)->ai_next;
    }
    return *found != NULL ? 0 : EAI_NONAME;
}

// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): the header has reserved names
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
    const char *hosts = getenv("FAKE_RESOLVER_HOSTS");
    char line[LINE_BYTES];
    if (hosts == NULL || node == NULL)
        return find_real()(node, service, hints, found);
    if (resolve_number(node, service, hints, found) == 0)
        return 0;
    if (!find_line(hosts, node, line))
        return EAI_NONAME;
    return resolve_all(line, service, hints, found);
}
