/*
 * Where a blow falls, to the byte, and how far a conversation goes when none does. What a message means is not known here, but for
 * the text that a measure looks for.
 */
#include <string.h>

#include "support/wire_link.h"

/* --- striking --- */

static size_t said(const struct wire_strike *strike, const struct wire_side *side)
{
    return strike->in_messages ? side->said.messages : side->said.bytes;
}

size_t wire_strike_allows(const struct wire_side *from, size_t size)
{
    const struct wire_link *link = from->link;
    const struct wire_strike *strike = wire_proxy_striking(link->proxy);
    bool counts = link->is_struck && !strike->in_messages && strike->at_client == (from == &link->client);
    size_t left = counts ? strike->at - from->said.bytes : size;
    return size < left ? size : left;
}

static void on_pause_over(uv_timer_t *pause)
{
    wire_link_resume(pause->data);
}

static void strike_now(struct wire_link *link, const struct wire_strike *strike)
{
    wire_proxy_struck(link);
    switch (strike->blow) {
    case WIRE_CLOSE:
        wire_link_shut(link);
        break;
    case WIRE_RESET:
        wire_link_reset(link);
        break;
    case WIRE_SILENCE:
        link->silent = true;
        break;
    case WIRE_DELAY:
        link->silent = true;
        uv_timer_start(&link->pause, on_pause_over, (uint64_t) strike->delay_ms, 0);
        break;
    case WIRE_SIGNAL:
        break;
    }
}

void wire_strike_look(struct wire_link *link)
{
    const struct wire_strike *strike = wire_proxy_striking(link->proxy);
    if (link->is_struck && said(strike, strike->at_client ? &link->client : &link->server) == strike->at)
        strike_now(link, strike);
}

/* --- measuring --- */

static struct wire_measure *measure_of(const struct wire_link *link, const char **text)
{
    return link->is_measured ? wire_proxy_measuring(link->proxy, text) : NULL;
}

void wire_measure_client(struct wire_link *link, const struct frame *frame)
{
    const char *text;
    struct wire_measure *measure = measure_of(link, &text);
    if (measure == NULL || measure->client_at_text.bytes > 0 ||
        memmem(frame->body, frame->body_size, text, strlen(text)) == NULL)
        return;
    measure->client_at_text = link->client.said;
    measure->server_at_text = link->server.said;
}

void wire_measure_login(struct wire_link *link)
{
    const char *text;
    struct wire_measure *measure = measure_of(link, &text);
    if (measure == NULL)
        return;
    measure->client_at_login = link->client.said;
    measure->server_at_login = link->server.said;
}

void wire_measure_said(struct wire_link *link)
{
    const char *text;
    struct wire_measure *measure = measure_of(link, &text);
    if (measure == NULL)
        return;
    measure->client = link->client.said;
    measure->server = link->server.said;
}
