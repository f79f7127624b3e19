"""What the site is made of, read from `schemas/v1`: prose, problem types, exchanges, examples."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from memconform.contract import content_root, schemas
from memconform.contract.yaml import load_yaml
from memconform.specification.layout import laid_out


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its answer as they are on the wire, and what they show."""

    name: str
    says: str
    request: str
    response: str

    @property
    def status(self) -> int:
        """The status code of the answer."""
        return int(self.response.split()[1])


@dataclass(frozen=True, slots=True)
class ProblemType:
    """One `urn:memory-api:problem:<name>`: with which statuses it comes, when, and what a client does next."""

    name: str
    status: tuple[int, ...]
    title: str
    when: str
    next: str
    example: str | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """An instance that is shipped with a schema; an invalid one says which rule it breaks, where and why."""

    name: str
    instance: Any
    breaks: str | None = None
    at: str | None = None
    why: str | None = None

    @property
    def json(self) -> str:
        """The instance as it is shown."""
        return laid_out(self.instance)


def folder() -> Path:
    """Return the folder of the contract's files."""
    return content_root() / "schemas" / "v1"


@cache
def contract_schemas() -> Mapping[str, dict[str, Any]]:
    """Return the schemas of the contract by name; those of the toolkit's own results are left out."""
    return MappingProxyType({name: _named(each, name) for name, each in schemas().items() if "/v1/" in each["$id"]})


def _named(node: Any, name: str) -> Any:
    """Return a schema in which a reference to itself has its name."""
    if isinstance(node, dict):
        return {
            key: f"{name}.schema.json" if (key, each) == ("$ref", "#") else _named(each, name)
            for key, each in node.items()
        }
    return [_named(each, name) for each in node] if isinstance(node, list) else node


@cache
def exchanges() -> Mapping[str, Exchange]:
    """Return every exchange by its name, in the order of their story."""
    rows = load_yaml(folder() / "exchanges.yaml")["exchanges"]
    return MappingProxyType({row["name"]: Exchange(**row) for row in rows})


@cache
def problem_types() -> Mapping[str, ProblemType]:
    """Return every problem type by its name."""
    rows = load_yaml(folder() / "problems.yaml")["problems"]
    return MappingProxyType({row["name"]: ProblemType(**row | {"status": tuple(row["status"])}) for row in rows})


@cache
def notes() -> Mapping[str, Any]:
    """Return `operations.yaml`: by operation the requirements about it and its exchanges."""
    found: dict[str, Any] = load_yaml(folder() / "operations.yaml")
    return MappingProxyType(found)


def prose(name: str) -> str:
    """Return a text of the guide as Markdown."""
    return (folder() / "guide" / f"{name}.md").read_text(encoding="utf-8")


def valid_examples(schema: str) -> list[Example]:
    """Return the valid examples of a schema: `typical` first."""
    files = sorted(
        (folder() / "examples/valid" / schema).glob("*.json"), key=lambda file: (file.stem != "typical", file.stem)
    )
    return [Example(file.stem, json.loads(file.read_bytes())) for file in files]


def invalid_examples(schema: str) -> list[Example]:
    """Return the invalid examples of a schema."""
    files = sorted((folder() / "examples/invalid" / schema).glob("*.json"))
    return [Example(file.stem, **json.loads(file.read_bytes())) for file in files]
