/*
 * The simple kinds of values. It knows how they are written, not which option wants which.
 */
#include "plan/value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { NUMBER_DIGITS_MAX = 15, PORT_MAX = 65535 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads plain digits into *number and answers how many there were; more than NUMBER_DIGITS_MAX is none. */
static size_t read_digits(const char *text, int64_t *number)
{
    size_t digits = 0;
    for (*number = 0; is_digit(text[digits]); digits++)
        if (digits < NUMBER_DIGITS_MAX)
            *number = *number * 10 + (text[digits] - '0');
    return digits <= NUMBER_DIGITS_MAX ? digits : 0;
}

bool value_number(int64_t *number, const char *text, const char *origin, int64_t least, int64_t most, struct fault *fault)
{
    size_t digits = read_digits(text, number);
    if (digits > 0 && text[digits] == '\0' && *number >= least && *number <= most)
        return true;
    fault_set(fault, FAULT_CONFIG, "%s: \"%s\" is not a number from %" PRId64 " to %" PRId64, origin, text, least, most);
    return false;
}

bool value_switch(bool *on, const char *text, const char *origin, struct fault *fault)
{
    static const char *const words[] = { "off", "on", "false", "true", "no", "yes", "0", "1" };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcasecmp(words[i], text) == 0) {
            *on = i % 2 == 1;
            return true;
        }
    fault_set(fault, FAULT_CONFIG, "%s: \"%s\" is neither on nor off", origin, text);
    fault_hint(fault, "Accepted are on, true, yes, 1 and off, false, no, 0.");
    return false;
}

static void list_names(char *list, size_t size, const char *const *names, size_t count)
{
    size_t used = 0;
    for (size_t i = 0; i < count && used < size; i++) {
        const char *comma = i == 0 ? "" : i + 1 < count ? ", " : " and ";
        used += (size_t) snprintf(list + used, size - used, "%s%s", comma, names[i]);
    }
}

bool value_choice(size_t *index, const char *text, const char *origin, const char *const *names, size_t count,
                  struct fault *fault)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], text) == 0) {
            *index = i;
            return true;
        }
    char list[256];
    list_names(list, sizeof list, names, count);
    fault_set(fault, FAULT_CONFIG, "%s: \"%s\" is not a choice", origin, text);
    fault_hint(fault, "Accepted are %s.", list);
    return false;
}

static const char *skip_space(const char *text)
{
    while (*text == ' ' || (*text >= '\t' && *text <= '\r'))
        text++;
    return text;
}

/* Answers where the port at text ends, a comma or the end of the text; NULL when it is no port. */
static const char *read_port(const char *text)
{
    int64_t port;
    text = skip_space(text);
    size_t digits = read_digits(text, &port);
    bool left_out = digits == 0 && (*text == ',' || *text == '\0');
    text = skip_space(text + digits);
    bool ends = *text == ',' || *text == '\0';
    return ends && (left_out || (port >= 1 && port <= PORT_MAX)) ? text : NULL;
}

bool value_ports(const char *text, const char *origin, struct fault *fault)
{
    const char *at = text;
    while ((at = read_port(at)) != NULL)
        if (*at++ == '\0')
            return true;
    fault_set(fault, FAULT_CONFIG, "%s: \"%s\" is not a port", origin, text);
    fault_hint(fault, "A port is a number from 1 to 65535; several hosts may have several, separated by commas.");
    return false;
}
