"""The operations of the OpenAPI document, for people: what each takes and answers, which requirements are about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from memconform.contract.openapi import Operation, openapi
from memconform.specification.members import shape
from memconform.specification.reading import Exchange, exchanges, notes

Node = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter or a header field."""

    name: str
    where: str
    required: bool
    needed_by: str | None
    """The profile or requirement that needs it, where not everybody does."""
    types: tuple[str, ...]
    rules: tuple[str, ...]
    default: Any
    description: str


@dataclass(frozen=True, slots=True)
class Body:
    """A body: its media type and the schemas of it, or of the lines and events in it."""

    media_type: str
    schemas: tuple[tuple[str, str], ...]
    """What part of the body it is ("" for the whole), and the schema's name."""


@dataclass(frozen=True, slots=True)
class Response:
    """What an operation answers with one status code (or `default`)."""

    status: str
    description: str
    headers: tuple[Field, ...]
    bodies: tuple[Body, ...]


@dataclass(frozen=True, slots=True)
class Described:
    """One operation, all that a person wants to know of it."""

    id: str
    method: str
    path: str
    profiles: tuple[str, ...]
    tag: str
    summary: str
    description: str
    needs_credentials: bool
    parameters: tuple[Field, ...]
    needs_one_of: tuple[str, ...]
    body_description: str
    bodies: tuple[Body, ...]
    responses: tuple[Response, ...]
    requirements: tuple[str, ...]
    examples: tuple[Exchange, ...]


def described() -> list[Described]:
    """Return every operation, in the order of the document."""
    return [_described(operation) for _, operation in openapi().operations]


def header_fields() -> list[tuple[Field, list[str]]]:
    """Return the header fields of requests and of answers, each with the operations that have it."""
    found: dict[tuple[str, str], tuple[Field, list[str]]] = {}
    for operation in described():
        fields = [each for each in operation.parameters if each.where == "header"]
        fields += [header for response in operation.responses for header in response.headers]
        for each in fields:
            names = found.setdefault((each.where, each.name), (each, []))[1]
            if operation.id not in names:
                names.append(operation.id)
    for response in fallback():
        for header in response.headers:
            found.setdefault((header.where, header.name), (header, []))
    return list(found.values())


def fallback() -> list[Response]:
    """Return what is answered outside of the operations: another method, another path."""
    document = openapi().document
    named = {"another method": "405", "another path": "404"}
    references = dict(zip(named, (document["x-fallback"]["method"], document["x-fallback"]["path"]), strict=True))
    return [_response(named[what], _followed(each)) for what, each in references.items()]


def _described(operation: Operation) -> Described:
    document = operation.document
    shared = openapi().document["paths"][operation.path].get("parameters", ())
    row = notes()["operations"][document["operationId"]]
    body = document.get("requestBody", {})
    return Described(
        id=document["operationId"],
        method=operation.method,
        path=operation.path,
        profiles=(operation.profile, *operation.also),
        tag=document["tags"][0],
        summary=document["summary"],
        description=document.get("description", ""),
        needs_credentials="security" not in document,
        parameters=tuple(_field(_followed(each)) for each in (*shared, *document.get("parameters", ()))),
        needs_one_of=tuple(document.get("x-needs-one-of", ())),
        body_description=body.get("description", ""),
        bodies=tuple(_bodies(body)),
        responses=tuple(_response(status, each) for status, each in operation.responses.items()),
        requirements=tuple(row["requirements"]),
        examples=tuple(exchanges()[name] for name in row["examples"]),
    )


def _field(node: Node, name: str | None = None) -> Field:
    said = shape(_followed_schema(node["schema"]))
    types = ("$" + node["schema"]["$ref"].removesuffix(".schema.json"),) if "$ref" in node["schema"] else said.types
    return Field(
        name=name or node["name"],
        where=node.get("in", "response"),
        required=bool(node.get("required")),
        needed_by=node.get("x-required-by"),
        types=types,
        rules=said.rules if "$ref" not in node["schema"] else (),
        default=node["schema"].get("default"),
        description=node["description"],
    )


def _response(status: str, node: Node) -> Response:
    headers = tuple(_field(_followed(each), name) for name, each in (node.get("headers") or {}).items())
    return Response(status, node["description"], headers, tuple(_bodies(node)))


def _bodies(node: Node) -> Iterator[Body]:
    for media_type, each in (node.get("content") or {}).items():
        parts = {"": each["schema"]}
        if "x-lines" in each:
            parts = {"first line": each["x-lines"]["first"], "other lines": each["x-lines"]["others"]}
        elif "x-event-data" in each:
            parts = {"data of each event": each["x-event-data"]}
        yield Body(media_type, tuple((what, _name(part)) for what, part in parts.items()))


def _name(schema: Node) -> str:
    return str(schema["$ref"]).removesuffix(".schema.json")


def _followed_schema(schema: Node) -> Node:
    return {} if "$ref" in schema else schema


def _followed(node: Node) -> Node:
    reference = node.get("$ref", "")
    if not reference:
        return node
    found: Any = openapi().document
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return dict(found)
