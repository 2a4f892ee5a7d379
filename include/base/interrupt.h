/*
 * Whether a signal has asked the process to stop, for those who wait where the event loop does not turn: for room in a pipe that nobody
 * reads, for a stdin to which nobody writes.
 */
#ifndef PGUSHER_BASE_INTERRUPT_H
#define PGUSHER_BASE_INTERRUPT_H

#include <stdbool.h>
#include <stdint.h>

/* Who waits looks again after so long at the most: the signal may have come just before the wait, which it then does not end. */
enum { INTERRUPT_LOOK_MS = 100 };

/* For a signal's handler. */
void interrupt_note(int signal_number);

/* The signal's number; 0: none has come. */
int interrupt_signal(void);

/* How long ago the first one came, and whether another one has come since. */
int64_t interrupt_ms(void);
bool interrupt_is_repeated(void);

/* Another run begins in this process. */
void interrupt_forget(void);

#endif
