/*
 * What the linker calls instead of libpq and libuv: one function for each, which counts, and fails the way the real one does when
 * it fails. Left out are calls that cannot fail, and those of clean-up.
 */
#include "seam.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <string.h>
#include <uv.h>

#include "whole.h"

/* X(result, function, parameters, arguments, what it gives when it fails) */
#define SEAM(X)                                                                                                             \
    X(PGconn *, PQconnectStartParams, (const char *const *k, const char *const *v, int e), (k, v, e), NULL)                 \
    X(PostgresPollingStatusType, PQconnectPoll, (PGconn * c), (c), PGRES_POLLING_FAILED)                                    \
    X(int, PQsetnonblocking, (PGconn * c, int on), (c, on), -1)                                                             \
    X(int, PQenterPipelineMode, (PGconn * c), (c), 0)                                                                       \
    X(int, PQexitPipelineMode, (PGconn * c), (c), 0)                                                                        \
    X(int, PQsendQuery, (PGconn * c, const char *q), (c, q), 0)                                                             \
    X(int, PQsendQueryParams,                                                                                               \
      (PGconn * c, const char *q, int n, const Oid *t, const char *const *v, const int *l, const int *f, int r),            \
      (c, q, n, t, v, l, f, r), 0)                                                                                          \
    X(int, PQpipelineSync, (PGconn * c), (c), 0)                                                                            \
    X(int, PQsendFlushRequest, (PGconn * c), (c), 0)                                                                        \
    X(int, PQflush, (PGconn * c), (c), -1)                                                                                  \
    X(int, PQconsumeInput, (PGconn * c), (c), 0)                                                                            \
    X(int, PQsetSingleRowMode, (PGconn * c), (c), 0)                                                                        \
    X(int, PQgetCopyData, (PGconn * c, char **b, int a), (c, b, a), -2)                                                     \
    X(int, PQsocket, (const PGconn *c), (c), -1)                                                                            \
    X(PGcancel *, PQgetCancel, (PGconn * c), (c), NULL)                                                                     \
    X(PQconninfoOption *, PQconninfo, (PGconn * c), (c), NULL)                                                              \
    X(PQconninfoOption *, PQconndefaults, (void), (), NULL)                                                                 \
    X(const char *, PQparameterStatus, (const PGconn *c, const char *n), (c, n), NULL)                                      \
    X(char *, PQresultErrorField, (const PGresult *r, int f), (r, f), NULL)                                                 \
    X(int, uv_loop_init, (uv_loop_t * l), (l), UV_EMFILE)                                                                   \
    X(int, uv_signal_init, (uv_loop_t * l, uv_signal_t * s), (l, s), UV_EMFILE)                                             \
    X(int, uv_signal_start, (uv_signal_t * s, uv_signal_cb b, int n), (s, b, n), UV_EINVAL)                                 \
    X(int, uv_poll_init, (uv_loop_t * l, uv_poll_t * p, int f), (l, p, f), UV_ENOMEM)                                       \
    X(int, uv_poll_start, (uv_poll_t * p, int e, uv_poll_cb b), (p, e, b), UV_EBADF)                                        \
    X(int, uv_queue_work, (uv_loop_t * l, uv_work_t * w, uv_work_cb b, uv_after_work_cb a), (l, w, b, a), UV_EINVAL)        \
    X(int, uv_getaddrinfo,                                                                                                  \
      (uv_loop_t * l, uv_getaddrinfo_t * r, uv_getaddrinfo_cb b, const char *n, const char *s, const struct addrinfo *h),   \
      (l, r, b, n, s, h), UV_ENOMEM)

/* What needs more than another answer. */
enum {
#define X(type, function, parameters, arguments, failure) SEAM_##function,
    SEAM(X)
#undef X
        SEAM_PQconninfoParse,
    SEAM_PQgetResult_null,
    SEAM_PQgetResult_memory,
    SEAM_PQputCopyData_error,
    SEAM_PQputCopyData_full,
    SEAM_PQputCopyEnd_error,
    SEAM_PQputCopyEnd_full,
    SEAM_PQcancel,
    SEAM_COUNT
};

static const char *const names[SEAM_COUNT] = {
#define X(type, function, parameters, arguments, failure) #function,
    SEAM(X)
#undef X
        "PQconninfoParse",
    "PQgetResult (no result)",
    "PQgetResult (out of memory)",
    "PQputCopyData",
    "PQputCopyData (no room)",
    "PQputCopyEnd",
    "PQputCopyEnd (no room)",
    "PQcancel",
};

static size_t armed = SEAM_COUNT;
static long used;
static long failing;
static uv_thread_t thread;

size_t seam_count(void)
{
    return SEAM_COUNT;
}

const char *seam_name(size_t which)
{
    return names[which];
}

void seam_arm(size_t which, long nth)
{
    armed = which;
    used = 0;
    failing = nth;
    thread = uv_thread_self();
}

long seam_disarm(void)
{
    armed = SEAM_COUNT;
    return used;
}

/* PQcancel runs in libuv's pool, one at a time. */
static bool fails(size_t which)
{
    uv_thread_t self = uv_thread_self();
    if (which != armed || !whole_is_on() || (which != SEAM_PQcancel && !uv_thread_equal(&self, &thread)))
        return false;
    used++;
    return used == failing;
}

#define X(type, function, parameters, arguments, failure)                                                                   \
    type __real_##function parameters;                                                                                      \
    type __wrap_##function parameters;                                                                                      \
    type __wrap_##function parameters                                                                                       \
    {                                                                                                                       \
        return fails(SEAM_##function) ? (failure) : __real_##function arguments;                                            \
    }
SEAM(X)
#undef X

PQconninfoOption *__real_PQconninfoParse(const char *text, char **message);
PQconninfoOption *__wrap_PQconninfoParse(const char *text, char **message);
PGresult *__real_PQgetResult(PGconn *conn);
PGresult *__wrap_PQgetResult(PGconn *conn);
int __real_PQputCopyData(PGconn *conn, const char *bytes, int size);
int __wrap_PQputCopyData(PGconn *conn, const char *bytes, int size);
int __real_PQputCopyEnd(PGconn *conn, const char *error);
int __wrap_PQputCopyEnd(PGconn *conn, const char *error);
int __real_PQcancel(PGcancel *cancel, char *refusal, int size);
int __wrap_PQcancel(PGcancel *cancel, char *refusal, int size);

PQconninfoOption *__wrap_PQconninfoParse(const char *text, char **message)
{
    *message = NULL;
    return fails(SEAM_PQconninfoParse) ? NULL : __real_PQconninfoParse(text, message);
}

/* Without memory libpq gives a result that has no fields; what the server had said is gone. */
static PGresult *forget(PGconn *conn, PGresult *result)
{
    if (result == NULL || !fails(SEAM_PQgetResult_memory))
        return result;
    PQclear(result);
    return PQmakeEmptyPGresult(conn, PGRES_FATAL_ERROR);
}

PGresult *__wrap_PQgetResult(PGconn *conn)
{
    return fails(SEAM_PQgetResult_null) ? NULL : forget(conn, __real_PQgetResult(conn));
}

int __wrap_PQputCopyData(PGconn *conn, const char *bytes, int size)
{
    if (fails(SEAM_PQputCopyData_full))
        return 0;
    return fails(SEAM_PQputCopyData_error) ? -1 : __real_PQputCopyData(conn, bytes, size);
}

int __wrap_PQputCopyEnd(PGconn *conn, const char *error)
{
    if (fails(SEAM_PQputCopyEnd_full))
        return 0;
    return fails(SEAM_PQputCopyEnd_error) ? -1 : __real_PQputCopyEnd(conn, error);
}

int __wrap_PQcancel(PGcancel *cancel, char *refusal, int size)
{
    return fails(SEAM_PQcancel) ? 0 : __real_PQcancel(cancel, refusal, size);
}
