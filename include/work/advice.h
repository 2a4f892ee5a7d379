/* One line of advice for errors whose cause is known. */
#ifndef PGUSHER_WORK_ADVICE_H
#define PGUSHER_WORK_ADVICE_H

#include "base/fault.h"
#include "plan/ledger.h"
#include "text/script.h"

/*
 * Gives the fault a hint, or puts more behind the server's own where that leaves out what is known. statement is the one that failed,
 * counted from 0.
 */
void advise(struct fault *fault, const struct script *script, size_t statement, const struct ledger *ledger);

#endif
