/*
 * usage: fuzz_parity SEED INPUTS FILE ...
 *
 * Makes so many inputs out of the files and holds the splitter against psql's scanner on each. What differs is cut down to as
 * few bytes as still differ and left in the working folder as difference-SEED-N.sql: a case for the folder cases. Exit code 1
 * when anything differs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "mutate.h"
#include "parity.h"
#include "psql_scanner.h"

enum { MOST_DIFFERENCES = 10 };

struct totals {
    unsigned long inputs;
    unsigned long differences;
    unsigned long passed_over;
    size_t messages;
    size_t statements;
    size_t bytes;
};

static bool differs(const struct bytes *text)
{
    struct parity parity;
    bool same = parity_holds(&parity, text->at, text->size);
    parity_finish(&parity);
    return !same;
}

/* Takes pieces out, smaller and smaller ones, as long as the rest still differs. */
static void shrink(struct bytes *text)
{
    for (size_t size = text->size / 2; size > 0; size /= 2)
        for (size_t at = 0; at + size <= text->size;) {
            struct bytes less = { 0 };
            bytes_add(&less, text->at, at);
            bytes_add(&less, text->at + at + size, text->size - at - size);
            if (differs(&less)) {
                bytes_finish(text);
                *text = less;
            } else {
                bytes_finish(&less);
                at += size;
            }
        }
}

static void report(const struct bytes *input, const char *seed, unsigned long number)
{
    struct bytes small = { 0 };
    bytes_add(&small, input->at, input->size);
    shrink(&small);
    const char *path = must_format("difference-%s-%lu.sql", seed, number);
    FILE *file = fopen(path, "wb");
    must(file != NULL, "cannot write %s", path);
    fwrite(small.at, 1, small.size, file);
    fclose(file);
    struct parity parity;
    parity_holds(&parity, small.at, small.size);
    printf("%s: %s", path, parity.difference.size > 0 ? parity.difference.at : "");
    parity_finish(&parity);
    bytes_finish(&small);
}

/*
 * Up to 15.18 psql's scanner counts words in parentheses, too, when it looks whether a statement defines a routine: for
 * "(create function)begin" it waits for an END. An older judge is not asked about what that may concern.
 */
static bool is_judged_otherwise(const struct bytes *input)
{
    enum { COUNTS_OUTSIDE_PARENTHESES_ONLY = 150020 };
    return psql_scanner_version() < COUNTS_OUTSIDE_PARENTHESES_ONLY && strcasestr(input->at, "create") != NULL &&
           strcasestr(input->at, "begin") != NULL && strchr(input->at, '(') != NULL;
}

static void try_one(struct mutator *mutator, struct bytes *input, struct totals *totals, const char *seed)
{
    mutator_next(mutator, input);
    if (is_judged_otherwise(input)) {
        totals->passed_over++;
        return;
    }
    struct parity parity;
    if (!parity_holds(&parity, input->at, input->size) && ++totals->differences <= MOST_DIFFERENCES)
        report(input, seed, totals->differences);
    totals->inputs++;
    totals->messages += parity.messages;
    totals->statements += parity.statements;
    totals->bytes += input->size;
    parity_finish(&parity);
}

int main(int count, char **arguments)
{
    if (count < 4) {
        fprintf(stderr, "usage: fuzz_parity SEED INPUTS FILE ...\n");
        return 2;
    }
    size_t text_count = (size_t) count - 3;
    struct bytes *texts = must_alloc(text_count * sizeof *texts);
    for (size_t i = 0; i < text_count; i++)
        texts[i] = read_file(arguments[i + 3]);
    struct mutator mutator;
    mutator_init(&mutator, strtoull(arguments[1], NULL, 10), texts, text_count);
    unsigned long inputs = strtoul(arguments[2], NULL, 10);
    struct totals totals = { 0 };
    struct bytes input = { 0 };
    while (totals.inputs < inputs)
        try_one(&mutator, &input, &totals, arguments[1]);
    printf("seed %s: %lu inputs, %.1f MB, %zu messages of psql's, %zu statements of ours, %lu differences\n", arguments[1],
           totals.inputs, (double) totals.bytes / 1e6, totals.messages, totals.statements, totals.differences);
    if (totals.passed_over > 0)
        printf("%lu more inputs were not compared: this psql, %d, is older than 15.20\n", totals.passed_over,
               psql_scanner_version());
    bytes_finish(&input);
    for (size_t i = 0; i < text_count; i++)
        bytes_finish(&texts[i]);
    free(texts);
    return totals.differences > 0;
}
