/*
 * The rules for names, without a look at the files. A name goes into the ledger and into log lines as it is, so it must be
 * text that both can hold.
 */
#include "plan/file_name.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "plan/utf8.h"

static bool ends_with(const char *text, const char *ending)
{
    size_t text_size = strlen(text), ending_size = strlen(ending);
    return text_size >= ending_size && strcmp(text + text_size - ending_size, ending) == 0;
}

bool file_name_is_migration(const char *name)
{
    return name[0] != '.' && ends_with(name, ".sql");
}

/* Those of ASCII, and U+0080 to U+009F, which some terminals obey as well. */
static bool is_control(const unsigned char *at)
{
    return *at < 0x20 || *at == 0x7F || (at[0] == 0xC2 && at[1] >= 0x80 && at[1] <= 0x9F);
}

static bool has_control(const char *name)
{
    for (const unsigned char *at = (const unsigned char *) name; *at != '\0'; at++)
        if (is_control(at))
            return true;
    return false;
}

static size_t count_characters(const char *name)
{
    size_t count = 0;
    for (; *name != '\0'; name++)
        if (((unsigned char) *name & 0xC0) != 0x80)
            count++;
    return count;
}

/* Every byte that is not plain ASCII as \xHH, so that the name can be shown and found. */
static void show_bytes(char *shown, size_t size, const char *name)
{
    size_t used = 0;
    for (const unsigned char *at = (const unsigned char *) name; *at != '\0' && used + 5 <= size; at++) {
        bool plain = *at >= 0x20 && *at < 0x7F && *at != '\\';
        used += (size_t) snprintf(shown + used, size - used, plain ? "%c" : "\\x%02X", *at);
    }
    shown[used] = '\0';
}

static bool refuse(const char *name, const char *wrong, const char *hint, struct fault *fault)
{
    char shown[FAULT_LINE_BYTES / 2];
    show_bytes(shown, sizeof shown, name);
    fault_set(fault, FAULT_CONFIG, "the name of migration \"%s\" %s", shown, wrong);
    fault_hint(fault, "%s", hint);
    return false;
}

bool file_name_check(const char *name, struct fault *fault)
{
    if (!utf8_is_valid(name))
        return refuse(name, "is not valid UTF-8", "Rename it: the ledger holds names as UTF-8.", fault);
    if (has_control(name))
        return refuse(name, "has a control character in it", "Rename it: such a name would garble logs and terminals.",
                      fault);
    if (count_characters(name) > MIGRATION_NAME_MAX_CHARACTERS)
        return refuse(name, "is longer than 255 characters", "Rename it: the ledger has no more room.", fault);
    if (!ends_with(name, ".down.sql"))
        return true;
    fault_set(fault, FAULT_CONFIG, "\"%s\" is the way back of another tool's pair of files", name);
    fault_hint(fault, "pgusher would run it as a migration and drop what its pair has made; keep *.down.sql files in "
                      "another folder.");
    return false;
}
