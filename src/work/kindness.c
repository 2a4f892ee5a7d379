/*
 * Which answers are about to change, what each of them costs the server, and how many others may be asking the same. It knows nothing
 * of connections, and chance is added elsewhere.
 */
#include "kindness.h"

enum { SILENT_MS = 40, POLL_MS = 5000, LOOKS = 20, LONGEST_MS = 2 * POLL_MS };

/* The first rest after a new kind of answer, and the longest. */
struct bounds {
    int64_t first_ms;
    int64_t longest_ms;
};

/* Perhaps a thousand of them, on as many machines, and none may stand in the way of the one they wait for. */
static struct bounds bounds_for_others(enum seen seen)
{
    switch (seen) {
    case SEEN_TOO_MANY: /* often by each other, when all of them come at once: that is soon over */
        return (struct bounds){ 1000, POLL_MS };
    case SEEN_SILENT:
        return (struct bounds){ POLL_MS, LONGEST_MS };
    case SEEN_PENDING:
        return (struct bounds){ POLL_MS, POLL_MS };
    default:
        return (struct bounds){ 50, 1000 };
    }
}

static struct bounds bounds_for(const struct look *look)
{
    if (look->for_others && !seen_is_good(look->seen) && !seen_is_refusal(look->seen))
        return bounds_for_others(look->seen);
    switch (look->seen) {
    case SEEN_READY: /* looked at again only because it might go while others are waited for */
        return (struct bounds){ look->interval_ms, 16 * look->interval_ms };
    case SEEN_UNSTABLE:
        return (struct bounds){ look->interval_ms, look->interval_ms };
    case SEEN_REFUSED:
    case SEEN_NO_SOCKET:
    case SEEN_CLOSED:
    case SEEN_STARTING_UP:
        return (struct bounds){ 5, 45 }; /* cheap to refuse, and about to change: some 25 knocks a second at most */
    case SEEN_SILENT:
        return (struct bounds){ SILENT_MS, SILENT_MS }; /* a whole window has passed */
    case SEEN_NO_PASSWORD:
    case SEEN_AUTHENTICATION:
    case SEEN_NO_DATABASE:
    case SEEN_TLS_VERIFY:
    case SEEN_TLS_MISSING:
    case SEEN_NOT_SERVED:
        return (struct bounds){ 250, 1000 }; /* each one is a line in the server's log */
    default:
        return (struct bounds){ 50, 500 };
    }
}

/*
 * One look in so many of its own durations: a server that is slow under many of them is looked at less often by each. Of two looks in a
 * row the quicker one counts, because all of them may have come in the same moment, and then the first look of each is slow.
 */
static int64_t rest_of_a_crowd(struct kindness *kindness, const struct look *look)
{
    if (!look->for_others || look->keeps_session || look->seen != SEEN_PENDING)
        return 0;
    int64_t quicker_ms = look->took_ms < kindness->looked_ms ? look->took_ms : kindness->looked_ms;
    kindness->looked_ms = look->took_ms;
    return LOOKS * quicker_ms < LONGEST_MS ? LOOKS * quicker_ms : LONGEST_MS;
}

int64_t kindness_rest_ms(struct kindness *kindness, const struct look *look)
{
    struct bounds bounds = bounds_for(look);
    int64_t longer_ms = kindness->rest_ms * 8 / 5 + 1;
    kindness->rest_ms = look->is_news || kindness->rest_ms == 0 ? bounds.first_ms : longer_ms;
    if (kindness->rest_ms > bounds.longest_ms)
        kindness->rest_ms = bounds.longest_ms;
    int64_t crowd_ms = rest_of_a_crowd(kindness, look);
    return kindness->rest_ms > crowd_ms ? kindness->rest_ms : crowd_ms;
}

int64_t kindness_spread_ms(int64_t rest_ms, int64_t least_ms, long chance)
{
    int64_t most_ms = (4 * least_ms + 2) / 3; /* of which three quarters are the least */
    if (most_ms < rest_ms)
        most_ms = rest_ms;
    return most_ms - most_ms * (chance % 256) / 1024;
}
