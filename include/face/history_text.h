/* What `status` and `plan` print on stdout, for people and as JSON (docs/status.md documents both forms). */
#ifndef PGUSHER_FACE_HISTORY_TEXT_H
#define PGUSHER_FACE_HISTORY_TEXT_H

#include <stdbool.h>

#include "base/buf.h"
#include "plan/planner.h"

void status_text_add(struct buf *buf, const struct plan *plan, const struct ledger *ledger, bool colour);
void status_json_add(struct buf *buf, const struct plan *plan, const struct ledger *ledger);
void plan_text_add(struct buf *buf, const struct plan *plan, const struct ledger *ledger, bool colour);
void plan_json_add(struct buf *buf, const struct plan *plan, const struct ledger *ledger);

#endif
