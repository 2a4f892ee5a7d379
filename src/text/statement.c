/*
 * One statement of a script, as it is shown to people.
 */
#include <string.h>

#include "text/script.h"

void statement_headline(const struct script *script, size_t index, char *line, size_t size)
{
    const struct statement *statement = &script->statements[index];
    const char *start = script->source->bytes + statement->offset_bytes;
    const char *newline = memchr(start, '\n', statement->size_bytes);
    size_t length = newline != NULL ? (size_t) (newline - start) : statement->size_bytes;
    while (length > 0 && strchr(" \t\r\f", start[length - 1]) != NULL)
        length--;
    size_t kept = length < size ? length : size - 1;
    memcpy(line, start, kept);
    line[kept] = '\0';
    if (kept == length || size < 4)
        return;
    kept = size - 4;
    while (kept > 0 && ((unsigned char) start[kept] & 0xC0) == 0x80)
        kept--;
    memcpy(line + kept, "...", 4);
}
