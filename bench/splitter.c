/*
 * usage: bench_splitter FILE ...
 *
 * How fast statements are found, in MB/s over the files, made plain SQL first: by our splitter, by our whole reading of a script,
 * and by psql's scanner under psql's loop; and the limit of anything that looks at every byte, memchr() for one that is not there.
 * Each goes over all the files again and again for a second; the fastest twentieth of it counts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "files.h"
#include "psql_scanner.h"
#include "text/script.h"
#include "text/splitter.h"

enum { ROUND_US = 50 * 1000, ALL_ROUNDS_US = 1000 * 1000 };

/* Gives how many statements it found; 0 when it refused the text, which then does not count. */
typedef size_t reading_of(const struct bytes *text);

static size_t split(const struct bytes *text)
{
    const struct source source = { .name = "bench.sql", .bytes = text->at, .size = text->size };
    struct splitter splitter;
    struct piece piece;
    struct fault fault;
    size_t statements = 0;
    splitter_init(&splitter, &source);
    while (splitter_next(&splitter, &piece, &fault) && piece.kind != PIECE_END)
        statements++;
    return statements;
}

static size_t read_script(const struct bytes *text)
{
    const struct source source = { .name = "bench.sql", .bytes = text->at, .size = text->size };
    struct arena arena;
    struct script script;
    struct fault fault;
    arena_init(&arena);
    bool read = source_check(&source, &fault) && script_read(&script, &arena, &source, &fault);
    size_t statements = read ? script.statement_count : 0;
    arena_finish(&arena);
    return statements;
}

static size_t scan_as_psql(const struct bytes *text)
{
    return oracle_count(text->at, text->size);
}

static size_t look_at_every_byte(const struct bytes *text)
{
    return memchr(text->at, '\0', text->size) == NULL;
}

/* The processor's time, so that other programs on the machine count little. */
static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

struct tally {
    size_t bytes;
    size_t statements;
};

static void go_over(reading_of *reading, const struct bytes *texts, size_t count, struct tally *tally)
{
    for (size_t i = 0; i < count; i++) {
        __asm__ volatile("" : : : "memory"); /* or the compiler looks once for all rounds */
        size_t found = reading(&texts[i]);
        tally->statements += found;
        tally->bytes += found > 0 ? texts[i].size : 0;
    }
}

static double measure(const char *name, reading_of *reading, const struct bytes *texts, size_t count, double unit)
{
    struct tally once = { 0 };
    go_over(reading, texts, count, &once);
    double best = 0;
    int64_t began = now_us();
    while (now_us() - began < ALL_ROUNDS_US) {
        struct tally round = { 0 };
        int64_t round_began = now_us();
        int64_t took = 0;
        for (; took < ROUND_US; took = now_us() - round_began)
            go_over(reading, texts, count, &round);
        double speed = (double) round.bytes / (double) took;
        best = speed > best ? speed : best;
    }
    printf("%-16s %8.0f MB/s %7.1f x  %5.1f MB, %zu statements\n", name, best, unit > 0 ? best / unit : 1.0,
           (double) once.bytes / 1e6, once.statements);
    return best;
}

int main(int count, char **arguments)
{
    size_t text_count = (size_t) count - 1;
    struct bytes *texts = must_alloc(text_count * sizeof *texts);
    double bytes = 0;
    for (size_t i = 0; i < text_count; i++) {
        texts[i] = read_plain(arguments[i + 1]);
        bytes += (double) texts[i].size;
    }
    printf("%zu files, %.1f MB\n", text_count, bytes / 1e6);
    double psql = measure("psql's scanner", scan_as_psql, texts, text_count, 0);
    measure("splitter", split, texts, text_count, psql);
    measure("whole script", read_script, texts, text_count, psql);
    measure("memchr", look_at_every_byte, texts, text_count, psql);
    for (size_t i = 0; i < text_count; i++)
        bytes_finish(&texts[i]);
    free(texts);
    return 0;
}
