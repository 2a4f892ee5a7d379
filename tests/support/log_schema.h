/*
 * JSON logs held against docs/log-event.schema.json, and what `wait --json` prints against its own schema.
 *
 *     struct run_result result = run_program(&spec); // with PGUSHER_LOG_FORMAT=json
 *     assert_log_is_valid(result.output);
 */
#ifndef PGUSHER_SUPPORT_LOG_SCHEMA_H
#define PGUSHER_SUPPORT_LOG_SCHEMA_H

/* What is wrong with the first bad line, which it quotes; NULL when every line of log is a valid event and there is one. */
const char *log_problem(const char *log);

/* The same with another schema. */
const char *log_problem_by(const char *schema_path, const char *log);

/* Fails the test with that. */
void assert_log_is_valid(const char *log);

/* Fails the test unless the text is one JSON value as docs/readiness.schema.json has it. */
void assert_readiness_is_valid(const char *text);

#endif
