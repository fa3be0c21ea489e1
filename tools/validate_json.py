#!/usr/bin/env python3
"""Validates JSON against a schema: validate_json.py SCHEMA [FILE]  (standard input without FILE).

Knows the part of JSON Schema (2020-12) that docs/schema uses: type, enum, const, pattern,
minimum, properties, required, additionalProperties, items, oneOf, anyOf, $ref to a file beside
the schema or to #/$defs. Any other keyword that constrains is refused, not ignored."""
import json
import os
import re
import sys

IGNORED = {"$schema", "$id", "$defs", "title", "description"}
TYPES = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
}


class Schema:
    def __init__(self, path):
        self.path = path
        with open(path, encoding="utf-8") as file:
            self.root = json.load(file)

    def resolve(self, reference):
        """The schema file and the part of it that a $ref names."""
        name, _, pointer = reference.partition("#")
        file = Schema(os.path.join(os.path.dirname(self.path), name)) if name else self
        part = file.root
        for word in filter(None, pointer.split("/")):
            part = part[word]
        return file, part


def check_type(value, wanted):
    names = wanted if isinstance(wanted, list) else [wanted]
    if not any(TYPES[name](value) for name in names):
        yield f"is no {' or '.join(names)}: {json.dumps(value)[:60]}"


def check_properties(schema, part, value, at):
    known = part.get("properties", {})
    for name, inner in value.items():
        if name in known:
            yield from check(schema, known[name], inner, f"{at}.{name}")
        elif part.get("additionalProperties") is False:
            yield f"{at}: has the unknown key {name}"
        elif isinstance(part.get("additionalProperties"), dict):
            yield from check(schema, part["additionalProperties"], inner, f"{at}.{name}")


def check_alternatives(schema, parts, value, at, exactly_one):
    tries = [list(check(schema, part, value, at)) for part in parts]
    good = sum(not problems for problems in tries)
    if good == 0:
        yield f"{at}: fits none of {len(parts)} alternatives: " + "; ".join(p[0] for p in tries)
    elif exactly_one and good > 1:
        yield f"{at}: fits {good} alternatives instead of one"


def check_ref(schema, reference, value, at):
    other, part = schema.resolve(reference)
    yield from check(other, part, value, at)


def check_keyword(schema, part, key, value, at):
    wanted = part[key]
    if key == "$ref":
        yield from check_ref(schema, wanted, value, at)
    elif key == "type":
        yield from (f"{at}: {problem}" for problem in check_type(value, wanted))
    elif key == "enum" and value not in wanted:
        yield f"{at}: {value!r} is none of {wanted}"
    elif key == "const" and value != wanted:
        yield f"{at}: {value!r} is not {wanted!r}"
    elif key == "pattern" and isinstance(value, str) and not re.search(wanted, value):
        yield f"{at}: {value!r} does not match {wanted}"
    elif key == "minimum" and isinstance(value, (int, float)) and value < wanted:
        yield f"{at}: {value} is below {wanted}"
    elif key == "properties" and isinstance(value, dict):
        yield from check_properties(schema, part, value, at)
    elif key == "required" and isinstance(value, dict):
        yield from (f"{at}: lacks {name}" for name in wanted if name not in value)
    elif key == "items" and isinstance(value, list):
        for i, item in enumerate(value):
            yield from check(schema, wanted, item, f"{at}[{i}]")
    elif key in ("oneOf", "anyOf"):
        yield from check_alternatives(schema, wanted, value, at, key == "oneOf")


CONSTRAINTS = {"$ref", "type", "enum", "const", "pattern", "minimum", "properties", "required",
               "additionalProperties", "items", "oneOf", "anyOf"}


def check(schema, part, value, at="$"):
    """Yields a line for each way in which value does not fit."""
    unknown = set(part) - IGNORED - CONSTRAINTS
    if unknown:
        yield f"{schema.path}: keywords this validator does not know: {', '.join(sorted(unknown))}"
    for key in part:
        yield from check_keyword(schema, part, key, value, at)


def validate(path, value):
    schema = Schema(path)
    return list(check(schema, schema.root, value))


def main():
    if len(sys.argv) not in (2, 3):
        print(__doc__, file=sys.stderr)
        return 2
    with open(sys.argv[2], encoding="utf-8") if len(sys.argv) == 3 else sys.stdin as file:
        problems = validate(sys.argv[1], json.load(file))
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
