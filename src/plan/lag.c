/*
 * The words for a bound, and its comparison with what is known. Where the positions come from is the work floor's.
 */
#include "plan/lag.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/duration.h"

enum { SIZE_DIGITS_MAX = 15 };

static const struct unit {
    const char *name;
    int64_t bytes;
} units[] = { { "B", 1 },
              { "kB", INT64_C(1) << 10 },
              { "MB", INT64_C(1) << 20 },
              { "GB", INT64_C(1) << 30 },
              { "TB", INT64_C(1) << 40 } };

static const struct unit *find_unit(const char *name)
{
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcmp(units[i].name, name) == 0)
            return &units[i];
    return NULL;
}

static bool refuse(const char *text, const char *origin, struct fault *fault)
{
    fault_set(fault, FAULT_CONFIG, "%s: \"%s\" is neither a size nor a duration", origin, text);
    fault_hint(
        fault,
        "A size is a whole number followed by B, kB, MB, GB or TB, a duration one followed by ms, s, m or h: 16MB, 2s.");
    return false;
}

bool lag_bound_read(struct lag_bound *bound, const char *text, const char *origin, struct fault *fault)
{
    size_t digits = strspn(text, "0123456789");
    const char *unit_name = text + digits + strspn(text + digits, " ");
    const struct unit *unit = find_unit(unit_name);
    int64_t number;
    struct fault ignored;
    if (strcmp(text, "0") == 0) {
        *bound = (struct lag_bound){ LAG_BYTES, 0 };
        return true;
    }
    if (unit == NULL && *unit_name != '\0' && duration_read(&number, text, origin, &ignored)) {
        *bound = (struct lag_bound){ LAG_TIME, number };
        return true;
    }
    if (unit == NULL || digits == 0 || digits > SIZE_DIGITS_MAX || sscanf(text, "%" SCNd64, &number) != 1)
        return refuse(text, origin, fault);
    if (number > INT64_MAX / unit->bytes)
        return fault_set(fault, FAULT_CONFIG, "%s: \"%s\" is too large", origin, text);
    *bound = (struct lag_bound){ LAG_BYTES, number * unit->bytes };
    return true;
}

enum lag_verdict lag_judge(const struct lag_bound *bound, const struct lag *lag)
{
    if (bound->measure == LAG_ANY)
        return LAG_WITHIN;
    if (lag->replayed < 0 || lag->primary < 0)
        return LAG_UNKNOWN;
    int64_t behind_bytes = lag->primary - lag->replayed;
    if (behind_bytes <= 0)
        return LAG_WITHIN;
    if (bound->measure == LAG_BYTES)
        return behind_bytes <= bound->most ? LAG_WITHIN : LAG_BEYOND;
    if (lag->age_ms < 0)
        return LAG_UNKNOWN;
    return lag->age_ms <= bound->most ? LAG_WITHIN : LAG_BEYOND;
}

static void tell_bytes(char *line, size_t size, int64_t bytes)
{
    const struct unit *unit = &units[0];
    for (size_t i = 1; i < sizeof units / sizeof units[0] && bytes >= 10 * units[i].bytes; i++)
        unit = &units[i];
    snprintf(line, size, "%" PRId64 " %s behind its primary", bytes / unit->bytes, unit->name);
}

void lag_tell(char *line, size_t size, const struct lag_bound *bound, const struct lag *lag)
{
    if (lag_judge(bound, lag) != LAG_UNKNOWN && bound->measure == LAG_TIME)
        snprintf(line, size, "%" PRId64 " ms behind its primary", lag->age_ms);
    else if (lag_judge(bound, lag) != LAG_UNKNOWN)
        tell_bytes(line, size, lag->primary - lag->replayed);
    else if (lag->primary < 0)
        snprintf(line, size, "how far it lags is not known: it does not stream from a primary, and none was seen");
    else
        snprintf(line, size, "how far it lags is not known: it has replayed no transaction yet");
}
