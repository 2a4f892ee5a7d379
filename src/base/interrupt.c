/*
 * The last signal that came, and when the first did, in the kinds of variables that a handler may write. Who listens for signals is
 * known elsewhere.
 */
#include "base/interrupt.h"

#include <signal.h>
#include <stdatomic.h>

#include "base/clock.h"

static volatile sig_atomic_t last_signal;
static volatile sig_atomic_t is_repeated;
static atomic_llong first_us;

void interrupt_note(int signal_number)
{
    if (last_signal == 0)
        first_us = clock_monotonic_us();
    else
        is_repeated = 1;
    last_signal = signal_number;
}

int interrupt_signal(void)
{
    return last_signal;
}

int64_t interrupt_ms(void)
{
    return clock_ms_since(first_us);
}

bool interrupt_is_repeated(void)
{
    return is_repeated != 0;
}

void interrupt_forget(void)
{
    last_signal = 0;
    is_repeated = 0;
}
