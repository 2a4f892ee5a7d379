/*
 * Texts from flags and variables made into values. origin is the flag or variable a text came from; false is FAULT_CONFIG,
 * which names the origin, the text and what is accepted.
 */
#ifndef PGUSHER_PLAN_VALUE_H
#define PGUSHER_PLAN_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

/* A whole number from least to most, in plain digits. */
bool value_number(int64_t *number, const char *text, const char *origin, int64_t least, int64_t most, struct fault *fault);

/* The words that PostgreSQL takes for a boolean: on, true, yes, 1 and their contraries, in any case. */
bool value_switch(bool *on, const char *text, const char *origin, struct fault *fault);

/* One of count names; *index tells which. */
bool value_choice(size_t *index, const char *text, const char *origin, const char *const *names, size_t count,
                  struct fault *fault);

/* A port, or a comma-separated list of them as libpq has it, where an empty place stands for the default. */
bool value_ports(const char *text, const char *origin, struct fault *fault);

#endif
