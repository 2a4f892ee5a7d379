/*
 * Thousands of servers in one small process: it listens on one port of all loopback addresses, and the address decides what a
 * visitor meets. It knows just enough of PostgreSQL's protocol to be taken for a server that wants a password.
 *
 *     127.1.x.y   answers at once
 *     127.2.x.y   accepts the connection and says nothing
 *     127.3.x.y   answers after a second
 *
 * usage: width_server PORT (0: any; the port is printed). It ends when its stdin does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { SLOW_MS = 1000, BACKLOG = 4096, STARTUP_ROOM = 2048, SSL_REQUEST = 80877103, GSS_REQUEST = 80877104 };

struct visitor {
    uv_tcp_t tcp;
    uv_timer_t timer;
    uv_write_t write;
    int handles;
    unsigned char network; /* the second byte of the address that was asked for */
    size_t got;
    unsigned char startup[STARTUP_ROOM];
};

static const char no_encryption[] = { 'N' };
static const char password_wanted[] = { 'R', 0, 0, 0, 8, 0, 0, 0, 3 };

static void must(int status, const char *what)
{
    if (status >= 0)
        return;
    fprintf(stderr, "width_server: %s: %s\n", what, uv_strerror(status));
    exit(1);
}

static void on_closed(uv_handle_t *handle)
{
    struct visitor *visitor = handle->data;
    if (--visitor->handles == 0)
        free(visitor);
}

static void leave(struct visitor *visitor)
{
    if (uv_is_closing((uv_handle_t *) &visitor->tcp))
        return;
    uv_close((uv_handle_t *) &visitor->tcp, on_closed);
    uv_close((uv_handle_t *) &visitor->timer, on_closed);
}

static void say(struct visitor *visitor, const char *bytes, size_t size)
{
    uv_buf_t buf = uv_buf_init((char *) (uintptr_t) bytes, (unsigned) size);
    if (uv_try_write((uv_stream_t *) &visitor->tcp, &buf, 1) != (int) size)
        leave(visitor);
}

static void on_patience_over(uv_timer_t *timer)
{
    say(timer->data, password_wanted, sizeof password_wanted);
}

static void answer(struct visitor *visitor)
{
    if (visitor->network == 1)
        say(visitor, password_wanted, sizeof password_wanted);
    else if (visitor->network == 3)
        uv_timer_start(&visitor->timer, on_patience_over, SLOW_MS, 0);
}

static unsigned number_at(const unsigned char *bytes)
{
    return (unsigned) bytes[0] << 24 | (unsigned) bytes[1] << 16 | (unsigned) bytes[2] << 8 | bytes[3];
}

/* A whole start-up message, or a request for encryption, which is declined. */
static void hear(struct visitor *visitor)
{
    while (visitor->got >= 8 && visitor->network != 2) {
        unsigned size = number_at(visitor->startup);
        unsigned code = number_at(visitor->startup + 4);
        if (size < 8 || size > sizeof visitor->startup) {
            leave(visitor);
            return;
        }
        if (visitor->got < size)
            return;
        visitor->got -= size;
        memmove(visitor->startup, visitor->startup + size, visitor->got);
        if (code == SSL_REQUEST || code == GSS_REQUEST)
            say(visitor, no_encryption, sizeof no_encryption);
        else
            answer(visitor);
    }
}

static void give_room(uv_handle_t *handle, size_t wanted, uv_buf_t *buf)
{
    struct visitor *visitor = handle->data;
    (void) wanted;
    size_t left = sizeof visitor->startup - visitor->got;
    *buf = uv_buf_init((char *) visitor->startup + visitor->got, (unsigned) left);
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
    struct visitor *visitor = stream->data;
    (void) buf;
    if (got < 0) {
        leave(visitor);
        return;
    }
    visitor->got += (size_t) got;
    hear(visitor);
}

static void on_connection(uv_stream_t *listener, int status)
{
    must(status, "listen");
    struct visitor *visitor = calloc(1, sizeof *visitor);
    must(visitor == NULL ? UV_ENOMEM : 0, "a visitor");
    uv_tcp_init(listener->loop, &visitor->tcp);
    uv_timer_init(listener->loop, &visitor->timer);
    visitor->handles = 2;
    visitor->tcp.data = visitor;
    visitor->timer.data = visitor;
    if (uv_accept(listener, (uv_stream_t *) &visitor->tcp) != 0) {
        leave(visitor);
        return;
    }
    struct sockaddr_storage here;
    int size = sizeof here;
    uv_tcp_getsockname(&visitor->tcp, (struct sockaddr *) &here, &size);
    visitor->network = ((const unsigned char *) &((struct sockaddr_in *) &here)->sin_addr)[1];
    uv_tcp_nodelay(&visitor->tcp, 1);
    must(uv_read_start((uv_stream_t *) &visitor->tcp, give_room, on_read), "read");
}

static void on_stdin(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
    (void) stream;
    (void) buf;
    if (got < 0)
        exit(0);
}

static void stdin_room(uv_handle_t *handle, size_t wanted, uv_buf_t *buf)
{
    static char bytes[256];
    (void) handle;
    (void) wanted;
    *buf = uv_buf_init(bytes, sizeof bytes);
}

int main(int argc, char **argv)
{
    uv_tcp_t listener;
    uv_pipe_t input;
    struct sockaddr_in address;
    int size = sizeof address;
    uv_loop_t *loop = uv_default_loop();
    must(argc == 2 ? 0 : UV_EINVAL, "usage: width_server PORT");
    must(uv_ip4_addr("0.0.0.0", (int) strtol(argv[1], NULL, 10), &address), "address");
    must(uv_tcp_init(loop, &listener), "socket");
    must(uv_tcp_bind(&listener, (const struct sockaddr *) &address, 0), "bind");
    must(uv_listen((uv_stream_t *) &listener, BACKLOG, on_connection), "listen");
    must(uv_tcp_getsockname(&listener, (struct sockaddr *) &address, &size), "port");
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    must(uv_pipe_init(loop, &input, 0), "stdin");
    must(uv_pipe_open(&input, 0), "stdin");
    must(uv_read_start((uv_stream_t *) &input, stdin_room, on_stdin), "stdin");
    return uv_run(loop, UV_RUN_DEFAULT);
}
