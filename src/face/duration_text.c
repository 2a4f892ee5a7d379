/*
 * Numbers of microseconds as text. It knows how exact a reader wants to have it: two or three digits, and one unit or two.
 */
#include "face/duration_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

enum { MS = 1000, SECOND = 1000 * MS, HOUR_MINUTES = 60 };

static const int64_t minute = (int64_t) 60 * SECOND;

static int64_t rounded(int64_t us, int64_t unit)
{
    return us / unit + (us % unit >= unit / 2 ? 1 : 0);
}

static void write_minutes(char *text, int64_t seconds)
{
    if (seconds < (int64_t) HOUR_MINUTES * 60)
        snprintf(text, DURATION_TEXT_BYTES, "%" PRId64 " min %02" PRId64 " s", seconds / 60, seconds % 60);
    else
        snprintf(text, DURATION_TEXT_BYTES, "%" PRId64 " h %02" PRId64 " min", seconds / 3600, seconds / 60 % 60);
}

/* Each limit is where rounding would give a unit's first value of the next kind: 999.5 ms are 1.0 s. */
void duration_text(char text[DURATION_TEXT_BYTES], int64_t duration_us)
{
    int64_t us = duration_us > 0 ? duration_us : 0;
    int64_t tenths = rounded(us, 100 * MS);
    if (us < 950)
        snprintf(text, DURATION_TEXT_BYTES, "0.%" PRId64 " ms", rounded(us, MS / 10));
    else if (us < 1000 * MS - MS / 2)
        snprintf(text, DURATION_TEXT_BYTES, "%" PRId64 " ms", rounded(us, MS));
    else if (us < minute - 50 * MS)
        snprintf(text, DURATION_TEXT_BYTES, "%" PRId64 ".%" PRId64 " s", tenths / 10, tenths % 10);
    else
        write_minutes(text, rounded(us, SECOND));
}

void elapsed_text(char text[DURATION_TEXT_BYTES], int64_t duration_us)
{
    int64_t us = duration_us > 0 ? duration_us : 0;
    if (us < minute)
        snprintf(text, DURATION_TEXT_BYTES, "%" PRId64 " s", us / SECOND);
    else
        write_minutes(text, us / SECOND);
}

/* The microseconds within the second come back; they are never negative. */
static int64_t split(int64_t wall_us, struct tm *tm)
{
    int64_t rest = wall_us % SECOND;
    if (rest < 0)
        rest += SECOND;
    time_t seconds = (time_t) ((wall_us - rest) / SECOND);
    if (gmtime_r(&seconds, tm) == NULL)
        *tm = (struct tm){ .tm_mday = 1, .tm_year = 70 };
    return rest;
}

void timestamp_text(char text[TIMESTAMP_TEXT_BYTES], int64_t wall_us)
{
    struct tm tm;
    int64_t rest = split(wall_us, &tm);
    size_t size = strftime(text, TIMESTAMP_TEXT_BYTES, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(text + size, TIMESTAMP_TEXT_BYTES - size, ".%06" PRId64 "Z", rest);
}

void time_of_day_text(char text[TIMESTAMP_TEXT_BYTES], int64_t wall_us)
{
    struct tm tm;
    int64_t rest = split(wall_us, &tm);
    size_t size = strftime(text, TIMESTAMP_TEXT_BYTES, "%H:%M:%S", &tm);
    snprintf(text + size, TIMESTAMP_TEXT_BYTES - size, ".%03" PRId64, rest / MS);
}
