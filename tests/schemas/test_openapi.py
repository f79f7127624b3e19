"""The OpenAPI document is valid, complete, and refers to nothing that is not there."""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from memconform.contract import content_root, profiles, schemas
from memconform.contract.yaml import load_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE = content_root() / "schemas" / "v1" / "openapi.yaml"
DOCUMENT: dict[str, Any] = load_yaml(FILE)
METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
OPERATIONS = [
    (f"{method.upper()} {path}", operation)
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
    if method in METHODS
]
PINNED = {
    "GET /v1/health": ("core", "200"),
    "GET /v1/capabilities": ("core", "200"),
    "POST /v1/memories": ("core", "201"),
    "GET /v1/memories": ("core", "200"),
    "GET /v1/memories/{id}": ("core", "200"),
    "DELETE /v1/memories/{id}": ("core", "204"),
    "POST /v1/search": ("search", "200"),
    "PATCH /v1/memories/{id}": ("update", "200"),
    "PUT /v1/keyed": ("keyed", "201"),
    "GET /v1/keyed": ("keyed", "200"),
    "DELETE /v1/keyed": ("keyed", "204"),
    "GET /v1/memories/{id}/history": ("history", "200"),
    "POST /v1/batch": ("batch", "200"),
    "POST /v1/ingestions": ("ingestion", "202"),
    "GET /v1/operations/{id}": ("ingestion", "200"),
    "POST /v1/erasures": ("erasure", "202"),
    "GET /v1/scopes": ("erasure", "200"),
    "GET /v1/export": ("portability", "200"),
    "POST /v1/import": ("portability", "200"),
    "GET /v1/events": ("events", "200"),
    "POST /v1/summaries": ("summary", "200"),
}
"""Every operation of the contract with its profile and its success."""


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference inside the document."""
    reference = node.get("$ref", "")
    if not reference.startswith("#/"):
        return node
    found: Any = DOCUMENT
    for step in reference[2:].split("/"):
        found = found[step]
    assert isinstance(found, dict)
    return found


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of the document."""
    if isinstance(node, dict):
        yield node
        for member in node.values():
            yield from nodes(member)
    elif isinstance(node, list):
        for item in node:
            yield from nodes(item)


def test_an_independent_validator_accepts_it() -> None:
    """The document is valid OpenAPI 3.1."""
    assert list(OpenAPIV31SpecValidator(DOCUMENT, base_uri=FILE.as_uri()).iter_errors()) == []


def test_the_independent_validator_can_refuse() -> None:
    """The same validator finds a missing description and a path parameter that is not declared."""
    broken = copy.deepcopy(DOCUMENT)
    del broken["components"]["responses"]["Problem"]["description"]
    assert list(OpenAPIV31SpecValidator(broken, base_uri=FILE.as_uri()).iter_errors())
    broken = copy.deepcopy(DOCUMENT)
    del broken["paths"]["/v1/memories/{id}"]["parameters"]
    assert list(OpenAPIV31SpecValidator(broken, base_uri=FILE.as_uri()).iter_errors())


def test_every_operation_of_the_contract_is_there() -> None:
    """The document has the operations of the contract, each with its profile and its success, and no other."""
    assert {name: operation["x-profile"] for name, operation in OPERATIONS} == {
        name: profile for name, (profile, _) in PINNED.items()
    }
    for name, operation in OPERATIONS:
        assert PINNED[name][1] in operation["responses"], name


def test_references_lead_somewhere() -> None:
    """Every `$ref` is a component of the document or a schema file beside it; every component is used."""
    references = {node["$ref"] for node in nodes(DOCUMENT) if isinstance(node.get("$ref"), str)}
    for reference in references:
        if reference.startswith("#/"):
            resolved({"$ref": reference})
        else:
            assert reference.removesuffix(".schema.json") in schemas()
            assert (FILE.parent / reference).is_file()
    components = DOCUMENT["components"]
    kinds = ("parameters", "headers", "responses")
    there = {f"#/components/{kind}/{name}" for kind in kinds for name in components[kind]}
    assert {reference for reference in references if reference.startswith("#/")} == there


def test_operation_ids_are_unique() -> None:
    """Every operation has an id of its own, a summary and a known tag."""
    ids = [operation["operationId"] for _, operation in OPERATIONS]
    assert len(set(ids)) == len(ids)
    tags = {tag["name"] for tag in DOCUMENT["tags"]}
    for name, operation in OPERATIONS:
        assert operation["summary"].endswith("."), name
        assert set(operation["tags"]) <= tags


@pytest.mark.parametrize(("name", "operation"), OPERATIONS, ids=[name for name, _ in OPERATIONS])
def test_an_operation_covers_what_a_legal_server_may_answer(name: str, operation: dict[str, Any]) -> None:
    """An operation has a known profile, a `default` problem, and the errors that its request can bring about."""
    assert {operation["x-profile"], *operation.get("x-profile-or", ())} <= set(profiles())
    responses = operation["responses"]
    expected = {"default"}
    if operation.get("security") != []:
        expected |= {"401", "403", "429"}
    if "requestBody" in operation:
        expected |= {"400", "413", "415", "422"}
    if "{id}" in name:
        expected |= {"404"}
    parameters = {resolved(parameter)["name"] for parameter in operation.get("parameters", ())}
    expected |= {"412"} if "If-Match" in parameters else set()
    expected |= {"409"} if "Idempotency-Key" in parameters else set()
    assert expected <= set(responses), f"{name} lacks {expected - set(responses)}"
    for status, response in responses.items():
        if status == "default" or status >= "400":
            assert list(resolved(response)["content"]) == ["application/problem+json"], (name, status)


def test_only_health_and_capabilities_are_open() -> None:
    """No other operation goes without credentials."""
    free = {name for name, operation in OPERATIONS if operation.get("security") == []}
    assert free == {"GET /v1/health", "GET /v1/capabilities"}
    assert DOCUMENT["security"] == [{"bearer": []}]


def test_headers_that_the_contract_demands_are_documented() -> None:
    """Location, ETag, WWW-Authenticate, Retry-After and Allow are where the contract wants them."""
    by_name = dict(OPERATIONS)
    assert resolved(by_name["POST /v1/memories"]["responses"]["201"]["headers"]["Location"])["required"]
    assert resolved(by_name["POST /v1/ingestions"]["responses"]["202"]["headers"]["Location"])["required"]
    responses = DOCUMENT["components"]["responses"]
    assert resolved(responses["Unauthorized"]["headers"]["WWW-Authenticate"])["required"]
    assert "Retry-After" in responses["TooManyRequests"]["headers"]
    assert "Allow" in responses["MethodNotAllowed"]["headers"]
    for name, operation in OPERATIONS:
        for status, response in operation["responses"].items():
            schema = str(resolved(response).get("content", {}).get("application/json", {}))
            if "memory.schema.json" in schema:
                assert "ETag" in resolved(response)["headers"], (name, status)


def test_bodies_are_schema_files() -> None:
    """Every JSON body is a plain reference to a schema file; only line and event streams are text."""
    for node in nodes(DOCUMENT["paths"]):
        for media_type, body in node.get("content", {}).items():
            if media_type.endswith("json") and "ndjson" not in media_type:
                assert set(body["schema"]) == {"$ref"}, media_type
            else:
                assert body["schema"] == {"type": "string"}
                assert {"x-lines", "x-event-data"} & set(body)


def test_scopes_are_asked_for_member_by_member() -> None:
    """Every query that selects by scope has all four members and says that one is needed."""
    for path, item in DOCUMENT["paths"].items():
        for method in set(item) & set(METHODS):
            parameters = [*item.get("parameters", ()), *item[method].get("parameters", ())]
            names = {resolved(parameter)["name"] for parameter in parameters}
            members = set(schemas()["scope"]["properties"])
            assert names & members in (set(), members), path
            assert ("x-needs-one-of" in item[method]) is bool(names & members), path


def test_extensions_are_explained() -> None:
    """Every extension that the document uses is explained in its description."""
    used = {key for node in nodes(DOCUMENT) for key in node if re.match("x-", str(key))}
    for extension in used:
        assert f"`{extension}`" in DOCUMENT["info"]["description"], extension
