/*
 * Python's jsonschema does the work, in validate_log.py: it knows JSON Schema, this file only how to ask.
 */
#include "support/log_schema.h"

#include <string.h>

#include "support/folder.h"
#include "support/must.h"
#include "support/run_program.h"

/* By way of a file, since a log may be longer than a pipe is. */
const char *log_problem_by(const char *schema_path, const char *log)
{
    const char *folder = folder_new();
    folder_add(folder, "log", log);
    struct run_result result = run_program(&(struct run_spec){
        .program = "/bin/sh",
        .arguments =
            (const char *const[]){ "-c", "exec /usr/bin/python3 \"$0\" \"$1\" < log", PGUSHER_VALIDATOR, schema_path, NULL },
        .folder = folder,
    });
    return result.exit_code == 0 ? NULL : result.errors;
}

const char *log_problem(const char *log)
{
    return log_problem_by(PGUSHER_LOG_SCHEMA, log);
}

void assert_log_is_valid(const char *log)
{
    const char *problem = log_problem(log);
    must(problem == NULL, "the log is not as its schema says: %s", problem);
}

void assert_readiness_is_valid(const char *text)
{
    static const char program[] = "import json, jsonschema, sys\n"
                                  "schema = json.load(open(sys.argv[1]))\n"
                                  "jsonschema.validators.validator_for(schema).check_schema(schema)\n"
                                  "jsonschema.validate(json.load(open('result')), schema)\n";
    const char *folder = folder_new();
    folder_add(folder, "result", text);
    struct run_result result = run_program(&(struct run_spec){
        .program = "/usr/bin/python3",
        .arguments = (const char *const[]){ "-c", program, PGUSHER_READINESS_SCHEMA, NULL },
        .folder = folder,
    });
    must(result.exit_code == 0, "the result is not as its schema says: %s\n%s", result.errors, text);
}
