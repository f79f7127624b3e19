"""Mutants of a JSON Schema: copies that differ in one small change, each looser or stricter than the contract."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from .pattern_mutants import pattern_mutants

Path: TypeAlias = tuple[str | int, ...]
Changed: TypeAlias = Iterator[tuple[str, Any]]

ONE = ("not", "if", "then", "else", "items", "contains", "additionalProperties")
MANY = ("allOf", "anyOf", "oneOf")
TYPES = ("null", "boolean", "number", "string", "array", "object")
BOUNDS = {"minLength": 1, "minItems": 1, "minProperties": 1, "minimum": 1}
BOUNDS |= {"maxLength": -1, "maxItems": -1, "maxProperties": -1, "maximum": -1}
"""Bounds, each with the direction in which it gets stricter."""
ASSERTIONS = {"type", "enum", "const", "pattern", "format", "uniqueItems", "required", "properties", "$ref"}
ASSERTIONS |= {*ONE, *MANY, *BOUNDS}
ANNOTATIONS = {"$schema", "$id", "title", "description", "examples", "default"}
OPEN = {
    "string": ("minLength", 1, {"pattern", "format", "enum", "const"}),
    "array": ("minItems", 1, {"contains"}),
    "integer": ("minimum", 0, set()),
    "number": ("minimum", 0, set()),
}
"""For a type: the bound that a stricter schema would have, and what makes it needless."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A changed copy of a schema: at which JSON Pointer, what was changed, and the copy."""

    pointer: str
    change: str
    document: Any

    def __str__(self) -> str:
        """Return place and change."""
        return f"at {self.pointer or 'the root'}: {self.change}"


def mutants(document: dict[str, Any]) -> Iterator[Mutant]:
    """Yield every mutant of a schema, each change once."""
    for path, node in subschemas(document):
        pointer = "".join(f"/{step}".replace("~", "~0") for step in path)
        for change, changed in _changes(node):
            yield Mutant(pointer, change, placed(document, path, changed))


def subschemas(node: Any, path: Path = ()) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield path and schema of a schema and of every one in it; true and false are left out."""
    if not isinstance(node, dict):
        return
    yield path, node
    for name, member in node.get("properties", {}).items():
        yield from subschemas(member, (*path, "properties", name))
    for keyword in ONE:
        yield from subschemas(node.get(keyword), (*path, keyword))
    for keyword in MANY:
        for index, branch in enumerate(node.get(keyword, ())):
            yield from subschemas(branch, (*path, keyword, index))


def placed(document: Any, path: Path, value: Any) -> Any:
    """Return the document with the value at the path; what is not on the path is shared."""
    if not path:
        return value
    changed = copy.copy(document)
    changed[path[0]] = placed(document[path[0]], path[1:], value)
    return changed


def _changes(node: dict[str, Any]) -> Changed:
    """Yield every change of one schema."""
    for keyword in node:
        if keyword not in ("required", "properties", *ANNOTATIONS):
            yield f"drop {keyword}", without(node, keyword)
    for keyword, vary in VARIATIONS.items():
        if keyword in node:
            for change, value in vary(node[keyword]):
                yield change, {**node, keyword: value}
    for keyword in node.keys() & BOUNDS.keys():
        yield from ((change, {**without(node, keyword), **new}) for change, new in _bound(keyword, node))
    yield from _stricter(node)


def _bound(keyword: str, node: dict[str, Any]) -> Changed:
    """Yield a bound by one step looser and by one step stricter; for a minimum of 1 of a size looser is none."""
    bound, stricter = node[keyword], BOUNDS[keyword]
    if "number" in _types(node):
        yield f"exclusive {keyword}", {f"exclusive{keyword.capitalize()}": bound}
        yield f"{keyword} looser", {keyword: bound - stricter / 100}
        return
    yield f"{keyword} stricter", {keyword: bound + stricter}
    if keyword.endswith("imum") or stricter < 0 or bound > 1:
        yield f"{keyword} looser", {keyword: bound - stricter}


def _stricter(node: dict[str, Any]) -> Changed:
    """Yield what a schema might demand besides."""
    properties = node.get("properties", {})
    for name in properties:
        if name not in node.get("required", ()):
            yield f"require {name}", {**node, "required": [*node.get("required", ()), name]}
    if properties and "additionalProperties" not in node:
        yield "refuse other members", {**node, "additionalProperties": False}
    for kind in _types(node):
        keyword, bound, needless = OPEN.get(kind, ("", 0, set()))
        if keyword and keyword not in node and not needless & node.keys():
            yield f"add {keyword}", {**node, keyword: bound}
    if "array" in _types(node) and "uniqueItems" not in node:
        yield "add uniqueItems", {**node, "uniqueItems": True}


def _types(node: Mapping[str, Any]) -> list[str]:
    kinds = node.get("type", [])
    return [kinds] if isinstance(kinds, str) else kinds


def _type(kinds: str | list[str]) -> Changed:
    """Yield a type without one of several, with another one besides, with whole numbers for numbers or the reverse."""
    listed = [kinds] if isinstance(kinds, str) else kinds
    for kind in listed if len(listed) > 1 else ():
        yield f"type without {kind}", [each for each in listed if each != kind]
    for kind in TYPES:
        if kind not in listed and not (kind == "number" and "integer" in listed):
            yield f"type with {kind}", [*listed, kind]
    for kind, other in (("integer", "number"), ("number", "integer")):
        if kind in listed:
            yield f"type {other} for {kind}", [other if each == kind else each for each in listed]


def _members(properties: dict[str, Any]) -> Changed:
    for name in properties:
        yield f"drop member {name}", without(properties, name)
        yield f"refuse member {name}", {**properties, name: False}


def _each(values: list[Any]) -> Changed:
    """Yield the list without each of its items; a list of one is dropped as a whole elsewhere."""
    for index, value in enumerate(values if len(values) > 1 else ()):
        yield f"drop {index if isinstance(value, dict) else repr(value)}", values[:index] + values[index + 1 :]


def without(node: dict[str, Any], name: str) -> dict[str, Any]:
    """Return an object without a member."""
    return {each: value for each, value in node.items() if each != name}


def _required(names: list[str]) -> Changed:
    for name in names:
        yield f"do not require {name}", [each for each in names if each != name]


def _items(items: Any) -> Changed:
    if items is not False:
        yield "refuse items", False


VARIATIONS: dict[str, Callable[[Any], Changed]] = {
    "type": _type,
    "required": _required,
    "properties": _members,
    "enum": _each,
    **dict.fromkeys(MANY, _each),
    "items": _items,
    "pattern": pattern_mutants,
}
"""For a keyword: what else its value could be."""
