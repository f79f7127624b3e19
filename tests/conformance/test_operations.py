"""There is a good request for every operation that needs credentials."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest

from memconform.contract import profiles
from memconform.contract.openapi import openapi
from memconform.contract.schemas import validator
from memconform.scene.operations import good_requests

ALL = frozenset(profiles())
GOOD = list(good_requests(ALL, {"user_id": "ü&1"}, "m.1"))


def test_every_guarded_operation_but_import_has_a_request() -> None:
    """Health and capabilities are free; import takes a file."""
    guarded = {(each.method, each.path) for _, each in openapi().operations if each.document.get("security") != []} - {
        ("POST", "/v1/import")
    }
    assert len(GOOD) == len(guarded) > 0
    assert {request.path for request in GOOD}.isdisjoint({"/v1/health", "/v1/capabilities"})


def test_only_declared_profiles_are_asked() -> None:
    """Core alone has four operations on memories."""
    asked = {(each.method, each.path) for each in good_requests(frozenset({"core"}), {"user_id": "u"}, "m1")}
    assert asked == {
        ("POST", "/v1/memories"),
        ("GET", "/v1/memories?user_id=u"),
        ("GET", "/v1/memories/m1"),
        ("DELETE", "/v1/memories/m1"),
    }


@pytest.mark.parametrize("request_", GOOD, ids=lambda each: f"{each.method} {each.path}")
def test_the_request_matches_the_document(request_: object) -> None:
    """Needed parameters and bodies are there; the body is valid against the schema that the document names."""
    good = next(each for each in GOOD if each is request_)
    path, _, query = good.path.partition("?")
    operation = openapi().operation(good.method, path)
    assert operation is not None
    if "x-needs-one-of" in operation.document:
        assert parse_qs(query)["user_id"] == ["ü&1"]
    content = operation.document.get("requestBody", {}).get("content")
    assert (content is None) == (good.body is None)
    if content is not None:
        name = content[good.media_type]["schema"]["$ref"].removesuffix(".schema.json")
        assert list(validator(name).errors(good.body)) == []
