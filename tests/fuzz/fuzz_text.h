/* What libFuzzer calls, and the replay. */
#ifndef PGUSHER_TESTS_FUZZ_FUZZ_TEXT_H
#define PGUSHER_TESTS_FUZZ_FUZZ_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* Reads the bytes in every way the target's floor has; a promise that is not kept ends the process. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
