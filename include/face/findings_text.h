/* What `compose check` prints on stdout, for people and as JSON (docs/compose.md documents both forms). */
#ifndef PGUSHER_FACE_FINDINGS_TEXT_H
#define PGUSHER_FACE_FINDINGS_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "compose/check.h"

/* fixed is how many edits were made before this review. */
void findings_text_add(struct buf *buf, const struct review *review, size_t fixed, bool colour);
void findings_json_add(struct buf *buf, const struct review *review, size_t fixed);

#endif
