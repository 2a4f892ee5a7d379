/*
 * The proxy's listener, its sums and its plan to cut. What passes through a connection is wire_link.c's.
 */
#include "support/wire_proxy.h"

#include <signal.h>
#include <stdlib.h>

#include "support/loop_thread.h"
#include "support/must.h"
#include "support/port.h"
#include "support/wire_link.h"

enum { BACKLOG = 128 };

struct wire_proxy {
    struct loop_thread *thread;
    uv_tcp_t listener;
    struct sockaddr_in server;
    int port;
    struct wire_link *links;
    struct wire_count count;
    struct wire_cut cut;

    struct wire_strike strike;
    bool strikes; /* connections may be struck: the first that comes as far is the one */
    int64_t struck_us;
    pid_t victim;
    struct wire_link *awaiting; /* the blow has fallen, and the victim is not known yet */

    struct wire_measure measure;
    const char *measured_text;
    bool measures; /* the next connection is the one */
};

struct wire_count *wire_proxy_counting(struct wire_proxy *proxy)
{
    return &proxy->count;
}

struct wire_cut *wire_proxy_cutting(struct wire_proxy *proxy)
{
    return &proxy->cut;
}

struct wire_strike *wire_proxy_striking(struct wire_proxy *proxy)
{
    return &proxy->strike;
}

struct wire_measure *wire_proxy_measuring(struct wire_proxy *proxy, const char **text)
{
    *text = proxy->measured_text;
    return &proxy->measure;
}

static void signal_victim(struct wire_proxy *proxy)
{
    kill(proxy->victim, proxy->strike.signal_number);
    proxy->struck_us = (int64_t) uv_hrtime() / 1000;
}

static void strike_no_more(struct wire_proxy *proxy)
{
    proxy->strikes = false;
    for (struct wire_link *link = proxy->links; link != NULL; link = link->next)
        link->is_struck = false;
}

void wire_proxy_struck(struct wire_link *link)
{
    struct wire_proxy *proxy = link->proxy;
    strike_no_more(proxy);
    proxy->struck_us = (int64_t) uv_hrtime() / 1000;
    if (proxy->strike.signal_number == 0)
        return;
    if (proxy->victim != 0) {
        signal_victim(proxy);
        return;
    }
    proxy->awaiting = link;
    link->silent = true;
}

void wire_proxy_gone(struct wire_proxy *proxy, struct wire_link *link)
{
    if (proxy->awaiting == link)
        proxy->awaiting = NULL;
    struct wire_link **place = &proxy->links;
    while (*place != link)
        place = &(*place)->next;
    *place = link->next;
}

static void on_connection(uv_stream_t *listener, int status)
{
    must(status == 0, "cannot listen: %s", uv_strerror(status));
    struct wire_proxy *proxy = listener->data;
    struct wire_link *link = must_alloc(sizeof *link);
    link->proxy = proxy;
    link->is_struck = proxy->strikes;
    link->is_measured = proxy->measures;
    proxy->measures = false;
    link->next = proxy->links;
    proxy->links = link;
    proxy->count.connections++;
    must(uv_tcp_init(listener->loop, &link->client.tcp) == 0, "cannot make a socket");
    must(uv_accept(listener, (uv_stream_t *) &link->client.tcp) == 0, "cannot accept a connection");
    link->is_refused = proxy->struck_us != 0 && proxy->strike.refuses_behind;
    wire_link_begin(link, (const struct sockaddr *) &proxy->server);
}

static void start_listening(void *argument)
{
    struct wire_proxy *proxy = argument;
    struct sockaddr_in address;
    must(uv_tcp_init(loop_thread_loop(proxy->thread), &proxy->listener) == 0, "cannot make a socket");
    proxy->listener.data = proxy;
    uv_ip4_addr("127.0.0.1", proxy->port, &address);
    int error = uv_tcp_bind(&proxy->listener, (const struct sockaddr *) &address, 0);
    if (error == 0)
        error = uv_listen((uv_stream_t *) &proxy->listener, BACKLOG, on_connection);
    must(error == 0, "cannot listen on port %d: %s", proxy->port, uv_strerror(error));
}

static void reset_links(void *argument)
{
    struct wire_proxy *proxy = argument;
    for (struct wire_link *link = proxy->links; link != NULL; link = link->next)
        wire_link_reset(link);
}

static void close_all(void *argument)
{
    struct wire_proxy *proxy = argument;
    uv_close((uv_handle_t *) &proxy->listener, NULL);
    reset_links(proxy);
}

struct wire_proxy *wire_proxy_new(const char *server_address, int server_port)
{
    struct wire_proxy *proxy = must_alloc(sizeof *proxy);
    must(uv_ip4_addr(server_address, server_port, &proxy->server) == 0, "%s is no address", server_address);
    proxy->port = port_reserve();
    proxy->thread = loop_thread_new(NULL);
    loop_thread_do(proxy->thread, start_listening, proxy);
    return proxy;
}

void wire_proxy_free(struct wire_proxy *proxy)
{
    if (proxy == NULL)
        return;
    loop_thread_do(proxy->thread, close_all, proxy);
    loop_thread_free(proxy->thread);
    free(proxy);
}

int wire_proxy_port(const struct wire_proxy *proxy)
{
    return proxy->port;
}

const char *wire_proxy_conninfo(const struct wire_proxy *proxy, const char *database)
{
    return must_format("host=127.0.0.1 port=%d user=postgres dbname=%s", proxy->port,
                       database != NULL ? database : "postgres");
}

struct order {
    struct wire_proxy *proxy;
    struct wire_count count;
    struct wire_cut cut;
    struct wire_strike strike;
    int64_t struck_us;
    pid_t victim;
    struct wire_measure measure;
    const char *text;
};

static void read_count(void *argument)
{
    struct order *order = argument;
    order->count = order->proxy->count;
}

static void write_count(void *argument)
{
    struct order *order = argument;
    order->proxy->count = order->count;
}

static void write_cut(void *argument)
{
    struct order *order = argument;
    order->proxy->cut = order->cut;
}

struct wire_count wire_proxy_count(struct wire_proxy *proxy)
{
    struct order order = { .proxy = proxy };
    loop_thread_do(proxy->thread, read_count, &order);
    return order.count;
}

void wire_proxy_reset_count(struct wire_proxy *proxy)
{
    struct order order = { .proxy = proxy };
    loop_thread_do(proxy->thread, write_count, &order);
}

void wire_proxy_cut_when(struct wire_proxy *proxy, const struct wire_cut *cut)
{
    struct order order = { .proxy = proxy, .cut = *cut };
    loop_thread_do(proxy->thread, write_cut, &order);
}

static void write_strike(void *argument)
{
    struct order *order = argument;
    order->proxy->strike = order->strike;
    order->proxy->strikes = true;
    order->proxy->struck_us = 0;
}

void wire_proxy_strike(struct wire_proxy *proxy, const struct wire_strike *strike)
{
    struct order order = { .proxy = proxy, .strike = *strike };
    loop_thread_do(proxy->thread, write_strike, &order);
}

static void end_strike(void *argument)
{
    struct order *order = argument;
    struct wire_proxy *proxy = order->proxy;
    order->struck_us = proxy->struck_us;
    strike_no_more(proxy);
    proxy->struck_us = 0;
}

int64_t wire_proxy_end_strike(struct wire_proxy *proxy)
{
    struct order order = { .proxy = proxy };
    loop_thread_do(proxy->thread, end_strike, &order);
    return order.struck_us;
}

static void write_victim(void *argument)
{
    struct order *order = argument;
    struct wire_proxy *proxy = order->proxy;
    struct wire_link *link = proxy->awaiting;
    proxy->victim = order->victim;
    if (link == NULL || proxy->victim == 0)
        return;
    proxy->awaiting = NULL;
    signal_victim(proxy);
    if (proxy->strike.blow == WIRE_SIGNAL)
        wire_link_resume(link);
}

void wire_proxy_set_victim(struct wire_proxy *proxy, pid_t victim)
{
    struct order order = { .proxy = proxy, .victim = victim };
    loop_thread_do(proxy->thread, write_victim, &order);
}

static void write_measure(void *argument)
{
    struct order *order = argument;
    order->proxy->measures = true;
    order->proxy->measured_text = order->text;
    order->proxy->measure = (struct wire_measure){ .client = { 0, 0 } };
}

void wire_proxy_measure(struct wire_proxy *proxy, const char *text)
{
    struct order order = { .proxy = proxy, .text = text };
    loop_thread_do(proxy->thread, write_measure, &order);
}

static void read_measure(void *argument)
{
    struct order *order = argument;
    order->measure = order->proxy->measure;
}

struct wire_measure wire_proxy_measured(struct wire_proxy *proxy)
{
    struct order order = { .proxy = proxy };
    loop_thread_do(proxy->thread, read_measure, &order);
    return order.measure;
}

void wire_proxy_cut_now(struct wire_proxy *proxy)
{
    loop_thread_do(proxy->thread, reset_links, proxy);
}
