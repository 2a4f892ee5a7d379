/*
 * Messages handed on from one side to the other, counted on their way. It knows where one ends and nothing of what it asks.
 */
#include "support/wire_link.h"

#include <stdlib.h>
#include <string.h>

struct sending {
    uv_write_t request;
    struct wire_side *side;
    char bytes[];
};

static void drop_handle(struct wire_link *link)
{
    if (--link->open_handles > 0)
        return;
    wire_proxy_gone(link->proxy, link);
    free(link);
}

static void on_pause_closed(uv_handle_t *handle)
{
    drop_handle(handle->data);
}

static void on_side_closed(uv_handle_t *handle)
{
    struct wire_side *side = handle->data;
    frames_finish(&side->frames);
    drop_handle(side->link);
}

static void close_side(struct wire_side *side, bool reset)
{
    if (side->closing)
        return;
    side->closing = true;
    if (!uv_is_closing((uv_handle_t *) &side->link->pause))
        uv_close((uv_handle_t *) &side->link->pause, on_pause_closed);
    if (!reset || uv_tcp_close_reset(&side->tcp, on_side_closed) != 0)
        uv_close((uv_handle_t *) &side->tcp, on_side_closed);
}

static void leave_side(struct wire_side *side)
{
    if (side->closing)
        return;
    uv_read_stop((uv_stream_t *) &side->tcp);
    side->leaving = true;
    if (side->sending == 0)
        close_side(side, false);
}

void wire_link_reset(struct wire_link *link)
{
    close_side(&link->client, true);
    close_side(&link->server, true);
}

void wire_link_shut(struct wire_link *link)
{
    link->silent = link->shut = true;
    if (uv_shutdown(&link->client.shutdown, (uv_stream_t *) &link->client.tcp, NULL) != 0 ||
        uv_shutdown(&link->server.shutdown, (uv_stream_t *) &link->server.tcp, NULL) != 0)
        wire_link_reset(link);
}

static bool is_over(const struct wire_link *link)
{
    return link->silent || link->client.closing || link->client.leaving || link->server.closing || link->server.leaving;
}

static void on_sent(uv_write_t *request, int status)
{
    struct sending *sending = (struct sending *) request;
    struct wire_side *side = sending->side;
    free(sending);
    side->sending--;
    if (side->leaving && side->sending == 0)
        close_side(side, false);
    else if (status != 0 && status != UV_ECANCELED)
        wire_link_reset(side->link);
}

static void send_bytes(struct wire_side *side, const void *bytes, size_t size)
{
    struct sending *sending = must_alloc(sizeof *sending + size);
    sending->side = side;
    memcpy(sending->bytes, bytes, size);
    uv_buf_t buf = uv_buf_init(sending->bytes, (unsigned) size);
    side->sending++;
    if (uv_write(&sending->request, (uv_stream_t *) &side->tcp, &buf, 1, on_sent) == 0)
        return;
    side->sending--;
    free(sending);
    wire_link_reset(side->link);
}

/* Up to where the strike falls. */
static void hand_on(struct wire_side *from, const struct frame *frame)
{
    struct wire_link *link = from->link;
    size_t size = wire_strike_allows(from, frame->whole_size);
    send_bytes(from == &link->client ? &link->server : &link->client, frame->whole, size);
    from->said.bytes += size;
    from->said.messages += size == frame->whole_size;
    wire_measure_said(link);
}

/* --- the client speaks --- */

static void cut_behind_client(struct wire_link *link, const struct frame *frame)
{
    struct wire_cut *cut = wire_proxy_cutting(link->proxy);
    const char *text = cut->lose_answer_to;
    if (text != NULL && memmem(frame->body, frame->body_size, text, strlen(text)) != NULL) {
        link->answer_is_lost = true;
        cut->lose_answer_to = NULL;
    }
    if (cut->after_client_messages > 0 && --cut->after_client_messages == 0) {
        leave_side(&link->server);
        close_side(&link->client, true);
    }
}

static void refuse(struct wire_link *link)
{
    static const char words[] = "SFATAL\0C28000\0Mthe wire was cut\0";
    static const char header[] = { 'E', 0, 0, 0, sizeof words + 4 };
    send_bytes(&link->client, header, sizeof header);
    send_bytes(&link->client, words, sizeof words);
    leave_side(&link->client);
    close_side(&link->server, false);
}

static void hear_untyped(struct wire_link *link, const struct frame *frame)
{
    int32_t code = frame_code(frame);
    if (code == FRAME_CODE_SSL || code == FRAME_CODE_GSSENC) {
        send_bytes(&link->client, "N", 1);
        return;
    }
    if (link->is_refused) {
        refuse(link);
        return;
    }
    if (code == FRAME_CODE_CANCEL) {
        wire_proxy_counting(link->proxy)->cancels++;
        wire_proxy_counting(link->proxy)->connections--;
    }
    link->client.frames.untyped = false;
    hand_on(&link->client, frame);
}

static struct wire_count *counting(struct wire_link *link)
{
    return link->is_counted ? wire_proxy_counting(link->proxy) : &link->beside;
}

static void hear_client(struct wire_link *link, const struct frame *frame)
{
    if (link->client.frames.untyped) {
        hear_untyped(link, frame);
        return;
    }
    bool may_cut = link->counter.logged_in && frame->type != 'X';
    wire_counter_hear_client(&link->counter, counting(link), frame->type);
    wire_measure_client(link, frame);
    hand_on(&link->client, frame);
    if (may_cut)
        cut_behind_client(link, frame);
}

/* --- the server speaks --- */

static void cut_behind_server(struct wire_link *link)
{
    struct wire_cut *cut = wire_proxy_cutting(link->proxy);
    if (cut->after_server_messages > 0 && --cut->after_server_messages == 0) {
        leave_side(&link->client);
        close_side(&link->server, true);
    }
}

static void hear_server(struct wire_link *link, const struct frame *frame)
{
    bool may_cut = link->counter.logged_in;
    if (frame->type == 'Z' && !may_cut && wire_proxy_counting(link->proxy)->logins == 0)
        link->is_counted = true;
    wire_counter_hear_server(&link->counter, counting(link), frame->type);
    if (link->answer_is_lost) {
        if (frame->type == 'Z')
            wire_link_reset(link);
        return;
    }
    hand_on(&link->server, frame);
    if (may_cut)
        cut_behind_server(link);
    else
        wire_measure_login(link);
}

/* --- bytes coming in --- */

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void) handle;
    *buf = uv_buf_init(must_alloc(suggested), (unsigned) suggested);
}

static void hear(struct wire_side *side)
{
    struct wire_link *link = side->link;
    struct frame frame = { 0 };
    while (!is_over(link) && frames_next(&side->frames, &frame)) {
        if (side == &link->client)
            hear_client(link, &frame);
        else
            hear_server(link, &frame);
        wire_strike_look(link);
    }
    bytes_drop(&side->frames.bytes, frame.whole_size);
}

void wire_link_resume(struct wire_link *link)
{
    link->silent = false;
    hear(&link->client);
    hear(&link->server);
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
    struct wire_side *side = stream->data;
    if (got > 0) {
        frames_add(&side->frames, buf->base, (size_t) got);
        hear(side);
    } else if (got < 0 && side->link->shut) {
        close_side(side, false);
    } else if (got < 0) {
        leave_side(&side->link->client);
        leave_side(&side->link->server);
    }
    free(buf->base);
}

static void on_connected(uv_connect_t *connecting, int status)
{
    struct wire_link *link = connecting->data;
    if (status != 0) {
        wire_link_reset(link);
        return;
    }
    uv_read_start((uv_stream_t *) &link->client.tcp, on_room, on_read);
    uv_read_start((uv_stream_t *) &link->server.tcp, on_room, on_read);
    wire_strike_look(link);
}

void wire_link_begin(struct wire_link *link, const struct sockaddr *server)
{
    link->client.link = link->server.link = link;
    link->client.tcp.data = &link->client;
    link->server.tcp.data = &link->server;
    link->client.frames.untyped = true;
    link->connecting.data = link;
    link->open_handles = 3;
    link->pause.data = link;
    uv_timer_init(link->client.tcp.loop, &link->pause);
    must(uv_tcp_init(link->client.tcp.loop, &link->server.tcp) == 0, "cannot make a socket");
    uv_tcp_nodelay(&link->client.tcp, 1); /* what comes in two pieces must not wait for the other side's acknowledgement */
    uv_tcp_nodelay(&link->server.tcp, 1);
    if (link->is_refused)
        uv_read_start((uv_stream_t *) &link->client.tcp, on_room, on_read);
    else if (uv_tcp_connect(&link->connecting, &link->server.tcp, server, on_connected) != 0)
        wire_link_reset(link);
}
