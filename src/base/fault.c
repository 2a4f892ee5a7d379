/*
 * Filling a fault. It knows how to keep text within its bounds; what the words mean is known where the fault is born.
 */
#include "base/fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void end_between_characters(char *text, size_t size)
{
    size_t end = size;
    while (end > 0 && ((unsigned char) text[end - 1] & 0xC0) == 0x80)
        end--;
    if (end == 0)
        return;
    unsigned char lead = (unsigned char) text[end - 1];
    size_t wanted = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (size - (end - 1) < wanted)
        text[end - 1] = '\0';
}

void text_cut(char *to, size_t size, const char *from)
{
    size_t length = strlen(from);
    size_t kept = length < size ? length : size - 1;
    memmove(to, from, kept);
    to[kept] = '\0';
    if (kept < length)
        end_between_characters(to, kept);
}

static void format_line(char *line, const char *format, va_list args)
{
    int size = vsnprintf(line, FAULT_LINE_BYTES, format, args);
    if (size >= FAULT_LINE_BYTES)
        end_between_characters(line, FAULT_LINE_BYTES - 1);
}

void fault_clear(struct fault *fault)
{
    memset(fault, 0, sizeof *fault);
}

bool fault_is_set(const struct fault *fault)
{
    return fault->class != FAULT_NONE;
}

bool fault_set(struct fault *fault, enum fault_class class, const char *format, ...)
{
    fault_clear(fault);
    fault->class = class;
    va_list args;
    va_start(args, format);
    format_line(fault->what, format, args);
    va_end(args);
    return false;
}

/* That is nobody's configuration, and nobody's migration. */
static bool is_exhausted(int system_errno)
{
    return system_errno == EMFILE || system_errno == ENFILE || system_errno == ENOMEM;
}

bool fault_set_errno(struct fault *fault, enum fault_class class, int system_errno, const char *format, ...)
{
    fault_clear(fault);
    fault->class = is_exhausted(system_errno) ? FAULT_INTERNAL : class;
    fault->system_errno = system_errno;
    va_list args;
    va_start(args, format);
    format_line(fault->what, format, args);
    va_end(args);
    size_t size = strlen(fault->what);
    snprintf(fault->what + size, sizeof fault->what - size, ": %s", strerror(system_errno));
    if (system_errno == EACCES)
        fault_hint(fault, "pgusher runs as user %u, group %u: that is who needs the permission.", (unsigned) geteuid(),
                   (unsigned) getegid());
    if (system_errno == EMFILE)
        fault_hint(fault, "A process may have only so many files open: ulimit -n.");
    return false;
}

bool fault_out_of_memory(struct fault *fault)
{
    return fault_set(fault, FAULT_INTERNAL, "out of memory");
}

void fault_detail(struct fault *fault, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    format_line(fault->detail, format, args);
    va_end(args);
}

void fault_hint(struct fault *fault, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    format_line(fault->hint, format, args);
    va_end(args);
}

void fault_context(struct fault *fault, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    format_line(fault->context, format, args);
    va_end(args);
}

void fault_sqlstate(struct fault *fault, const char *sqlstate)
{
    text_cut(fault->sqlstate, sizeof fault->sqlstate, sqlstate);
}

void fault_place(struct fault *fault, const char *source, size_t offset_bytes)
{
    text_cut(fault->source, sizeof fault->source, source);
    fault->has_offset = true;
    fault->offset_bytes = offset_bytes;
}
