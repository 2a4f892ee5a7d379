/*
 * First words and the tags that go with them. It knows no grammar beyond that.
 */
#include "support/fake_query.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

const char *query_begin(const char *query)
{
    for (;;) {
        query += strspn(query, " \t\r\n;");
        const char *end = NULL;
        if (strncmp(query, "--", 2) == 0)
            end = strchr(query, '\n');
        else if (strncmp(query, "/*", 2) == 0 && (end = strstr(query, "*/")) != NULL)
            end += 2;
        else
            return query;
        query = end != NULL ? end : query + strlen(query);
    }
}

static bool begins_with(const char *query, const char *word)
{
    size_t size = strlen(word);
    return strncasecmp(query, word, size) == 0 && !isalnum((unsigned char) query[size]) && query[size] != '_';
}

static bool is_one_of(const char *query, const char *const *words)
{
    while (*words != NULL && !begins_with(query, *words))
        words++;
    return *words != NULL;
}

/* One word, or two for CREATE TABLE and its like, in capitals. */
static void copy_tag(char *tag, size_t size, const char *query)
{
    static const char *const two_worded[] = { "CREATE", "DROP", "ALTER", "DISCARD", NULL };
    size_t length = strspn(query, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
    if (is_one_of(query, two_worded) && query[length] == ' ')
        length += 1 + strspn(query + length + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
    snprintf(tag, size, "%.*s", (int) length, query);
    for (char *at = tag; *at != '\0'; at++)
        *at = (char) toupper((unsigned char) *at);
}

void query_guess_tag(char *tag, size_t size, const char *query, int rows, char transaction_status)
{
    static const char *const reading[] = { "SELECT", "WITH", "VALUES", "TABLE", NULL };
    static const char *const writing[] = { "UPDATE", "DELETE", "MERGE", "COPY", NULL };
    char word[64];
    copy_tag(word, sizeof word, query);
    if (rows > 0 || is_one_of(query, reading))
        snprintf(tag, size, "SELECT %d", rows);
    else if (begins_with(query, "INSERT"))
        snprintf(tag, size, "INSERT 0 1");
    else if (is_one_of(query, writing))
        snprintf(tag, size, "%s 0", word);
    else if (begins_with(query, "END") || begins_with(query, "COMMIT"))
        snprintf(tag, size, "%s", transaction_status == 'E' ? "ROLLBACK" : "COMMIT");
    else
        snprintf(tag, size, "%s", word);
}

char query_transaction_status(const char *query, char before)
{
    static const char *const opening[] = { "BEGIN", "START", NULL };
    static const char *const closing[] = { "COMMIT", "END", "ROLLBACK", "ABORT", NULL };
    if (is_one_of(query, opening) || strncasecmp(query, "ROLLBACK TO ", strlen("ROLLBACK TO ")) == 0)
        return 'T';
    return is_one_of(query, closing) ? 'I' : before;
}

const char *query_rows(const struct fake_reply *reply, const char *query)
{
    static const char *const reading[] = { "SELECT", "WITH", "VALUES", "TABLE", "SHOW", NULL };
    if (reply != NULL && reply->rows != NULL)
        return reply->rows;
    return is_one_of(query, reading) ? "column" : NULL;
}
