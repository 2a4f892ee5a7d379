/*
 * getaddrinfo in libuv's pool, so that a slow resolver never holds up the loop. It knows names and numbers; ports, order of hosts
 * and repetition are somebody else's.
 */
#include "wire/lookup.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/memory.h"
#include "wire.h"

struct lookup {
    uv_getaddrinfo_t request;
    struct loop *loop;
    lookup_heard *on_heard; /* NULL: abandoned */
    void *owner;
};

bool address_is_numeric(const char *text)
{
    unsigned char address[sizeof(struct in6_addr)];
    char plain[ADDRESS_BYTES];
    text_cut(plain, sizeof plain, text);
    char *zone = strchr(plain, '%');
    if (zone != NULL)
        *zone = '\0';
    return inet_pton(AF_INET, plain, address) == 1 || inet_pton(AF_INET6, plain, address) == 1;
}

static bool already_there(const struct lookup_answer *answer, const char *address)
{
    for (size_t i = 0; i < answer->count; i++)
        if (strcmp(answer->addresses[i], address) == 0)
            return true;
    return false;
}

static bool write_numeric(const struct sockaddr *address, char *text)
{
    if (address->sa_family == AF_INET)
        return uv_ip4_name((const struct sockaddr_in *) (const void *) address, text, ADDRESS_BYTES) == 0;
    if (address->sa_family == AF_INET6)
        return uv_ip6_name((const struct sockaddr_in6 *) (const void *) address, text, ADDRESS_BYTES) == 0;
    return false;
}

static void collect(struct lookup_answer *answer, const struct addrinfo *found)
{
    for (const struct addrinfo *each = found; each != NULL && answer->count < LOOKUP_MOST_ADDRESSES; each = each->ai_next) {
        char text[ADDRESS_BYTES];
        if (write_numeric(each->ai_addr, text) && !already_there(answer, text))
            memcpy(answer->addresses[answer->count++], text, ADDRESS_BYTES);
    }
}

static void on_looked_up(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    struct lookup *lookup = request->data;
    loop_pool_left(lookup->loop);
    if (lookup->on_heard != NULL) {
        struct lookup_answer answer = { .count = 0 };
        collect(&answer, found);
        if (answer.count == 0)
            answer.message = status < 0 ? uv_strerror(status) : "the name has no address";
        lookup->on_heard(lookup->owner, &answer);
    }
    uv_freeaddrinfo(found);
    memory_free(lookup);
}

struct lookup *lookup_start(struct loop *loop, const char *name, lookup_heard *on_heard, void *owner, struct fault *fault)
{
    struct lookup *lookup = memory_alloc(sizeof *lookup);
    if (lookup == NULL) {
        fault_out_of_memory(fault);
        return NULL;
    }
    *lookup = (struct lookup){ .loop = loop, .on_heard = on_heard, .owner = owner };
    lookup->request.data = lookup;
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
    int status = uv_getaddrinfo(&loop->uv, &lookup->request, on_looked_up, name, NULL, &hints);
    if (status < 0) {
        fault_set(fault, FAULT_CONFIG, "cannot look up the host name \"%s\": %s", name, uv_strerror(status));
        memory_free(lookup);
        return NULL;
    }
    loop_pool_entered(loop);
    return lookup;
}

void lookup_abandon(struct lookup *lookup)
{
    if (lookup != NULL)
        lookup->on_heard = NULL;
}
