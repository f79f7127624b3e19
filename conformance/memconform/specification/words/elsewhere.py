"""The pages that lead to others: the start, the files, the index; and the texts of the guide."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from memconform.specification.markdown import Writer
from memconform.specification.operations import described
from memconform.specification.places import Place
from memconform.specification.reading import contract_schemas, folder, prose
from memconform.specification.words.of_requirements import badges

Words = dict[str, Any]

DOCUMENTS = {
    "openapi.yaml": "All operations, OpenAPI 3.1; each body is a reference to a schema beside it.",
    "requirements.yaml": "Profiles, and every requirement with its statement, reason, test and source.",
    "problems.yaml": "The problem types.",
    "exchanges.yaml": "The examples of exchanges.",
    "operations.yaml": "Which requirements and examples belong to which operation.",
}
"""The files that are no schemas, and what is in them."""


def start() -> Words:
    """Return the words of the first page."""
    return {"operations": described(), "badges": badges()}


def text(writer: Writer, name: str) -> Words:
    """Return the words of a page that is a text of the guide."""
    body, headings = writer.text(prose(name))
    return {"body": body, "contents": [each for each in headings if each.level < 3]}


def files() -> Words:
    """Return the words of the page of files."""
    examples = folder() / "examples"
    return {
        "documents": list(DOCUMENTS.items()),
        "schemas": [(f"{name}.schema.json", contract_schemas()[name]["title"]) for name in sorted(contract_schemas())],
        "counts": {kind: len(list((examples / kind).glob("*/*.json"))) for kind in ("valid", "invalid")},
    }


def index(places: Sequence[Place]) -> Words:
    """Return the words of the index of everything."""
    return {"places": sorted(places, key=lambda each: (each.name.lower(), each.address))}
