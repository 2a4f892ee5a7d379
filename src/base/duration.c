/*
 * Reads a duration digit by digit in whole numbers: no floating point, no locale, no overflow. And writes one that would be read so.
 */
#include "base/duration.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { FRACTION_DIGITS_MAX = 9 };

static const struct unit {
    const char *name;
    int64_t ms;
} units[] = { { "", 1000 }, { "ms", 1 }, { "s", 1000 }, { "m", 60 * 1000 }, { "h", 3600 * 1000 } };

static const struct unit *find_unit(const char *name)
{
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcmp(units[i].name, name) == 0)
            return &units[i];
    return NULL;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Stops counting where no unit could make it acceptable any more. */
static const char *read_whole(const char *text, int64_t *whole)
{
    for (*whole = 0; is_digit(*text); text++)
        if (*whole <= DURATION_MAX_MS)
            *whole = *whole * 10 + (*text - '0');
    return text;
}

/* The fraction is part / scale. NULL when it has no digits or too many. */
static const char *read_fraction(const char *text, int64_t *part, int64_t *scale)
{
    size_t digits = 0;
    for (; digits <= FRACTION_DIGITS_MAX && is_digit(text[digits]); digits++) {
        *part = *part * 10 + (text[digits] - '0');
        *scale *= 10;
    }
    return digits >= 1 && digits <= FRACTION_DIGITS_MAX ? text + digits : NULL;
}

static bool refuse(const char *text, const char *origin, struct fault *fault)
{
    fault_set(fault, FAULT_CONFIG, "%s: \"%s\" is not a duration", origin, text);
    fault_hint(fault,
               "A duration is a number followed by ms, s, m or h, such as 500ms, 2s or 1.5m; a bare number is seconds.");
    return false;
}

bool duration_read(int64_t *duration_ms, const char *text, const char *origin, struct fault *fault)
{
    int64_t whole, part = 0, scale = 1;
    if (!is_digit(*text))
        return refuse(text, origin, fault);
    const char *rest = read_whole(text, &whole);
    if (*rest == '.')
        rest = read_fraction(rest + 1, &part, &scale);
    const struct unit *unit = rest == NULL ? NULL : find_unit(rest);
    if (unit == NULL)
        return refuse(text, origin, fault);
    int64_t fraction_ms = (part * unit->ms + scale - 1) / scale;
    if (whole > DURATION_MAX_MS / unit->ms || whole * unit->ms > DURATION_MAX_MS - fraction_ms) {
        fault_set(fault, FAULT_CONFIG, "%s: \"%s\" is too long", origin, text);
        fault_hint(fault, "At most 10000h is accepted.");
        return false;
    }
    *duration_ms = whole * unit->ms + fraction_ms;
    return true;
}

/* In the largest unit of which it is a whole number. */
void duration_write(char word[DURATION_WORD_BYTES], int64_t duration_ms)
{
    const struct unit *unit = find_unit(duration_ms == 0 ? "s" : "h");
    while (duration_ms % unit->ms != 0)
        unit--;
    snprintf(word, DURATION_WORD_BYTES, "%" PRId64 "%s", duration_ms / unit->ms, unit->name);
}
