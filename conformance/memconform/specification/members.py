"""A JSON Schema as tables for people: members with type, rules and description, and what only sometimes holds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from memconform.contract import schema as schema_named

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Member:
    """One member of an object: its dotted path (`limits.page_size`; `[]` are the items of an array)."""

    path: str
    types: tuple[str, ...]
    """Names of JSON types, or of other schemas after a `$`."""
    required: bool
    rules: tuple[str, ...]
    description: str
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """What a schema, or a part of one that holds only `when` something is so, says."""

    types: tuple[str, ...]
    rules: tuple[str, ...]
    members: tuple[Member, ...]
    cases: tuple[Shape, ...] = ()
    when: str | None = None


def shape(schema: Schema, when: str | None = None) -> Shape:
    """Return what a schema says, for tables."""
    own = tuple(_own_rules(schema)) + (("no other members",) if schema.get("additionalProperties") is False else ())
    return Shape(tuple(_types(schema)), own, tuple(_members(schema, "")), tuple(_cases(schema)), when)


def _members(schema: Schema, prefix: str) -> Iterator[Member]:
    required = schema.get("required", ())
    properties = schema.get("properties", {})
    for name, sub in properties.items():
        if sub is not True:
            yield from _member(f"{prefix}{name}", sub, required=name in required)
    for name in required:
        if name not in properties:
            yield Member(f"{prefix}{name}", (), True, (), "")


def _member(path: str, sub: Schema, *, required: bool) -> Iterator[Member]:
    default = sub.get("default")
    said = None if default is None else json.dumps(default)
    types, rules = tuple(_types(sub)), tuple(_own_rules(sub))
    described = sub.get("description", "") or _title(sub)
    if required or types or rules or described:
        yield Member(path, types, required, rules, described, said)
    yield from _members(sub, f"{path}.")
    items = sub.get("items")
    if isinstance(items, Mapping):
        yield from _members(items, f"{path}[].")


def _title(sub: Schema) -> str:
    """Return the title of the schema that a member without a description refers to, as a sentence."""
    name = str(sub.get("$ref", "")).removesuffix(".schema.json")
    return f"{schema_named(name)['title']}." if name else ""


def _types(schema: Schema) -> Iterator[str]:
    if "$ref" in schema:
        yield "$" + schema["$ref"].removesuffix(".schema.json")
        return
    if "anyOf" in schema:
        for branch in schema["anyOf"]:
            yield from _types(branch)
        return
    found = schema.get("type", "array" if "items" in schema else _types_of_values(schema))
    for name in [found] if isinstance(found, str) else found:
        items = schema.get("items")
        of = next(iter(_types(items)), None) if name == "array" and isinstance(items, Mapping) else None
        yield f"array of {of}" if of else name


def _types_of_values(schema: Schema) -> list[str]:
    """Return the types of the values that a schema names one by one."""
    values = schema.get("enum", [schema["const"]] if "const" in schema else [])
    return list(dict.fromkeys("null" if each is None else _TYPES[type(each)] for each in values))


_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}

_WORDS = {
    "minLength": "not empty",
    "minItems": "at least one item",
    "minProperties": "at least one member",
    "pattern": "matches `{}`",
    "format": "format `{}`",
    "uniqueItems": "each once",
}
"""How keywords with one value are said; the least lengths of the contract are all 1."""


def _own_rules(schema: Schema) -> Iterator[str]:
    if "const" in schema:
        yield _code(schema["const"])
    if "enum" in schema:
        yield "one of " + ", ".join(_code(value) for value in schema["enum"] if value is not None)
    yield from _range(schema.get("minimum"), schema.get("maximum"))
    for keyword, text in _WORDS.items():
        if keyword in schema:
            yield text.format(schema[keyword])
    if "contains" in schema:
        yield f"contains {_code(schema['contains'].get('const'))}"
    yield from _refused(schema.get("not", {}))


def _range(low: float | None, high: float | None) -> Iterator[str]:
    if low is not None:
        yield f"at least {low}" if high is None else f"{low} to {high}"


def _refused(schema: Schema) -> Iterator[str]:
    if "enum" in schema:
        yield "not " + " or ".join(map(_code, schema["enum"]))
    if schema.get("type") == "null":
        yield "not null"


def _code(value: Any) -> str:
    return f"`{json.dumps(value)}`"


def _cases(schema: Schema) -> Iterator[Shape]:
    for part in (schema, *schema.get("allOf", ())):
        if "if" in part:
            yield shape(part["then"], when=_phrase(part["if"]))
            if "else" in part:
                yield shape(part["else"], when="otherwise")


def _phrase(condition: Schema) -> str:
    """Return a condition in words, such as: `op` is `"add"`."""
    said = [f"it is a {condition['type']}"] if "type" in condition and "properties" not in condition else []
    for name, sub in condition.get("properties", {}).items():
        if "contains" in sub:
            said.append(f"`{name}` contains {_code(sub['contains']['const'])}")
        elif "const" in sub or "enum" in sub:
            values = sub.get("enum") or [sub["const"]]
            said.append(f"`{name}` is {' or '.join(map(_code, values))}")
    return " and ".join(said)
