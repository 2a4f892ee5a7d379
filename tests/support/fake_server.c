/*
 * The listener, the script and the record of what was heard. What is said to a client is fake_visitor.c's.
 */
#include "support/fake_server.h"

#include <stdlib.h>
#include <string.h>

#include "support/fake_visitor.h"
#include "support/loop_thread.h"
#include "support/must.h"
#include "support/port.h"

enum { BACKLOG = 128, MOST_COUNTED_REPLIES = 64 };

struct fake_server {
    struct loop_thread *thread;
    const char *address;
    int port;
    uv_tcp_t *listener; /* NULL: connections are refused */
    const struct fake_visit *visits;
    size_t visit_count;
    size_t next_visit;
    struct visitor *visitors;
    unsigned open_handles;
    unsigned connections;
    unsigned cancels;
    struct bytes heard;
    struct {
        const struct fake_reply *reply;
        unsigned uses;
    } counted[MOST_COUNTED_REPLIES];
};

static const struct fake_visit plain_visit = { .manner = FAKE_LOGIN };

/* --- what visitors ask --- */

void fake_server_note(struct fake_server *server, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    bytes_add_args(&server->heard, format, args);
    va_end(args);
    bytes_add(&server->heard, "\n", 1);
    loop_thread_changed(server->thread);
}

static unsigned *count_uses(struct fake_server *server, const struct fake_reply *reply)
{
    size_t i = 0;
    while (i < MOST_COUNTED_REPLIES && server->counted[i].reply != NULL && server->counted[i].reply != reply)
        i++;
    must(i < MOST_COUNTED_REPLIES, "too many replies with `times`");
    server->counted[i].reply = reply;
    return &server->counted[i].uses;
}

static bool is_end(const struct fake_reply *reply)
{
    return reply->times == ~0U;
}

const struct fake_reply *fake_server_find(struct fake_server *server, const struct fake_visit *visit, const char *query)
{
    for (const struct fake_reply *reply = visit->replies; reply != NULL && !is_end(reply); reply++) {
        bool fits = reply->match == NULL || strstr(query, reply->match) != NULL;
        if (fits && (reply->times == 0 || *count_uses(server, reply) < reply->times))
            return reply;
    }
    return NULL;
}

const struct fake_reply *fake_server_choose(struct fake_server *server, const struct fake_visit *visit, const char *query)
{
    const struct fake_reply *reply = fake_server_find(server, visit, query);
    if (reply != NULL && reply->times > 0)
        ++*count_uses(server, reply);
    return reply;
}

void fake_server_cancel(struct fake_server *server, struct visitor *messenger, int number)
{
    server->cancels++;
    server->connections--; /* it was counted before it could be known for what it is */
    if (server->next_visit > 0)
        server->next_visit--;
    messenger->number = 0;
    fake_server_note(server, "cancel");
    for (struct visitor *visitor = server->visitors; visitor != NULL; visitor = visitor->next)
        if (visitor->number == (unsigned) number)
            visitor_cancel(visitor);
}

void fake_server_overhear(struct fake_server *server, const struct visitor *speaker, const char *text)
{
    for (struct visitor *visitor = server->visitors; visitor != NULL; visitor = visitor->next)
        if (visitor != speaker)
            visitor_overhear(visitor, text);
}

void fake_server_gone(struct fake_server *server, struct visitor *visitor)
{
    struct visitor **link = &server->visitors;
    while (*link != visitor)
        link = &(*link)->next;
    *link = visitor->next;
    server->open_handles--;
}

/* --- the listener --- */

static const struct fake_visit *take_visit(struct fake_server *server)
{
    if (server->visit_count == 0)
        return &plain_visit;
    size_t index = server->next_visit < server->visit_count ? server->next_visit : server->visit_count - 1;
    server->next_visit++;
    return &server->visits[index];
}

static void on_connection(uv_stream_t *listener, int status)
{
    must(status == 0, "cannot listen: %s", uv_strerror(status));
    struct fake_server *server = listener->data;
    struct visitor *visitor = must_alloc(sizeof *visitor);
    visitor->server = server;
    visitor->next = server->visitors;
    server->visitors = visitor;
    server->open_handles++;
    must(uv_tcp_init(listener->loop, &visitor->tcp) == 0, "cannot make a socket");
    must(uv_accept(listener, (uv_stream_t *) &visitor->tcp) == 0, "cannot accept a connection");
    visitor->number = ++server->connections;
    visitor->visit = take_visit(server);
    visitor_begin(visitor);
    loop_thread_changed(server->thread);
}

static void bind_listener(struct fake_server *server)
{
    struct sockaddr_storage address = { 0 };
    if (strchr(server->address, ':') != NULL)
        uv_ip6_addr(server->address, server->port, (struct sockaddr_in6 *) &address);
    else
        uv_ip4_addr(server->address, server->port, (struct sockaddr_in *) &address);
    int status = uv_tcp_bind(server->listener, (struct sockaddr *) &address, 0);
    if (status == 0)
        status = uv_listen((uv_stream_t *) server->listener, BACKLOG, on_connection);
    must(status == 0, "cannot listen on %s:%d: %s", server->address, server->port, uv_strerror(status));
}

static void start_listening(void *argument)
{
    struct fake_server *server = argument;
    if (server->listener != NULL)
        return;
    server->listener = must_alloc(sizeof *server->listener);
    must(uv_tcp_init(loop_thread_loop(server->thread), server->listener) == 0, "cannot make a socket");
    server->open_handles++;
    server->listener->data = server;
    bind_listener(server);
    uv_unref((uv_handle_t *) server->listener);
}

static void on_listener_closed(uv_handle_t *handle)
{
    struct fake_server *server = handle->data;
    server->open_handles--;
    free(handle);
}

static void stop_listening(void *argument)
{
    struct fake_server *server = argument;
    if (server->listener != NULL)
        uv_close((uv_handle_t *) server->listener, on_listener_closed);
    server->listener = NULL;
}

static void drop_visitors(void *argument)
{
    struct fake_server *server = argument;
    for (struct visitor *visitor = server->visitors; visitor != NULL; visitor = visitor->next)
        visitor_close(visitor, false);
}

static void forget(void *argument)
{
    struct fake_server *server = argument;
    drop_visitors(server);
    server->next_visit = 0;
    server->connections = 0;
    server->cancels = 0;
    bytes_drop(&server->heard, server->heard.size);
    memset(server->counted, 0, sizeof server->counted);
}

static void close_all(void *argument)
{
    stop_listening(argument);
    drop_visitors(argument);
}

static bool is_closed(void *argument)
{
    struct fake_server *server = argument;
    return server->open_handles == 0;
}

/* --- what tests ask --- */

struct fake_server *fake_server_new_at(uv_loop_t *loop, const char *address, int port)
{
    struct fake_server *server = must_alloc(sizeof *server);
    server->address = must_keep(address, strlen(address));
    server->port = port;
    bytes_add(&server->heard, "", 0);
    server->thread = loop_thread_new(loop);
    return server;
}

struct fake_server *fake_server_new(uv_loop_t *loop)
{
    return fake_server_new_at(loop, "127.0.0.1", port_reserve());
}

void fake_server_free(struct fake_server *server)
{
    if (server == NULL)
        return;
    loop_thread_do(server->thread, close_all, server);
    while (!loop_thread_is_ours(server->thread) && !is_closed(server))
        uv_run(loop_thread_loop(server->thread), UV_RUN_ONCE);
    loop_thread_free(server->thread);
    bytes_finish(&server->heard);
    free(server);
}

struct new_script {
    struct fake_server *server;
    const struct fake_visit *visits;
    size_t count;
};

static void set_script(void *argument)
{
    struct new_script *script = argument;
    script->server->visits = script->visits;
    script->server->visit_count = script->count;
    script->server->next_visit = 0;
}

void fake_server_script(struct fake_server *server, const struct fake_visit *visits, size_t count)
{
    loop_thread_do(server->thread, set_script, &(struct new_script){ server, visits, count });
}

void fake_server_listen(struct fake_server *server)
{
    loop_thread_do(server->thread, start_listening, server);
}

void fake_server_refuse(struct fake_server *server)
{
    loop_thread_do(server->thread, stop_listening, server);
}

void fake_server_drop_all(struct fake_server *server)
{
    loop_thread_do(server->thread, drop_visitors, server);
}

void fake_server_forget(struct fake_server *server)
{
    loop_thread_do(server->thread, forget, server);
}

int fake_server_port(const struct fake_server *server)
{
    return server->port;
}

const char *fake_server_conninfo(const struct fake_server *server)
{
    return must_format("host=%s port=%d user=someone dbname=somewhere", server->address, server->port);
}

struct glance {
    struct fake_server *server;
    unsigned connections;
    unsigned cancels;
    const char *heard;
    unsigned wanted_connections;
    const char *wanted_text;
};

static void look(void *argument)
{
    struct glance *glance = argument;
    glance->connections = glance->server->connections;
    glance->cancels = glance->server->cancels;
}

static void read_heard(void *argument)
{
    struct glance *glance = argument;
    glance->heard = must_keep(glance->server->heard.at, glance->server->heard.size);
}

unsigned fake_server_connections(struct fake_server *server)
{
    struct glance glance = { .server = server };
    loop_thread_do(server->thread, look, &glance);
    return glance.connections;
}

unsigned fake_server_cancels(struct fake_server *server)
{
    struct glance glance = { .server = server };
    loop_thread_do(server->thread, look, &glance);
    return glance.cancels;
}

const char *fake_server_heard(struct fake_server *server)
{
    struct glance glance = { .server = server };
    loop_thread_do(server->thread, read_heard, &glance);
    return glance.heard;
}

static bool has_connections(void *argument)
{
    const struct glance *glance = argument;
    return glance->server->connections >= glance->wanted_connections;
}

static bool has_heard(void *argument)
{
    const struct glance *glance = argument;
    return strstr(glance->server->heard.at, glance->wanted_text) != NULL;
}

void fake_server_wait_connections(struct fake_server *server, unsigned count)
{
    struct glance glance = { .server = server, .wanted_connections = count };
    must(loop_thread_wait(server->thread, has_connections, &glance), "only %u connections came", server->connections);
}

void fake_server_wait_heard(struct fake_server *server, const char *text)
{
    struct glance glance = { .server = server, .wanted_text = text };
    must(loop_thread_wait(server->thread, has_heard, &glance), "\"%s\" was not heard:\n%s", text, server->heard.at);
}
