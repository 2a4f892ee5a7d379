/*
 * Which messages ask, which answer, and which only speak in between. It sees types and no contents.
 */
#include "support/wire_counter.h"

#include <string.h>

void wire_counter_hear_client(struct wire_counter *counter, struct wire_count *count, char type)
{
    if (!counter->logged_in || type == 'X')
        return;
    count->client_messages++;
    count->round_trips += counter->server_spoke_last;
    count->waits += !counter->client_is_speaking || counter->copy_may_begin;
    count->syncs += type == 'S';
    count->queries += type == 'Q';
    counter->server_spoke_last = false;
    counter->client_is_speaking = true;
    counter->copy_may_begin = false;
    counter->owed_syncs += type == 'S';
    counter->owed_queries += type == 'Q' || type == 'F';
    if (type == 'S' || type == 'Q' || type == 'F')
        counter->unsynced = 0;
    else if (strchr("dcfH", type) == NULL) /* COPY data and flush requests want no ReadyForQuery */
        counter->unsynced++;
}

static void hear_ready(struct wire_counter *counter, struct wire_count *count)
{
    if (!counter->logged_in)
        count->logins++;
    counter->logged_in = true;
    counter->server_spoke_last = true;
    if (counter->owed_syncs > 0)
        counter->owed_syncs--;
    else if (counter->owed_queries > 0)
        counter->owed_queries--;
    if (counter->owed_syncs + counter->owed_queries + counter->unsynced == 0)
        counter->client_is_speaking = false;
}

static void hear_answer(struct wire_counter *counter, struct wire_count *count, char type)
{
    bool is_answer = type != 'N' && type != 'S' && type != 'A';
    count->server_messages++;
    counter->server_spoke_last = counter->server_spoke_last || is_answer;
    if (type == 'G') {
        counter->copy_may_begin = true;
        counter->owed_syncs = 0; /* the server drops those that come during a COPY */
    }
}

void wire_counter_hear_server(struct wire_counter *counter, struct wire_count *count, char type)
{
    if (counter->logged_in)
        hear_answer(counter, count, type);
    if (type == 'Z')
        hear_ready(counter, count);
}
