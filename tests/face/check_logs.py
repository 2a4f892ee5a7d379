#!/usr/bin/env python3
"""Holds the log's schema and its page against the program: check_logs.py PRINT_SAMPLES SCHEMA LOGS_MD.

Every sample must validate; the full ones use every field their event may have and the bare ones none but those it must have, so
that a field which is missing on either side is seen. The page must name every event and field, and its JSON examples validate.
"""
import json
import re
import subprocess
import sys

import jsonschema


def read_samples(program):
    printed = subprocess.run([program, "json"], check=True, capture_output=True, text=True).stdout
    lines = [json.loads(line) for line in printed.splitlines()]
    return lines[0::2], lines[1::2]


def complain_about_keys(events, schema, keys_of):
    for event in events:
        name = event["event"]
        wanted = set(keys_of(schema["$defs"]["event_" + name]))
        if set(event) != wanted:
            yield f"{name}: schema and sample differ in {sorted(set(event) ^ wanted)}"


def complain_about_names(full, schema):
    names = [event["event"] for event in full]
    defined = [name[len("event_"):] for name in schema["$defs"] if name.startswith("event_")]
    chosen = [rule["if"]["properties"]["event"]["const"] for rule in schema["allOf"]]
    for listed in (schema["properties"]["event"]["enum"], defined, chosen):
        if listed != names:
            yield f"the schema's events differ from the program's: {sorted(set(listed) ^ set(names))}"


def complain_about_page(full, page, validator):
    wanted = set().union(*full) | {event["event"] for event in full}
    for name in sorted(wanted):
        if f"`{name}`" not in page:
            yield f"the page does not name `{name}`"
    examples = re.findall(r"^ *(\{\"ts\".*\})$", page, re.MULTILINE)
    if not examples:
        yield "the page has no JSON example"
    for example in examples:
        yield from complain_about_line(validator, json.loads(example))


def complain_about_line(validator, event):
    for error in validator.iter_errors(event):
        yield f"{event.get('event')}: {error.message}"


def main():
    program, schema_path, page_path = sys.argv[1:]
    with open(schema_path, encoding="utf-8") as file:
        schema = json.load(file)
    with open(page_path, encoding="utf-8") as file:
        page = file.read()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    full, bare = read_samples(program)
    complaints = [complaint for event in full + bare for complaint in complain_about_line(validator, event)]
    complaints += complain_about_names(full, schema)
    complaints += complain_about_keys(full, schema, lambda event: event["properties"])
    complaints += complain_about_keys(bare, schema, lambda event: event["required"])
    complaints += complain_about_page(full, page, validator)
    print("\n".join(complaints), file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
