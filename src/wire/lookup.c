/*
 * getaddrinfo in libuv's pool, so that a slow resolver never holds up the loop. It knows names and numbers; ports, order of hosts
 * and repetition are somebody else's.
 */
#include "wire/lookup.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "wire.h"

/* One name in the pool, and those who want to hear of it. */
struct lookup_request {
    uv_getaddrinfo_t uv;
    struct loop *loop;
    struct lookup_request *next; /* of the loop */
    struct lookup *first;
    struct lookup *last;
    char name[];
};

struct lookup {
    struct lookup *next;
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

/* With the zone of a link-local address, without which it leads nowhere. */
static bool write_numeric(const struct addrinfo *found, char *text)
{
    bool is_known = found->ai_family == AF_INET || found->ai_family == AF_INET6;
    return is_known && getnameinfo(found->ai_addr, found->ai_addrlen, text, ADDRESS_BYTES, NULL, 0, NI_NUMERICHOST) == 0;
}

static void collect(struct lookup_answer *answer, const struct addrinfo *found)
{
    for (const struct addrinfo *each = found; each != NULL && answer->count < LOOKUP_MOST_ADDRESSES; each = each->ai_next) {
        char text[ADDRESS_BYTES];
        if (write_numeric(each, text) && !already_there(answer, text))
            memcpy(answer->addresses[answer->count++], text, ADDRESS_BYTES);
    }
}

static void tell(struct lookup_request *request, const struct lookup_answer *answer)
{
    struct lookup *next;
    for (struct lookup *lookup = request->first; lookup != NULL; lookup = next) {
        if (lookup->on_heard != NULL)
            lookup->on_heard(lookup->owner, answer);
        next = lookup->next;
        memory_free(lookup);
    }
}

static void leave_loop(struct lookup_request *request)
{
    struct lookup_request **link = &request->loop->lookups;
    while (*link != request)
        link = &(*link)->next;
    *link = request->next;
    loop_pool_left(request->loop);
}

static void on_looked_up(uv_getaddrinfo_t *uv, int status, struct addrinfo *found)
{
    struct lookup_request *request = uv->data;
    struct lookup_answer answer;
    answer.count = 0; /* the rest is large, and need not be zeroed */
    answer.message = NULL;
    leave_loop(request); /* who asks from now on wants a newer answer */
    collect(&answer, found);
    if (answer.count == 0)
        answer.message = status < 0 ? uv_strerror(status) : "the name has no address";
    tell(request, &answer);
    uv_freeaddrinfo(found);
    memory_free(request);
}

static struct lookup_request *find_request(const struct loop *loop, const char *name)
{
    struct lookup_request *request = loop->lookups;
    while (request != NULL && strcmp(request->name, name) != 0)
        request = request->next;
    return request;
}

static struct lookup_request *start_request(struct loop *loop, const char *name, struct fault *fault)
{
    size_t size = strlen(name) + 1;
    struct lookup_request *request = memory_alloc(sizeof *request + size);
    if (request == NULL) {
        fault_out_of_memory(fault);
        return NULL;
    }
    request->loop = loop;
    request->uv.data = request;
    memcpy(request->name, name, size);
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
    int status = uv_getaddrinfo(&loop->uv, &request->uv, on_looked_up, name, NULL, &hints);
    if (status < 0) {
        bool is_name = status == UV_EINVAL || status == UV_ENAMETOOLONG;
        fault_set(fault, is_name ? FAULT_CONFIG : FAULT_INTERNAL, "cannot look up the host name \"%s\": %s", name,
                  uv_strerror(status));
        memory_free(request);
        return NULL;
    }
    request->next = loop->lookups;
    loop->lookups = request;
    loop_pool_entered(loop);
    return request;
}

struct lookup *lookup_start(struct loop *loop, const char *name, lookup_heard *on_heard, void *owner, struct fault *fault)
{
    struct lookup *lookup = memory_alloc(sizeof *lookup);
    if (lookup == NULL) {
        fault_out_of_memory(fault);
        return NULL;
    }
    struct lookup_request *request = find_request(loop, name);
    if (request == NULL)
        request = start_request(loop, name, fault);
    if (request == NULL) {
        memory_free(lookup);
        return NULL;
    }
    *lookup = (struct lookup){ .on_heard = on_heard, .owner = owner };
    *(request->last != NULL ? &request->last->next : &request->first) = lookup;
    request->last = lookup;
    return lookup;
}

void lookup_abandon(struct lookup *lookup)
{
    if (lookup != NULL)
        lookup->on_heard = NULL;
}

/* libuv runs look-ups in only half of its threads, rounded up, so that they cannot take all of them. */
void lookup_expect(size_t names)
{
    enum { USUAL_THREADS = 4, MOST_THREADS = 128 };
    char threads[16];
    size_t wanted = names < MOST_THREADS / 2 ? 2 * names : MOST_THREADS;
    if (wanted <= USUAL_THREADS)
        return;
    snprintf(threads, sizeof threads, "%zu", wanted);
    setenv("UV_THREADPOOL_SIZE", threads, 0);
}
