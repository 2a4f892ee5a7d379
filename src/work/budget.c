/*
 * Counting and queueing. It knows names of servers and who came first, not what anybody does with a connection.
 *
 * One that finds its server's share used up waits in that server's queue, else in the common one: a server that is slow holds up only
 * those that want to go there.
 */
#include "budget.h"

#include <assert.h>
#include <string.h>

#include "base/memory.h"

struct budget_server {
    struct budget_server *next; /* in its bucket */
    int64_t in_use;
    int64_t kept;
    struct pass_queue waiting;
    char name[];
};

static void append(struct pass_queue *queue, struct pass *pass)
{
    pass->queue = queue;
    pass->before = queue->last;
    pass->after = NULL;
    *(queue->last != NULL ? &queue->last->after : &queue->first) = pass;
    queue->last = pass;
    pass->state = PASS_WAITING;
}

static void take_out(struct pass *pass)
{
    struct pass_queue *queue = pass->queue;
    *(pass->before != NULL ? &pass->before->after : &queue->first) = pass->after;
    *(pass->after != NULL ? &pass->after->before : &queue->last) = pass->before;
    pass->queue = NULL;
    pass->state = PASS_OUT;
}

static bool server_is_full(const struct pass *pass)
{
    return pass->server->in_use >= pass->budget->most_a_server;
}

static bool budget_is_full(const struct budget *budget)
{
    return budget->in_use >= budget->most;
}

static void let_in(struct pass *pass)
{
    pass->state = PASS_IN;
    pass->budget->in_use++;
    pass->server->in_use++;
}

bool pass_enter(struct pass *pass)
{
    assert(pass->state == PASS_OUT);
    if (server_is_full(pass)) {
        append(&pass->server->waiting, pass);
    } else if (budget_is_full(pass->budget)) {
        append(&pass->budget->waiting, pass);
    } else {
        let_in(pass);
        return true;
    }
    return false;
}

/* Who waits for the budget may find on its turn that its server is full by now: then it waits there. */
static struct pass *next_in_common(struct budget *budget)
{
    struct pass *pass;
    while ((pass = budget->waiting.first) != NULL && server_is_full(pass)) {
        take_out(pass);
        append(&pass->server->waiting, pass);
    }
    return pass;
}

/* One place is free. Whoever waits for this server waits longer than those who wait for any. */
static void give_turn(struct budget *budget, struct budget_server *server)
{
    if (budget_is_full(budget))
        return;
    struct pass *next = server->in_use < budget->most_a_server ? server->waiting.first : NULL;
    if (next == NULL)
        next = next_in_common(budget);
    if (next == NULL)
        return;
    take_out(next);
    let_in(next);
    next->on_turn(next->owner);
}

bool pass_keep(struct pass *pass)
{
    assert(pass->state == PASS_IN);
    struct budget *budget = pass->budget;
    struct budget_server *server = pass->server;
    bool has_room = 2 * (budget->kept + 1) <= budget->most && 2 * (server->kept + 1) <= budget->most_a_server;
    if (pass->is_kept || !has_room)
        return pass->is_kept;
    pass->is_kept = true;
    budget->kept++;
    server->kept++;
    return true;
}

void pass_leave(struct pass *pass)
{
    if (pass->state == PASS_WAITING) {
        take_out(pass);
    } else if (pass->state == PASS_IN) {
        pass->state = PASS_OUT;
        pass->budget->in_use--;
        pass->server->in_use--;
        pass->budget->kept -= pass->is_kept;
        pass->server->kept -= pass->is_kept;
        pass->is_kept = false;
        give_turn(pass->budget, pass->server);
    }
}

/* FNV-1a */
static size_t bucket_of(const char *name)
{
    uint32_t hash = 2166136261U;
    for (; *name != '\0'; name++)
        hash = (hash ^ (unsigned char) *name) * 16777619U;
    return hash % BUDGET_BUCKETS;
}

static struct budget_server *find_server(struct budget *budget, const char *name)
{
    struct budget_server **bucket = &budget->servers[bucket_of(name)];
    for (struct budget_server *server = *bucket; server != NULL; server = server->next)
        if (strcmp(server->name, name) == 0)
            return server;
    size_t size = strlen(name) + 1;
    struct budget_server *server = memory_alloc(sizeof *server + size);
    if (server == NULL)
        return NULL;
    memcpy(server->name, name, size);
    server->next = *bucket;
    *bucket = server;
    return server;
}

bool pass_init(struct pass *pass, struct budget *budget, const char *server, void (*on_turn)(void *owner), void *owner,
               struct fault *fault)
{
    *pass = (struct pass){ .budget = budget, .on_turn = on_turn, .owner = owner };
    pass->server = find_server(budget, server);
    return pass->server != NULL || fault_out_of_memory(fault);
}

void budget_init(struct budget *budget, int64_t most, int64_t most_a_server)
{
    *budget = (struct budget){ .most = most, .most_a_server = most_a_server, .keeps_open = true };
}

void budget_finish(struct budget *budget)
{
    if (budget == NULL)
        return;
    assert(budget->in_use == 0 && budget->waiting.first == NULL);
    for (size_t i = 0; i < BUDGET_BUCKETS; i++) {
        struct budget_server *next;
        for (struct budget_server *server = budget->servers[i]; server != NULL; server = next) {
            next = server->next;
            memory_free(server);
        }
    }
}
