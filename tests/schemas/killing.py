"""Kills mutants of the contract's schemas with the shipped examples and the table of their members."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, TypeAlias

import jsonschema_rs

from memconform.contract import content_root, schemas

from .mutants import Mutant, mutants, subschemas
from .test_members import CASES, NO_OBJECTS, samples, schema_of

Examples: TypeAlias = Mapping[str, list[tuple[Any, bool]]]
"""By the name of the schema: instances, each with the verdict that it must get."""

SUFFIX = ".schema.json"


@cache
def contract() -> Mapping[str, dict[str, Any]]:
    """Return the schemas of the contract by their names."""
    return {name: each for name, each in schemas().items() if "/v1/" in each["$id"]}


@cache
def shipped() -> Examples:
    """Return every example that is shipped: those in the folder, and those inside the schemas."""
    found = {name: [(example, True) for example in each["examples"]] for name, each in contract().items()}
    folder = content_root() / "schemas" / "v1" / "examples"
    for file in sorted(folder.glob("valid/*/*.json")):
        found[file.parent.name].append((json.loads(file.read_bytes()), True))
    for file in sorted(folder.glob("invalid/*/*.json")):
        found[file.parent.name].append((json.loads(file.read_bytes())["instance"], False))
    return found


@cache
def examples() -> Examples:
    """Return what is shipped, and the values of other types that the table of members says are refused."""
    found = {name: list(each) for name, each in shipped().items()}
    for name, member in CASES:
        found[schema_of(name)] += [(sample, False) for sample in samples(name, member)]
    for name, bodies in found.items():
        if name != "consistency" and contract()[name]["type"] == "object":
            bodies += [(body, False) for body in NO_OBJECTS]
    return found


def survivors(name: str, examples: Examples) -> tuple[int, list[Mutant]]:
    """Return how many mutants a schema has, and those for which no example gets another verdict."""
    made = list(mutants(contract()[name]))
    judges = [name, *sorted(each for each in contract() if each != name and name in reached(each))]
    return len(made), [mutant for mutant in made if not _killed(name, mutant, judges, examples)]


def _killed(name: str, mutant: Mutant, judges: list[str], examples: Examples) -> bool:
    """Tell whether an example of the schema, or of one that refers to it, gets another verdict."""
    changed = {**contract(), name: mutant.document}
    for judge in judges:
        needed = [(contract()[each]["$id"], changed[each]) for each in sorted(reached(judge) - {judge})]
        compiled = jsonschema_rs.Draft202012Validator(
            changed[judge], validate_formats=True, registry=jsonschema_rs.Registry(needed)
        )
        if any(compiled.is_valid(instance) is not verdict for instance, verdict in examples.get(judge, ())):
            return True
    return False


@cache
def reached(name: str) -> frozenset[str]:
    """Return the names of the schemas that a schema refers to, directly or not, and its own."""
    found, waiting = {name}, [name]
    while waiting:
        new = set(_referred(contract()[waiting.pop()])) - found
        found |= new
        waiting += new
    return frozenset(found)


def _referred(document: dict[str, Any]) -> Iterator[str]:
    for _, node in subschemas(document):
        if node.get("$ref", "#") != "#":
            yield node["$ref"].removesuffix(SUFFIX)
