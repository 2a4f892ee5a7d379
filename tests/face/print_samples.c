/*
 * Prints every sample in one of the forms of a pipe: print_samples json|logfmt|text. The schema's test reads it, and so does who
 * brings docs/logs.md up to date.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "event_samples.h"
#include "face/json.h"
#include "face/logfmt.h"
#include "face/text.h"

typedef void add_event(struct buf *buf, const struct event *event);

static add_event *form_named(const char *name)
{
    if (strcmp(name, "logfmt") == 0)
        return logfmt_event_add;
    return strcmp(name, "text") == 0 ? text_event_add : json_event_add;
}

int main(int argc, char **argv)
{
    add_event *add = form_named(argc > 1 ? argv[1] : "json");
    struct buf buf;
    buf_init(&buf, (size_t) 1024 * 1024);
    for (int kind = 0; kind < EVENT_COUNT; kind++) {
        struct event full = sample_full((enum event_kind) kind);
        struct event bare = sample_bare((enum event_kind) kind);
        add(&buf, &full);
        add(&buf, &bare);
    }
    fputs(buf_text(&buf), stdout);
    bool printed = buf_ok(&buf) && fflush(stdout) == 0;
    buf_finish(&buf);
    return printed ? 0 : 1;
}
