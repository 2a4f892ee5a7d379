#!/usr/bin/python3
"""Holds JSON log lines on stdin against a JSON Schema (the first argument).

Exits with 0 when every line is one valid event, else with 1 and the first bad line and its reason on stderr. An empty log is
bad too: a test that meant to look at something would have looked at nothing. What a schema cannot say is checked as well: no key
comes twice, and they come in the order of the schema's properties.
"""

import json
import sys

import jsonschema


def reject_constant(word):
    raise ValueError(f"{word} is not JSON")


FIRST_KEYS = ["ts", "level", "phase", "event", "target"]


def read_object(pairs):
    keys = [key for key, _ in pairs]
    for key in keys:
        if keys.count(key) > 1:
            raise ValueError(f"{key} comes twice")
    return dict(pairs)


def order_of_fields(event, schema):
    definition = schema.get("$defs", {}).get(f"event_{event.get('event')}", {})
    return list(definition.get("properties", []))


def order_problem(event, schema):
    keys = list(event)
    wanted = [key for key in FIRST_KEYS if key in event]
    fields = [key for key in order_of_fields(event, schema) if key in event]
    if keys[: len(wanted)] != wanted or keys[-1] != "msg" or (fields and keys != fields):
        return f"the keys are out of order: {', '.join(keys)}"
    return None


def is_about(branch, name):
    return branch.get("if", {}).get("properties", {}).get("event", {}).get("const", name) == name


class Validators:
    """One for each event's name, without what the schema says of other names: asking it all of every line takes ten times as long."""

    def __init__(self, schema):
        self.schema = schema
        self.known = {}

    def of(self, event):
        name = event.get("event") if isinstance(event, dict) else None
        if not isinstance(name, str):
            name = None
        if name not in self.known:
            schema = dict(self.schema)
            if "allOf" in schema:
                schema["allOf"] = [branch for branch in schema["allOf"] if is_about(branch, name)]
            make = jsonschema.validators.validator_for(schema)
            self.known[name] = make(schema, format_checker=jsonschema.FormatChecker())
        return self.known[name]


def first_problem(line, validators):
    if not line.endswith("\n"):
        return "the line has no end"
    try:
        event = json.loads(line, parse_constant=reject_constant, object_pairs_hook=read_object)
    except ValueError as error:
        return f"not JSON: {error}"
    problem = jsonschema.exceptions.best_match(validators.of(event).iter_errors(event))
    if problem is None:
        return order_problem(event, validators.schema)
    place = "/".join(str(part) for part in problem.absolute_path)
    return f"{place or 'the event'}: {problem.message}"


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    validators = Validators(schema)
    number = 0
    stdin = open(0, encoding="utf-8", newline="\n")
    for number, line in enumerate(stdin, start=1):
        reason = first_problem(line, validators)
        if reason is not None:
            sys.exit(f"line {number}: {reason}\n{line}")
    if number == 0:
        sys.exit("there is no line to look at")


if __name__ == "__main__":
    main()
