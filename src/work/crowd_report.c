/*
 * How everybody stood at the end, as plain values that outlive the connections.
 */
#include "base/clock.h"
#include "crowd_inside.h"

static const char *text_or_null(struct arena *arena, const char *text)
{
    return text == NULL || *text == '\0' ? NULL : arena_text(arena, text);
}

static const char *version_text(struct arena *arena, const struct stand_view *view)
{
    if (!view->was_asked)
        return NULL;
    return arena_format(arena, "%d.%d", view->version_num / 10000, view->version_num % 10000);
}

static int64_t time_or_none(int64_t us)
{
    return us > 0 ? us : -1;
}

/* Each address of a name was found by the name's look-up. */
static int64_t resolve_us(const struct member *member, const struct stand_view *view)
{
    return member->seat != NULL ? time_or_none(member->seat->looked_up_us) : view->resolve_us;
}

static struct target_readiness report_member(struct crowd *crowd, const struct member *member)
{
    struct stand_view view;
    stand_look(member->wait, &view);
    int64_t since_us = view.since_us > 0 ? view.since_us : crowd->began_us;
    bool is_ready = member->is_ready;
    return (struct target_readiness){
        .target = member->label,
        .state = member->is_lost ? TARGET_REFUSED
                 : is_ready      ? TARGET_READY
                                 : TARGET_WAITING,
        .rung = view.has_rung ? rung_name(view.rung) : NULL,
        .role = stand_role(&view),
        .address = text_or_null(&crowd->arena, view.address),
        .server_version = version_text(&crowd->arena, &view),
        .seen = seen_words(view.seen),
        .sqlstate = is_ready ? NULL : text_or_null(&crowd->arena, view.sqlstate),
        .message = is_ready ? NULL : text_or_null(&crowd->arena, view.message),
        .seen_for_us = clock_monotonic_us() - since_us,
        .ready_after_us = is_ready ? member->ready_us - crowd->began_us : -1,
        .resolve_us = resolve_us(member, &view),
        .connect_us = time_or_none(view.times.connect_us),
        .tls_us = time_or_none(view.times.tls_us),
        .login_us = time_or_none(view.times.login_us),
        .query_us = view.query_us,
    };
}

bool crowd_report(struct crowd *crowd)
{
    const struct settings *settings = crowd->run->settings;
    struct target_readiness *targets = arena_array(&crowd->arena, crowd->member_count, sizeof *targets);
    if (targets == NULL)
        return false;
    for (size_t i = 0; i < crowd->member_count; i++)
        targets[i] = report_member(crowd, crowd->members[i]);
    crowd->readiness = (struct readiness){
        .until = rung_name(settings->until),
        .need = settings->need.text,
        .attempts = crowd->attempt,
        .duration_us = clock_monotonic_us() - crowd->began_us,
        .targets = targets,
        .count = crowd->member_count,
    };
    crowd_count(crowd, &crowd->readiness.counts);
    return true;
}
