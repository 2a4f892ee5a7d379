/* Durations as people write them: 500ms, 2s, 1.5m, 1h; a bare number is seconds. */
#ifndef PGUSHER_BASE_DURATION_H
#define PGUSHER_BASE_DURATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"

/* The longest one that is accepted: 10,000 hours. Small enough to be added and multiplied without a second thought. */
#define DURATION_MAX_MS (INT64_C(10000) * 3600 * 1000)

/*
 * Anything finer than a millisecond is rounded up. False with FAULT_CONFIG, which names origin (the flag or variable that
 * text came from), the text and what is accepted.
 */
bool duration_read(int64_t *duration_ms, const char *text, const char *origin, struct fault *fault);

enum { DURATION_WORD_BYTES = 32 };

/* As one would write it after a flag: "500ms", "2s", "90s", "1h". */
void duration_write(char word[DURATION_WORD_BYTES], int64_t duration_ms);

#endif
