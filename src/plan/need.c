/*
 * The grammar of --need and its arithmetic. It knows numbers of targets, and nothing about any of them.
 */
#include "plan/need.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { NUMBER_DIGITS_MAX = 9 };

static const char accepted[] =
    "Accepted are all, any=NUMBER, and primary and standby with =NUMBER (exactly) or >=NUMBER (at least), "
    "as in primary=1,standby>=2.";

struct need need_all(void)
{
    return (struct need){ .kind = NEED_ALL, .text = "all" };
}

static bool refuse(const char *text, const char *origin, struct fault *fault)
{
    fault_set(fault, FAULT_CONFIG, "%s: \"%s\" does not say what is needed", origin, text);
    fault_hint(fault, "%s", accepted);
    return false;
}

/* One "primary>=2" of the list. */
struct term {
    size_t name_size;
    bool at_least;
    int64_t number;
};

/* Answers where the term at text ends; NULL when it is none. */
static const char *read_term(const char *text, struct term *term)
{
    term->name_size = strcspn(text, ">=,");
    const char *at = text + term->name_size;
    term->at_least = *at == '>';
    at += term->at_least;
    if (term->name_size == 0 || *at != '=')
        return NULL;
    size_t digits = strspn(++at, "0123456789");
    if (digits == 0 || digits > NUMBER_DIGITS_MAX)
        return NULL;
    term->number = 0;
    for (size_t i = 0; i < digits; i++)
        term->number = term->number * 10 + (at[i] - '0');
    at += digits;
    return *at == ',' || *at == '\0' ? at : NULL;
}

static bool is_name(const char *text, const struct term *term, const char *name)
{
    return strlen(name) == term->name_size && memcmp(text, name, term->name_size) == 0;
}

/* A role's range that was said already is no choice any more. */
static bool take_term(struct need *need, const char *text, const struct term *term, bool *said)
{
    bool is_standby = is_name(text, term, "standby");
    if (said[is_standby] || (!is_standby && !is_name(text, term, "primary")))
        return false;
    said[is_standby] = true;
    *(is_standby ? &need->standby : &need->primary) =
        (struct need_range){ .least = term->number, .most = term->at_least ? NEED_NO_LIMIT : term->number };
    return true;
}

static bool read_roles(struct need *need, const char *text)
{
    bool said[2] = { false, false };
    need->kind = NEED_ROLES;
    need->primary.most = NEED_NO_LIMIT;
    need->standby.most = NEED_NO_LIMIT;
    for (const char *at = text;; at++) {
        struct term term;
        const char *end = read_term(at, &term);
        if (end == NULL || !take_term(need, at, &term, said))
            return false;
        if (*end == '\0')
            return true;
        at = end;
    }
}

static bool read_any(struct need *need, const char *text)
{
    struct term term = { .name_size = strcspn(text, ">=,"), .number = 1 };
    const char *end = text[term.name_size] == '\0' ? text + term.name_size : read_term(text, &term);
    need->kind = NEED_ANY;
    need->any = term.number;
    return end != NULL && *end == '\0' && term.number > 0;
}

bool need_read(struct need *need, const char *text, const char *origin, struct fault *fault)
{
    *need = (struct need){ .kind = NEED_ALL, .text = text };
    if (strcmp(text, "all") == 0)
        return true;
    struct term term = { .name_size = strcspn(text, ">=,") };
    bool understood = is_name(text, &term, "any") ? read_any(need, text) : read_roles(need, text);
    return understood || refuse(text, origin, fault);
}

/* How many targets it takes at least. */
static int64_t least_targets(const struct need *need)
{
    return need->kind == NEED_ANY ? need->any : need->primary.least + need->standby.least;
}

bool need_fits(const struct need *need, int64_t targets, struct fault *fault)
{
    if (need->kind == NEED_ALL || least_targets(need) <= targets)
        return true;
    fault_set(fault, FAULT_CONFIG, "--need %s cannot be met by %" PRId64 " target%s", need->text, targets,
              targets == 1 ? "" : "s");
    fault_hint(fault, "Each host of a connection string is a target of its own when --need is given.");
    return false;
}

static bool is_within(struct need_range range, int64_t number)
{
    return number >= range.least && number <= range.most;
}

static bool is_exact(const struct need *need)
{
    return need->kind == NEED_ROLES && (need->primary.most != NEED_NO_LIMIT || need->standby.most != NEED_NO_LIMIT);
}

static bool is_met(const struct need *need, const struct need_counts *counts)
{
    switch (need->kind) {
    case NEED_ALL:
        return counts->targets > 0 && counts->ready == counts->targets;
    case NEED_ANY:
        return counts->ready >= need->any;
    case NEED_ROLES:
        return is_within(need->primary, counts->primaries) && is_within(need->standby, counts->standbys) &&
               (!is_exact(need) || counts->unasked == 0);
    }
    return false;
}

static bool is_impossible(const struct need *need, const struct need_counts *counts)
{
    int64_t left = counts->targets - counts->lost;
    if (need->kind == NEED_ALL)
        return counts->lost > 0;
    if (counts->is_open)
        return counts->targets > 0 && left == 0;
    return left < least_targets(need);
}

bool need_has_upper_bound(const struct need *need)
{
    return need->kind == NEED_ROLES && (need->primary.most != NEED_NO_LIMIT || need->standby.most != NEED_NO_LIMIT);
}

enum need_verdict need_judge(const struct need *need, const struct need_counts *counts)
{
    if (is_met(need, counts))
        return NEED_MET;
    return is_impossible(need, counts) ? NEED_IMPOSSIBLE : NEED_OPEN;
}

void need_progress(const struct need *need, const struct need_counts *counts, char *text, int size)
{
    if (need->kind == NEED_ROLES)
        snprintf(text, (size_t) size, "primary %" PRId64 " of %" PRId64 ", standby %" PRId64 " of %" PRId64,
                 counts->primaries, need->primary.least, counts->standbys, need->standby.least);
    else
        snprintf(text, (size_t) size, "%" PRId64 " of %" PRId64, counts->ready,
                 need->kind == NEED_ALL ? counts->targets : need->any);
}
