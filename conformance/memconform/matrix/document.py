"""Puts the matrix together, as one document: plain data that the pages and the JSON are made of."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, TypeAlias

from memconform.matrix.earlier import MATRIX, Standing, standings
from memconform.matrix.reading import Given
from memconform.matrix.servers import contract_rows, server

Matrix: TypeAlias = Mapping[str, Any]
"""A document as `schemas/results/matrix.schema.json` describes it."""


def matrix(given: Given, earlier: Mapping[str, Standing] | None = None) -> Matrix:
    """Return the matrix; `earlier` are the servers of the last run, None where there is nothing to compare with."""
    document: dict[str, Any] = {
        "format": MATRIX.format,
        "tool": {"name": "memconform", "version": version("memconform")},
        "servers": [server(name, result) for name, result in given.judged.items()],
        **contract_rows(given.judged.values()),
        "loads": list(given.loads),
        "changes": None,
    }
    if earlier is not None:
        from memconform.matrix.changes import changes

        document["changes"] = changes(earlier, standings(document))
    return document
