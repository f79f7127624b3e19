"""A server's own OpenAPI document beside the contract's: which operations of every server are not declared."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from memconform.contract.openapi import openapi

_PARAMETER = re.compile(r"\{[^/}]*\}")


def missing_operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield method and path of each operation of the profile core that a document does not declare.

    Names of path parameters do not matter, nor does a prefix that all paths share with `/v1`.
    """
    declared = set(_declared(document))
    for _, operation in openapi().operations:
        if operation.profile == "core" and (operation.method.lower(), _shape(operation.path)) not in declared:
            yield operation.method, operation.path


def _declared(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    paths = document.get("paths")
    for path, item in paths.items() if isinstance(paths, Mapping) else ():
        for method in item if isinstance(item, Mapping) else ():
            yield str(method).lower(), _shape(str(path))


def _shape(path: str) -> str:
    """Return a path from its `/v1` on, with its parameters unnamed."""
    _, v1, rest = path.partition("/v1/")
    return _PARAMETER.sub("{}", v1 + rest if v1 else f"/v1{path}")
