/* `wait --json`: how a crowd of targets stood at the end. docs/readiness.md documents it, docs/readiness.schema.json holds it. */
#ifndef PGUSHER_FACE_READINESS_JSON_H
#define PGUSHER_FACE_READINESS_JSON_H

#include "base/buf.h"
#include "plan/readiness.h"

/* outcome and exit_code are those of the run. One line a target, so that people and grep can read it too. */
void readiness_json_add(struct buf *buf, const struct readiness *readiness, const char *outcome, int exit_code);

#endif
