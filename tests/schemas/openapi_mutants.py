"""Mutants of the OpenAPI document: without a part of an operation, with a flag turned, with another field's schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .mutants import Changed, Mutant, Path, mutants, placed, without

DROPPED = {"headers", "content", "responses", "x-fallback", "x-lines"}
"""Objects any of whose members may be missing."""
LISTS = {"parameters", "x-needs-one-of", "x-profile-or"}
"""Lists any of whose items may be missing."""
WHOLE = {"requestBody", "security", "x-needs-one-of", "x-profile-or", "x-required-by", "x-event-data", "x-profile"}
"""Members that may be missing themselves."""


def openapi_mutants(document: dict[str, Any]) -> Iterator[Mutant]:
    """Yield every mutant of the document."""
    for path, node in _nodes(document, ()):
        pointer = "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)
        for change, changed in _changes(path, node):
            yield Mutant(pointer, change, placed(document, path, changed))
        if "schema" in node and path[-2] != "content":
            for each in mutants(node["schema"]):
                changed = placed(document, (*path, "schema"), each.document)
                yield Mutant(f"{pointer}/schema{each.pointer}", each.change, changed)


def _nodes(node: Any, path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield every object of the document, schemas apart."""
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from _nodes(item, (*path, index))
    elif isinstance(node, dict):
        yield path, node
        for name, member in node.items():
            if name != "schema":
                yield from _nodes(member, (*path, name))


def _changes(path: Path, node: dict[str, Any]) -> Changed:
    for name in node.keys() & WHOLE:
        yield f"drop {name}", without(node, name)
    for name in node.keys() & LISTS:
        if isinstance(node[name], list):
            for index, item in enumerate(node[name]):
                said = item if isinstance(item, str) else index
                yield f"drop {said} of {name}", {**node, name: node[name][:index] + node[name][index + 1 :]}
    if path and path[-1] in DROPPED and (path[0] != "components" or len(path) == 4):
        yield from ((f"drop {name}", without(node, name)) for name in node)
    if len(path) == 2 and path[0] == "paths":
        yield from ((f"drop {name}", without(node, name)) for name in node if name != "parameters")
    if path[-1:] == ("requestBody",) or ("schema" in node and path[-2] != "content"):
        yield "turn required", {**node, "required": not node.get("required", False)}
    if "in" in node:
        yield "elsewhere", {**node, "in": "query" if node["in"] == "header" else "header"}
    if "schema" in node and path[-2] == "content":
        yield "any body", {**node, "schema": True}
