/*
 * The one error value. It is filled once, where the error is born, and needs no memory of its own; everyone above cleans up
 * and passes it on. A function that can fail returns bool and takes a struct fault * last.
 */
#ifndef PGUSHER_BASE_FAULT_H
#define PGUSHER_BASE_FAULT_H

#include <stdbool.h>
#include <stddef.h>

/* What kind of end a fault is. The exit code follows from it, in src/cli/exit_code.c and nowhere else. */
enum fault_class {
    FAULT_NONE,
    FAULT_INTERNAL,  /* a bug, or out of memory */
    FAULT_CONFIG,    /* usage or configuration, the migrations folder included */
    FAULT_NOT_READY, /* the attempts or the deadline ran out */
    FAULT_REFUSED,   /* refused for good: authentication, no such database, TLS, no right to the ledger */
    FAULT_MIGRATION, /* a migration failed */
    FAULT_HISTORY,   /* a file changed after it was applied, or an applied one is missing */
    FAULT_LOCKED,    /* another runner held the lock for too long */
    FAULT_PENDING,   /* there are pending migrations */
    FAULT_LOST,      /* the connection broke; whoever owns the run decides what that means */
    FAULT_SIGNAL,    /* ended by a signal */
};

enum { FAULT_NAME_BYTES = 256, FAULT_LINE_BYTES = 1024 };

struct fault {
    enum fault_class class;
    char sqlstate[6];              /* empty unless a server spoke */
    int system_errno;              /* 0 unless the system spoke */
    int signal_number;             /* for FAULT_SIGNAL */
    char source[FAULT_NAME_BYTES]; /* the file a position is in; empty when the fault is not about text */
    bool has_offset;
    size_t offset_bytes; /* from the start of the source, byte-order mark included */
    char what[FAULT_LINE_BYTES];
    char detail[FAULT_LINE_BYTES];
    char hint[FAULT_LINE_BYTES];
    char context[FAULT_LINE_BYTES]; /* PostgreSQL's CONTEXT and internal query */
};

void fault_clear(struct fault *fault);
bool fault_is_set(const struct fault *fault);

/* Starts a fault anew. Text that is too long is cut between characters. Always returns false, for `return fault_set(...)`. */
bool fault_set(struct fault *fault, enum fault_class class, const char *format, ...) __attribute__((format(printf, 3, 4)));

/*
 * The same, with the system's word for system_errno added after a colon. Where that is a missing permission, a hint says whose: in a
 * container it is seldom who people think. Where the system has run out of files or memory the class is FAULT_INTERNAL, whatever is asked.
 */
bool fault_set_errno(struct fault *fault, enum fault_class class, int system_errno, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The one for which there is no memory to say more. Always returns false. */
bool fault_out_of_memory(struct fault *fault);

void fault_detail(struct fault *fault, const char *format, ...) __attribute__((format(printf, 2, 3)));
void fault_hint(struct fault *fault, const char *format, ...) __attribute__((format(printf, 2, 3)));
void fault_context(struct fault *fault, const char *format, ...) __attribute__((format(printf, 2, 3)));
void fault_sqlstate(struct fault *fault, const char *sqlstate);
void fault_place(struct fault *fault, const char *source, size_t offset_bytes);

/* Copies a text into room for size bytes and cuts it, if it must, between two UTF-8 characters. */
void text_cut(char *to, size_t size, const char *from);

#endif
