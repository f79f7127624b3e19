"""What the OpenAPI document says of a request: its parameters, its body."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import jsonschema_rs

from memconform.contract import validator
from memconform.contract.openapi import OpenApi, Operation, openapi


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter in the query, the path or the header."""

    name: str
    place: str
    required: bool
    schema: Mapping[str, Any]

    def wrong(self, value: str) -> str | None:
        """Return what is wrong with a value, None when it is valid."""
        reference = self.schema.get("$ref")
        if reference is not None:
            first = next(iter(validator(schema_name(reference)).errors(value)), None)
            return None if first is None else first.message
        instance: Any = value
        if self.schema.get("type") == "integer":
            digits = value.removeprefix("-")
            if not (digits.isascii() and digits.isdigit() and len(digits) < 300):
                return "the value is no integer"
            instance = int(value)
        try:
            jsonschema_rs.validate(dict(self.schema), instance, validate_formats=True, mask="the value")
        except jsonschema_rs.ValidationError as error:
            return error.message
        return None


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a request: its media types, each with what the document says of it."""

    required: bool
    content: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Documented:
    """A request as the document has it; `body` is None where the operation takes none."""

    parameters: tuple[Parameter, ...]
    needs_one_of: tuple[str, ...]
    body: Body | None
    open_to_all: bool
    """Whether no credentials are needed."""

    def at(self, place: str) -> dict[str, Parameter]:
        """Return the parameters of a place by name."""
        return {each.name: each for each in self.parameters if each.place == place}


def documented(document: OpenApi, operation: Operation) -> Documented:
    """Return what the document says of the requests of an operation."""
    if document is openapi():
        return _cached(operation.method, operation.path)
    return _read(document, operation)


@cache
def _cached(method: str, path: str) -> Documented:
    operation = next(each for _, each in openapi().operations if (each.method, each.path) == (method, path))
    return _read(openapi(), operation)


def _read(document: OpenApi, operation: Operation) -> Documented:
    body = operation.document.get("requestBody")
    body = None if body is None else _followed(document, body)
    return Documented(
        tuple(_parameters(document, operation)),
        tuple(operation.document.get("x-needs-one-of", ())),
        None if body is None else Body(bool(body.get("required")), body["content"]),
        operation.document.get("security") == [],
    )


def _parameters(document: OpenApi, operation: Operation) -> Iterator[Parameter]:
    shared = document.document["paths"][operation.path].get("parameters", ())
    for node in (*shared, *operation.document.get("parameters", ())):
        found = _followed(document, node)
        yield Parameter(found["name"], found["in"], bool(found.get("required")), found.get("schema", {}))


def _followed(document: OpenApi, node: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = node.get("$ref")
    if reference is None:
        return node
    found: Any = document.document
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found  # type: ignore[no-any-return]  # a document of YAML has no types


def schema_name(reference: str) -> str:
    """Return the name of a schema that lies beside the document."""
    return reference.rsplit("/", 1)[-1].removesuffix(".schema.json")
