/*
 * Holds trial after trial, in several processes with a stage of their own each, and adds up. It knows what was asked for on the
 * command line and how to tell how far it is.
 *
 *     torture                          every point: eighty thousand, a tenth of a CPU second each
 *     torture --shard 3/8              an eighth of them
 *     torture --sample                 a few hundred by chance; PGUSHER_TORTURE_SEED repeats them
 *     torture --only close             one kind of fault
 *     torture --point close/chain/client/1234/goes-on    that one; may be given again
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "points.h"
#include "support/must.h"

enum { MOST_WORKERS = 64, MOST_COMPLAINTS = 20, MOST_NAMED = 64, TELL_EVERY_S = 10, DUMP_EVERY = 100 };

/* Half of a trial is waiting; but each worker begins with a cluster of its own, and a sample is soon over. */
enum { WORKERS_PER_PROCESSOR = 4, WORKERS_PER_PROCESSOR_FOR_SAMPLE = 2 };

static const size_t sample[KINDS] = {
    [KIND_CLOSE] = 80, [KIND_RESET] = 80, [KIND_SILENCE] = 12,
    [KIND_DELAY] = 20, [KIND_KILL] = 40,  [KIND_KILL_ANY_TIME] = 20,
};

struct tally {
    atomic_size_t tried;
    atomic_size_t struck;
    atomic_size_t complaints;
};

/* What the processes share. */
struct sums {
    struct ranges ranges;
    atomic_size_t next;
    atomic_size_t complaints;
    atomic_size_t dumps;
    long longest_stop_us; /* two workers at once may lose one: it is a figure for people */
    size_t longest_stop;  /* its point */
    struct tally of[KINDS];
    size_t current[MOST_WORKERS]; /* the point that each worker is at */
};

struct wishes {
    size_t part, parts;
    size_t workers;
    uint64_t seed;
    bool sample;
    const char *only;
    const char *points[MOST_NAMED];
    size_t named;
};

static struct sums *sums;

/* --- a worker --- */

static void add_up(const struct points *points, size_t number, const struct verdict *verdict)
{
    struct tally *tally = &sums->of[points->list[number].kind];
    tally->tried++;
    tally->struck += verdict->struck;
    sums->dumps += verdict->dump_was_compared && verdict->complaint == NULL;
    if (verdict->stopped_in_us > sums->longest_stop_us) {
        sums->longest_stop_us = (long) verdict->stopped_in_us;
        sums->longest_stop = number;
    }
    if (verdict->complaint == NULL)
        return;
    tally->complaints++;
    sums->complaints++;
    fprintf(stderr, "%s\n", verdict->complaint);
}

static void work(const struct points *points, size_t number)
{
    struct stage *stage = stage_new();
    size_t i;
    while (sums->complaints < MOST_COMPLAINTS && (i = sums->next++) < points->count) {
        const void *mark = must_mark();
        sums->current[number] = i;
        struct verdict verdict = trial_hold(stage, &points->list[i], i % DUMP_EVERY == 0);
        add_up(points, i, &verdict);
        must_forget(mark);
    }
    stage_free(stage);
}

static void measure(void)
{
    struct stage *stage = stage_new();
    ranges_measure(&sums->ranges, stage);
    stage_free(stage);
}

/* --- all of them --- */

/* In the child, which does not outlive the parent: 0. */
static pid_t fork_worker(void)
{
    pid_t parent = getpid();
    pid_t pid = fork();
    must(pid >= 0, "cannot fork: %s", strerror(errno));
    if (pid == 0)
        prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (pid == 0 && getppid() != parent)
        exit(1);
    return pid;
}

static pid_t begin_measuring(void)
{
    pid_t pid = fork_worker();
    if (pid > 0)
        return pid;
    measure();
    exit(0);
}

static pid_t begin_working(const struct points *points, size_t number)
{
    pid_t pid = fork_worker();
    if (pid > 0)
        return pid;
    work(points, number);
    exit(0);
}

static void tell(const struct points *points, int64_t begun)
{
    size_t tried = 0;
    for (enum fault_kind kind = 0; kind < KINDS; kind++)
        tried += sums->of[kind].tried;
    double seconds = (double) (patience_begin() - begun) / 1000;
    double left = tried > 0 ? seconds / (double) tried * (double) (points->count - tried) : 0;
    printf("%zu of %zu points, %zu complaints, %.1f a second, %.0f minutes left\n", tried, points->count,
           (size_t) sums->complaints, (double) tried / seconds, left / 60);
    fflush(stdout);
}

/* A worker that does not end well has found something that the harness does not understand. */
static void bury(const struct points *points, const pid_t workers[MOST_WORKERS], pid_t pid, int status)
{
    size_t number = 0;
    while (number < MOST_WORKERS - 1 && workers[number] != pid)
        number++;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return;
    sums->complaints++;
    if (sums->current[number] < points->count)
        fprintf(stderr, "a worker gave up at %s\n", point_name(&points->list[sums->current[number]]));
}

static void work_together(const struct points *points, size_t count)
{
    pid_t workers[MOST_WORKERS] = { 0 };
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    int64_t begun = patience_begin();
    for (size_t i = 0; i < count; i++) {
        sums->current[i] = points->count;
        workers[i] = begin_working(points, i);
    }
    while (count > 0) {
        int status;
        pid_t pid = waitpid(-1, &status, WNOHANG);
        if (pid > 0) {
            bury(points, workers, pid, status);
            count--;
        } else if (sigtimedwait(&child, NULL, &(struct timespec){ .tv_sec = TELL_EVERY_S }) < 0 && errno == EAGAIN) {
            tell(points, begun);
        }
    }
    tell(points, begun);
}

static void show_sums(const struct wishes *wishes, const struct points *points)
{
    printf("\nseed %llu, shard %zu/%zu\n", (unsigned long long) wishes->seed, wishes->part, wishes->parts);
    printf("%-14s %8s %8s %10s\n", "fault", "points", "struck", "complaints");
    for (enum fault_kind kind = 0; kind < KINDS; kind++)
        printf("%-14s %8zu %8zu %10zu\n", kind_text(kind), (size_t) sums->of[kind].tried, (size_t) sums->of[kind].struck,
               (size_t) sums->of[kind].complaints);
    printf("pg_dump was compared %zu times\n", (size_t) sums->dumps);
    if (sums->longest_stop_us > 0)
        printf("the longest stop after SIGTERM took %ld ms, at %s\n", sums->longest_stop_us / 1000,
               point_name(&points->list[sums->longest_stop]));
}

/*
 * A run may say a few bytes less than the one that was measured; more blows than that go nowhere only when the harness no longer strikes.
 * At a time of chance the run may be over.
 */
static bool has_struck(void)
{
    enum { MISSES_ALWAYS_ALLOWED = 2, ONE_IN = 10 };
    bool has = true;
    for (enum fault_kind kind = 0; kind < KINDS; kind++) {
        size_t tried = sums->of[kind].tried;
        size_t missed = tried - sums->of[kind].struck;
        if (kind == KIND_KILL_ANY_TIME || missed <= MISSES_ALWAYS_ALLOWED || missed * ONE_IN <= tried)
            continue;
        fprintf(stderr, "%s: %zu of %zu blows went nowhere\n", kind_text(kind), missed, tried);
        has = false;
    }
    return has;
}

static void tell_range(enum story_name story, int side)
{
    const struct range *bytes = &sums->ranges.of[story][side].bytes;
    const struct range *messages = &sums->ranges.of[story][side].messages;
    printf("%s, what the %s says: bytes %zu to %zu, messages %zu to %zu\n", story_text(story),
           side == 1 ? "client" : "server", bytes->begin, bytes->end, messages->begin, messages->end);
}

static void measure_all(void)
{
    int status = 0;
    pid_t pid = begin_measuring();
    while (waitpid(pid, &status, 0) < 0)
        must(errno == EINTR, "cannot wait: %s", strerror(errno));
    must(WIFEXITED(status) && WEXITSTATUS(status) == 0, "an undisturbed run cannot be measured");
    for (enum story_name story = 0; story < STORIES; story++)
        for (int side = 0; side < 2; side++)
            tell_range(story, side);
}

static struct points choose(const struct wishes *wishes)
{
    struct points points = points_make(&sums->ranges, wishes->seed, wishes->sample ? sample : NULL);
    points_shard(&points, wishes->part, wishes->parts);
    enum fault_kind kind;
    if (wishes->only != NULL) {
        must(kind_parse(&kind, wishes->only), "there is no fault %s", wishes->only);
        points_only(&points, kind);
    }
    for (size_t i = 0; i < wishes->named; i++)
        must(point_parse(&points.list[i], wishes->points[i]), "there is no point %s", wishes->points[i]);
    if (wishes->named > 0)
        points.count = wishes->named;
    return points;
}

/* --- the command line --- */

static uint64_t choose_seed(bool by_chance)
{
    const char *wanted = getenv("PGUSHER_TORTURE_SEED");
    if (wanted != NULL)
        return strtoull(wanted, NULL, 10);
    return by_chance ? (uint64_t) patience_begin() % 1000000 : 1;
}

static size_t default_workers(bool as_sample)
{
    size_t workers =
        (size_t) sysconf(_SC_NPROCESSORS_ONLN) * (as_sample ? WORKERS_PER_PROCESSOR_FOR_SAMPLE : WORKERS_PER_PROCESSOR);
    return workers < MOST_WORKERS ? workers : MOST_WORKERS;
}

static void refuse_wishes(void)
{
    fprintf(stderr, "usage: torture [--shard I/N] [--sample] [--only FAULT] [--point NAME ...] [--workers N]\n");
    exit(2);
}

static struct wishes read_wishes(int argc, char **argv)
{
    static const struct option options[] = {
        { "shard", required_argument, NULL, 's' },   { "sample", no_argument, NULL, 'a' },
        { "only", required_argument, NULL, 'o' },    { "point", required_argument, NULL, 'p' },
        { "workers", required_argument, NULL, 'w' }, { 0 },
    };
    struct wishes wishes = { .part = 1, .parts = 1 };
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        bool understood = option != '?' && optind <= argc;
        if (option == 's')
            understood = sscanf(optarg, "%zu/%zu", &wishes.part, &wishes.parts) == 2;
        else if (option == 'a')
            wishes.sample = true;
        else if (option == 'o')
            wishes.only = optarg;
        else if (option == 'p' && wishes.named < MOST_NAMED)
            wishes.points[wishes.named++] = optarg;
        else if (option == 'w')
            understood = (wishes.workers = strtoul(optarg, NULL, 10)) >= 1;
        if (!understood)
            refuse_wishes();
    }
    if (wishes.workers == 0)
        wishes.workers = default_workers(wishes.sample);
    if (optind < argc || wishes.part < 1 || wishes.part > wishes.parts || wishes.workers > MOST_WORKERS)
        refuse_wishes();
    wishes.seed = choose_seed(wishes.sample);
    return wishes;
}

int main(int argc, char **argv)
{
    struct wishes wishes = read_wishes(argc, argv);
    sums = mmap(NULL, sizeof *sums, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must(sums != MAP_FAILED, "the harness is out of memory");
    setvbuf(stdout, NULL, _IOLBF, 0);
    measure_all();
    struct points points = choose(&wishes);
    printf("%zu points, seed %llu (PGUSHER_TORTURE_SEED), shard %zu/%zu\n", points.count, (unsigned long long) wishes.seed,
           wishes.part, wishes.parts);
    work_together(&points, points.count < wishes.workers ? points.count : wishes.workers);
    show_sums(&wishes, &points);
    free(points.list);
    return has_struck() && sums->complaints == 0 ? 0 : 1;
}
