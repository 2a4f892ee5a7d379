/* Times and how long things took, for people and for machines. All of them in UTC. */
#ifndef PGUSHER_FACE_DURATION_TEXT_H
#define PGUSHER_FACE_DURATION_TEXT_H

#include <stdint.h>

enum { DURATION_TEXT_BYTES = 32, TIMESTAMP_TEXT_BYTES = 48 };

/* "0.4 ms", "12 ms", "1.2 s", "2 min 05 s", "3 h 07 min"; a negative one counts as 0. */
void duration_text(char text[DURATION_TEXT_BYTES], int64_t duration_us);

/* The same for a clock that runs: whole seconds that have passed, "0 s", "12 s", "2 min 05 s". */
void elapsed_text(char text[DURATION_TEXT_BYTES], int64_t duration_us);

/* RFC 3339 with microseconds: "2026-01-31T12:00:00.123456Z". */
void timestamp_text(char text[TIMESTAMP_TEXT_BYTES], int64_t wall_us);

/* The time of day with milliseconds: "12:00:00.123". */
void time_of_day_text(char text[TIMESTAMP_TEXT_BYTES], int64_t wall_us);

#endif
