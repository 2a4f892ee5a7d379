/*
 * The last signal that came, in the one kind of variable that a handler may write. Who listens for signals is known elsewhere.
 */
#include "base/interrupt.h"

#include <signal.h>

static volatile sig_atomic_t last_signal;

void interrupt_note(int signal_number)
{
    last_signal = signal_number;
}

int interrupt_signal(void)
{
    return last_signal;
}

void interrupt_forget(void)
{
    last_signal = 0;
}
