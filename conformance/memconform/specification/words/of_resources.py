"""The page of resources: each schema as tables, with examples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from memconform.specification.headings import Heading, anchor_of
from memconform.specification.members import shape
from memconform.specification.operations import Body, Described, described
from memconform.specification.reading import contract_schemas, invalid_examples, valid_examples

Words = dict[str, Any]

GROUPS = {
    "Memories": (
        *("memory", "memory-create", "memory-patch", "keyed-put"),
        *("scope", "answered-scope", "metadata", "source"),
    ),
    "Identifiers and instants": ("id", "timestamp", "instant"),
    "The service": ("health", "capabilities", "consistency"),
    "Errors": ("problem", "embedded-problem"),
    "Pages": ("memory-page", "history-page", "history-entry", "scopes-page"),
    "Search": ("search-request", "search-response", "filter", "filter-field"),
    "Summaries": ("summary-request", "summary-response"),
    "Many at once": (
        *("batch-request", "batch-operation", "batch-response"),
        *("ingestion-request", "message", "ingestion-result", "operation"),
    ),
    "What a person may ask for": ("erasure-request", "erasure-receipt", "export-manifest", "import-receipt", "event"),
}
"""The schemas in the order of the page; a new one comes here, too."""


def resources() -> Words:
    """Return the words of the page of resources."""
    contents = []
    for title, names in GROUPS.items():
        contents.append(Heading(anchor_of(title), title, 2))
        contents += [Heading(name, name, 3) for name in names]
    groups = [(title, [_resource(name) for name in names]) for title, names in GROUPS.items()]
    return {"groups": groups, "contents": contents, "anchor": anchor_of}


def _resource(name: str) -> Words:
    schema = contract_schemas()[name]
    return {
        "name": name,
        "title": schema["title"],
        "description": schema["description"],
        "shape": shape(schema),
        "within": schema.get("$ref", "").removesuffix(".schema.json"),
        "used": [each.id for each in described() if name in _schemas_of(each)],
        "seen": [],  # members that have their anchor already, for the template
        "valid": valid_examples(name),
        "invalid": invalid_examples(name),
    }


def _schemas_of(operation: Described) -> set[str]:
    return {name for body in _bodies(operation) for _, name in body.schemas}


def _bodies(operation: Described) -> Iterator[Body]:
    yield from operation.bodies
    for response in operation.responses:
        yield from response.bodies
