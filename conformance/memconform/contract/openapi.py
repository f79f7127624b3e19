"""The OpenAPI document as the judge reads it: which operation a request is, and what it may answer."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from memconform.contract.content import content_root
from memconform.contract.yaml import load_yaml

_METHODS = ("get", "put", "post", "delete", "patch")


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path template."""

    method: str
    path: str
    profile: str
    also: tuple[str, ...]
    """Further profiles that each bring the operation."""
    responses: Mapping[str, Mapping[str, Any]]
    """Documented responses by status (or `default`), references resolved."""
    document: Mapping[str, Any]
    """The operation object as it stands in the document."""

    def served_with(self, profiles: Collection[str]) -> bool:
        """Return whether a server of these profiles serves the operation."""
        return not {self.profile, *self.also}.isdisjoint(profiles)

    def response(self, status: int) -> Mapping[str, Any] | None:
        """Return what the document says of a status; `default` stands for errors only."""
        named = self.responses.get(str(status))
        return named if named is not None or status < 400 else self.responses.get("default")

    @property
    def statuses(self) -> str:
        """The documented statuses, for people."""
        return ", ".join(self.responses)


@dataclass(frozen=True, slots=True)
class OpenApi:
    """All operations of the document."""

    document: Mapping[str, Any]
    operations: tuple[tuple[re.Pattern[str], Operation], ...]

    def operation(self, method: str, path: str) -> Operation | None:
        """Return the operation of a method and a path below the server's base; None when there is none."""
        for pattern, operation in self.operations:
            if operation.method == method and pattern.fullmatch(path):
                return operation
        return None


@cache
def openapi() -> OpenApi:
    """Load `schemas/v1/openapi.yaml`."""
    document = load_yaml(content_root() / "schemas/v1/openapi.yaml")
    found = []
    for path, item in document["paths"].items():
        pattern = re.compile("[^/]+".join(map(re.escape, re.split(r"\{[^}]+\}", path))))
        found += [(pattern, _operation(document, path, m, item[m])) for m in _METHODS if m in item]
    return OpenApi(document, tuple(found))


def _operation(document: Mapping[str, Any], path: str, method: str, body: Mapping[str, Any]) -> Operation:
    responses = {str(status): _resolved(document, response) for status, response in body["responses"].items()}
    return Operation(method.upper(), path, str(body["x-profile"]), tuple(body.get("x-profile-or", ())), responses, body)


def _resolved(document: Mapping[str, Any], response: Mapping[str, Any]) -> Mapping[str, Any]:
    found = dict(_followed(document, response))
    found["headers"] = {name: _followed(document, header) for name, header in (found.get("headers") or {}).items()}
    return found


def _followed(document: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = node.get("$ref", "")
    if not reference.startswith("#/"):
        return node
    found = document
    for step in reference[2:].split("/"):
        found = found[step]
    return found
