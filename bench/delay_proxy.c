/*
 * usage: bench_delay_proxy SERVER_PORT DELAY_US
 *
 * A long wire to a server on this machine: whatever comes from one side reaches the other DELAY_US later, in order, and as much
 * of it as came. It prints the port that it listens on (127.0.0.1), then for each line on its standard input the counts since
 * the last one, and ends with its input. Times are a wire's, so they are due by the clock and not by libuv's timers, which know
 * only milliseconds. TCP's own handshake, which would have passed the long wire too, is made up for: a connection's first bytes
 * wait one round trip longer. TLS and GSSAPI are refused, as by a server that has neither, because the counts are taken from what
 * is said.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <uv.h>

#include "support/frames.h"
#include "support/wire_counter.h"

enum { BACKLOG = 128, NS_IN_US = 1000 };

struct parcel {
    struct parcel *next;
    uint64_t due_ns;
    size_t size;
    char bytes[];
};

struct sending {
    uv_write_t request;
    struct parcel *parcel;
};

struct end {
    uv_tcp_t tcp;
    struct link *link;
    struct frames frames; /* what it said */
    struct parcel *first; /* on their way to it, the next to arrive first */
    struct parcel **last;
    uint64_t closes_ns; /* when the other side's end will have come through; 0: not on its way */
    uv_shutdown_t flushing;
};

struct link {
    struct link *next;
    struct link **place;
    struct end client;
    struct end server;
    uv_connect_t connecting;
    struct wire_counter counter;
    bool server_spoke_last; /* before the login */
    bool closing;
    unsigned open_ends;
    unsigned flushing; /* ends that the other's end has reached, and that have not yet taken all that came before it */
    uint64_t begun_ns;
};

static uv_loop_t *loop;
static uv_tcp_t listener;
static uv_pipe_t input;
static uv_poll_t alarm_watch;
static int alarm_fd;
static struct sockaddr_in server_address;
static uint64_t delay_ns;
static struct link *links;
static struct wire_count count;
static unsigned login_trips;

static void on_end_closed(uv_handle_t *handle)
{
    struct end *end = handle->data;
    struct link *link = end->link;
    frames_finish(&end->frames);
    for (struct parcel *next; end->first != NULL; end->first = next) {
        next = end->first->next;
        free(end->first);
    }
    if (--link->open_ends > 0)
        return;
    *link->place = link->next;
    if (link->next != NULL)
        link->next->place = link->place;
    free(link);
}

static void close_link(struct link *link)
{
    if (link->closing)
        return;
    link->closing = true;
    uv_close((uv_handle_t *) &link->client.tcp, on_end_closed);
    uv_close((uv_handle_t *) &link->server.tcp, on_end_closed);
}

/* --- the wire --------------------------------------------------------------------------------------------------------- */

static void set_alarm(uint64_t due_ns)
{
    const uint64_t ns_in_s = 1000000000;
    struct itimerspec when = { .it_value = { (time_t) (due_ns / ns_in_s), (long) (due_ns % ns_in_s) } };
    timerfd_settime(alarm_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

static void send_later(struct end *to, const void *bytes, size_t size, uint64_t due_ns)
{
    struct parcel *parcel = must_alloc(sizeof *parcel + size);
    parcel->due_ns = due_ns;
    parcel->size = size;
    memcpy(parcel->bytes, bytes, size);
    *to->last = parcel;
    to->last = &parcel->next;
}

static void on_sent(uv_write_t *request, int status)
{
    struct sending *sending = (struct sending *) request;
    (void) status; /* a broken side is heard of by reading */
    free(sending->parcel);
    free(sending);
}

static void deliver(struct end *to, struct parcel *parcel)
{
    struct sending *sending = must_alloc(sizeof *sending);
    sending->parcel = parcel;
    uv_buf_t buf = uv_buf_init(parcel->bytes, (unsigned) parcel->size);
    if (uv_write(&sending->request, (uv_stream_t *) &to->tcp, &buf, 1, on_sent) != 0)
        on_sent(&sending->request, UV_ECANCELED);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

static void on_flushed(uv_shutdown_t *request, int status)
{
    struct end *end = request->data;
    (void) status; /* whoever has gone meanwhile gets nothing more */
    if (--end->link->flushing == 0)
        close_link(end->link);
}

/* The other side's end has come through. Whatever came before it may still wait for room in the system's buffer. */
static void close_behind(struct end *to)
{
    to->closes_ns = 0;
    to->flushing.data = to;
    to->link->flushing++;
    if (uv_shutdown(&to->flushing, (uv_stream_t *) &to->tcp, on_flushed) != 0)
        on_flushed(&to->flushing, UV_ENOTCONN);
}

/* Gives the time of what comes next to that end, 0 for nothing. */
static uint64_t deliver_due(struct end *to, uint64_t now_ns)
{
    while (to->first != NULL && to->first->due_ns <= now_ns && !to->link->closing) {
        struct parcel *parcel = to->first;
        to->first = parcel->next;
        if (to->first == NULL)
            to->last = &to->first;
        deliver(to, parcel);
    }
    if (to->first != NULL)
        return to->first->due_ns;
    if (to->closes_ns == 0 || to->closes_ns > now_ns)
        return to->closes_ns;
    close_behind(to);
    return 0;
}

static void deliver_all(void)
{
    uint64_t next_ns = 0;
    uint64_t now_ns = uv_hrtime();
    for (struct link *link = links; link != NULL; link = link->next) {
        if (link->closing)
            continue;
        next_ns = earlier(next_ns, deliver_due(&link->client, now_ns));
        next_ns = earlier(next_ns, deliver_due(&link->server, now_ns));
    }
    set_alarm(next_ns);
}

static void on_alarm(uv_poll_t *watch, int status, int events)
{
    uint64_t expirations;
    (void) watch, (void) status, (void) events;
    if (read(alarm_fd, &expirations, sizeof expirations) > 0)
        deliver_all();
}

/* --- what is said ----------------------------------------------------------------------------------------------------- */

static void count_login_trip(struct link *link)
{
    login_trips += link->server_spoke_last;
    link->server_spoke_last = false;
}

/* The answer to a request for encryption, there and back. It goes no further. */
static void refuse_encryption(struct link *link, uint64_t sent_ns)
{
    login_trips++;
    link->begun_ns = 0; /* the handshake has been made up for */
    send_later(&link->client, "N", 1, sent_ns + 2 * delay_ns);
}

/* False when what was said is not for the server. */
static bool count_client(struct link *link)
{
    struct frame frame = { 0 };
    bool is_for_server = true;
    while (frames_next(&link->client.frames, &frame)) {
        if (link->client.frames.untyped) {
            int32_t code = frame_code(&frame);
            is_for_server = code != FRAME_CODE_SSL && code != FRAME_CODE_GSSENC;
            link->client.frames.untyped = !is_for_server;
            link->server_spoke_last = true;
        }
        if (is_for_server && !link->counter.logged_in)
            count_login_trip(link);
        wire_counter_hear_client(&link->counter, &count, frame.type);
    }
    return is_for_server;
}

static void hear_client(struct link *link, const uv_buf_t *said, uint64_t now_ns)
{
    uint64_t open_ns = link->begun_ns > 0 ? link->begun_ns + 2 * delay_ns : 0;
    uint64_t sent_ns = now_ns > open_ns ? now_ns : open_ns;
    frames_add(&link->client.frames, said->base, said->len);
    if (count_client(link))
        send_later(&link->server, said->base, said->len, sent_ns + delay_ns);
    else
        refuse_encryption(link, sent_ns);
}

static void hear_server(struct link *link, const uv_buf_t *said, uint64_t now_ns)
{
    struct frame frame = { 0 };
    frames_add(&link->server.frames, said->base, said->len);
    while (frames_next(&link->server.frames, &frame)) {
        link->server_spoke_last = true;
        wire_counter_hear_server(&link->counter, &count, frame.type);
    }
    send_later(&link->client, said->base, said->len, now_ns + delay_ns);
}

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void) handle;
    *buf = uv_buf_init(must_alloc(suggested), (unsigned) suggested);
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
    struct end *end = stream->data;
    struct link *link = end->link;
    uint64_t now_ns = uv_hrtime();
    bool is_client = end == &link->client;
    if (got > 0) {
        const uv_buf_t said = { .base = buf->base, .len = (size_t) got };
        if (is_client)
            hear_client(link, &said, now_ns);
        else
            hear_server(link, &said, now_ns);
    } else if (got < 0) {
        uv_read_stop(stream);
        (is_client ? &link->server : &link->client)->closes_ns = now_ns + delay_ns;
    }
    free(buf->base);
    deliver_all();
}

/* --- connections ------------------------------------------------------------------------------------------------------ */

static void on_connected(uv_connect_t *connecting, int status)
{
    struct link *link = connecting->data;
    if (status != 0 || link->closing) {
        close_link(link);
        return;
    }
    uv_read_start((uv_stream_t *) &link->client.tcp, on_room, on_read);
    uv_read_start((uv_stream_t *) &link->server.tcp, on_room, on_read);
}

static void init_end(struct end *end, struct link *link)
{
    end->link = link;
    end->last = &end->first;
    uv_tcp_init(loop, &end->tcp);
    uv_tcp_nodelay(&end->tcp, 1);
    end->tcp.data = end;
    link->open_ends++;
}

static void on_connection(uv_stream_t *stream, int status)
{
    must(status == 0, "cannot listen: %s", uv_strerror(status));
    struct link *link = must_alloc(sizeof *link);
    link->next = links;
    link->place = &links;
    if (links != NULL)
        links->place = &link->next;
    links = link;
    init_end(&link->client, link);
    init_end(&link->server, link);
    link->client.frames.untyped = true;
    link->connecting.data = link;
    link->begun_ns = uv_hrtime();
    count.connections++;
    must(uv_accept(stream, (uv_stream_t *) &link->client.tcp) == 0, "cannot accept a connection");
    uv_tcp_nodelay(&link->client.tcp, 1);
    if (uv_tcp_connect(&link->connecting, &link->server.tcp, (const struct sockaddr *) &server_address, on_connected) != 0)
        close_link(link);
}

static int listen_somewhere(void)
{
    struct sockaddr_in address;
    int size = sizeof address;
    uv_tcp_init(loop, &listener);
    uv_ip4_addr("127.0.0.1", 0, &address);
    must(uv_tcp_bind(&listener, (const struct sockaddr *) &address, 0) == 0, "cannot bind");
    must(uv_listen((uv_stream_t *) &listener, BACKLOG, on_connection) == 0, "cannot listen");
    uv_tcp_getsockname(&listener, (struct sockaddr *) &address, &size);
    return ntohs(address.sin_port);
}

/* --- the driver ------------------------------------------------------------------------------------------------------- */

static void on_asked(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
    (void) stream;
    if (got > 0) {
        printf("{\"connections\": %u, \"login_trips\": %u, \"round_trips\": %u}\n", count.connections, login_trips,
               count.waits);
        fflush(stdout);
        count = (struct wire_count){ 0 };
        login_trips = 0;
    }
    free(buf->base);
    if (got < 0)
        exit(0);
}

int main(int argc, char **argv)
{
    must(argc == 3, "usage: bench_delay_proxy SERVER_PORT DELAY_US");
    loop = uv_default_loop();
    delay_ns = strtoull(argv[2], NULL, 10) * NS_IN_US;
    uv_ip4_addr("127.0.0.1", (int) strtol(argv[1], NULL, 10), &server_address);
    alarm_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    must(alarm_fd >= 0, "cannot make a timer");
    uv_poll_init(loop, &alarm_watch, alarm_fd);
    uv_poll_start(&alarm_watch, UV_READABLE, on_alarm);
    uv_pipe_init(loop, &input, 0);
    uv_pipe_open(&input, STDIN_FILENO);
    uv_read_start((uv_stream_t *) &input, on_room, on_asked);
    printf("%d\n", listen_somewhere());
    fflush(stdout);
    return uv_run(loop, UV_RUN_DEFAULT);
}
