/*
 * The server and the chat made and cleared away. It counts what is open before and after.
 */
#include "talking.h"

#include "support/descriptors.h"

struct chat chat;
const struct chat_line once_more[2] = { SAYS("SELECT 'again'"), SYNC };

static int descriptors;

const char *talking_conninfo(void)
{
    return must_format("%s sslmode=disable gssencmode=disable", cluster_conninfo(cluster, "postgres"));
}

int talking_start(void **state)
{
    start_cluster(state);
    chat_open(&chat, talking_conninfo()); /* what libuv opens once and keeps */
    chat_close(&chat);
    descriptors = open_descriptors();
    return 0;
}

int talking_stop(void **state)
{
    return stop_cluster(state);
}

int talking_open(void **state)
{
    (void) state;
    chat_open(&chat, talking_conninfo());
    return 0;
}

int talking_close(void **state)
{
    (void) state;
    if (chat.loop != NULL)
        chat_close(&chat);
    return open_descriptors() == descriptors ? 0 : -1;
}
