"""What the OpenAPI document says of every operation, as short facts that a table can pin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import jsonschema_rs

from memconform.contract import schemas

Node: TypeAlias = Mapping[str, Any]
Facts: TypeAlias = dict[str, Any]

METHODS = ("get", "put", "post", "delete", "patch")
REGISTRY = jsonschema_rs.Registry([(each["$id"], each) for each in schemas().values()])
HERE = "https://memory-api.invalid/v1/"


def facts(document: Node, values: Mapping[str, list[Any]]) -> Facts:
    """Return the facts of a document; what a field's schema says is told by which of the values it takes."""
    components = document["components"]
    return {
        "operations": {
            f"{method.upper()} {path}": dict(_operation(document, item[method], item.get("parameters", [])))
            for path, item in document["paths"].items()
            for method in METHODS
            if method in item
        },
        "responses": {name: _response(document, each) for name, each in components["responses"].items()},
        "statuses": {status: " ".join(sorted(names)) for status, names in _statuses(document).items()},
        "fields": {name: _field(each, values.get(name, [])) for name, each in _fields(document)},
        "elsewhere": {name: _last(each["$ref"]) for name, each in document.get("x-fallback", {}).items()},
        "security": [document.get("security"), [components["securitySchemes"]["bearer"].get("scheme")]],
    }


def _operation(document: Node, operation: Node, shared: list[Node]) -> Iterator[tuple[str, Any]]:
    yield "profiles", " ".join([operation.get("x-profile", "none"), *operation.get("x-profile-or", ())])
    parameters = [_followed(document, each) for each in (*shared, *operation.get("parameters", ()))]
    if parameters:
        yield "takes", " ".join(each["name"] + _mark(each) for each in parameters)
    if "x-needs-one-of" in operation:
        yield "needs one of", " ".join(operation["x-needs-one-of"])
    if "security" in operation:
        yield "security", operation["security"]
    if "requestBody" in operation:
        yield "body", _content(operation["requestBody"]) + _mark(operation["requestBody"])
    named = []
    for status, response in operation["responses"].items():
        if "$ref" in response:
            named.append(status)
        else:
            yield f"answers {status}", _response(document, response)
    yield "or", " ".join(named)


def _response(document: Node, response: Node) -> str:
    """Return what the body is and which headers there are; `!` for what is required, and by what."""
    headers = {each: _followed(document, header) for each, header in response.get("headers", {}).items()}
    named = [f"{each}{_mark(header)}" for each, header in headers.items()]
    return " ".join([_content(response), *named])


def _statuses(document: Node) -> dict[str, set[str]]:
    """Return the responses that stand for a status, by the status: one each, unless operations differ."""
    found: dict[str, set[str]] = {}
    for item in document["paths"].values():
        for method in item.keys() & METHODS:
            for status, response in item[method]["responses"].items():
                if "$ref" in response:
                    found.setdefault(status, set()).add(_last(response["$ref"]))
    return dict(sorted(found.items()))


def _content(body: Node) -> str:
    said = []
    for media_type, each in body.get("content", {}).items():
        inner = [*each.get("x-lines", {}).values(), *([each["x-event-data"]] if "x-event-data" in each else [])]
        said.append(f"{media_type}={'+'.join(map(_name, [each['schema'], *inner]))}")
    return ",".join(said) or "nothing"


def _field(field: Node, values: list[Any]) -> Facts:
    schema = {"$id": HERE, "allOf": [field["schema"]]}
    judge = jsonschema_rs.Draft202012Validator(schema, validate_formats=True, registry=REGISTRY)
    found: Facts = {"takes": [value for value in values if judge.is_valid(value)]}
    found["refuses"] = [value for value in values if not judge.is_valid(value)]
    found |= {"in": field["in"]} if "in" in field else {}
    default = field["schema"].get("default") if isinstance(field["schema"], dict) else None
    return found | ({"default": default} if default is not None else {})


def _fields(document: Node) -> Iterator[tuple[str, Node]]:
    """Yield every parameter and header with its name, wherever it stands."""
    for kind in ("parameters", "headers"):
        yield from document["components"][kind].items()
    for item in document["paths"].values():
        for method in METHODS:
            for each in item.get(method, {}).get("parameters", ()):
                if "schema" in each:
                    yield each["name"], each


def _followed(document: Node, node: Node) -> Node:
    if "$ref" not in node:
        return node
    found: Any = document
    for step in node["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return found  # type: ignore[no-any-return] # a node of the document


def _last(reference: str) -> str:
    return reference.rsplit("/", 1)[-1]


def _name(schema: Any) -> str:
    named = schema.get("$ref", schema.get("type")) if isinstance(schema, dict) else schema
    return str(named).removesuffix(".schema.json")


def _mark(node: Node) -> str:
    needed = f"({node['x-required-by']})" if "x-required-by" in node else ""
    return ("!" if node.get("required") else "") + needed
