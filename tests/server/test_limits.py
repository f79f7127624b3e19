"""The advertised limits: what is within is accepted, one more is refused and leaves nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from memconform.contract import profiles, validator
from memconform_server.settings import Limits

if TYPE_CHECKING:
    import httpx

LIMITS = Limits()


def nested(levels: int) -> dict[str, Any]:
    """Return an object of so many levels; `{}` has one."""
    value: dict[str, Any] = {}
    for _ in range(levels - 1):
        value = {"a": value}
    return value


def metadata_of(size: int, filler: str = "é") -> dict[str, str]:
    """Return metadata of exactly so many bytes in canonical form."""
    width = len(filler.encode())
    room = size - len('{"m":""}')
    return {"m": filler * (room // width) + "x" * (room % width)}


def arrays(levels: int) -> list[Any]:
    """Return an array of so many levels; `[]` has one."""
    value: list[Any] = []
    for _ in range(levels - 1):
        value = [value]
    return value


def edge(name: str, extra: int) -> dict[str, Any]:
    """Return the members of a draft that lie so far above a limit."""
    edges: dict[str, dict[str, Any]] = {
        "/content": {"content": "x" * (LIMITS.content_bytes + extra)},
        "/content multi-byte": {"content": "é" * (LIMITS.content_bytes // 2) + "x" * extra},
        "/metadata": {"metadata": metadata_of(LIMITS.metadata_bytes + extra)},
        "/metadata of one-byte characters": {"metadata": metadata_of(LIMITS.metadata_bytes + extra, "y")},
        "/metadata depth": {"metadata": nested(LIMITS.metadata_depth + extra)},
        "/metadata depth in arrays": {"metadata": {"a": arrays(LIMITS.metadata_depth - 1 + extra)}},
        "/scope/user_id": {"scope": {"user_id": "é" * (LIMITS.scope_value_bytes // 2) + "x" * extra}},
    }
    return edges[name]


EDGES = ["/content", "/content multi-byte", "/metadata", "/metadata of one-byte characters", "/metadata depth",
         "/metadata depth in arrays", "/scope/user_id"]  # fmt: skip


@pytest.mark.parametrize("name", EDGES)
def test_the_limit_is_accepted_and_one_more_is_refused(alice: httpx.Client, user: dict[str, str], name: str) -> None:
    """Each limit is exact, to the byte or the level."""
    draft = {"content": "x", "scope": user}
    accepted = alice.post("/v1/memories", json=draft | edge(name, 0))
    assert accepted.status_code == 201, accepted.text[:300]
    assert alice.get(accepted.headers["location"]).json() == accepted.json()
    refused = alice.post("/v1/memories", json=draft | edge(name, 1))
    assert refused.status_code == 422
    assert [each["pointer"] for each in refused.json()["errors"]] == [name.partition(" ")[0]]
    kept = alice.get("/v1/memories", params=user).json()["items"]
    assert [each["id"] for each in kept] == ([accepted.json()["id"]] if name != "/scope/user_id" else [])


def test_a_body_of_exactly_the_limit_is_taken(alice: httpx.Client, user: dict[str, str]) -> None:
    """White space counts as any byte: `request_bytes` are accepted, one more is 413."""
    draft = json.dumps({"content": "x", "scope": user}).encode()
    headers = {"Content-Type": "application/json"}
    padding = LIMITS.request_bytes - len(draft)
    assert alice.post("/v1/memories", content=draft + b" " * padding, headers=headers).status_code == 201
    assert alice.post("/v1/memories", content=draft + b" " * (padding + 1), headers=headers).status_code == 413


def test_query_and_results_are_bounded(alice: httpx.Client, user: dict[str, str]) -> None:
    """A query of `query_bytes` and `max_top_k` results are accepted, more is 422."""
    query = "é" * (LIMITS.query_bytes // 2)
    search = {"query": query, "scope": user, "top_k": LIMITS.max_top_k}
    assert alice.post("/v1/search", json=search).status_code == 200
    assert alice.post("/v1/search", json=search | {"query": query + "x"}).status_code == 422
    assert alice.post("/v1/search", json=search | {"top_k": LIMITS.max_top_k + 1}).status_code == 422


def test_a_filter_is_bounded_well_above_the_contract(alice: httpx.Client, user: dict[str, str]) -> None:
    """Depth 8 and 100 nodes are accepted, and twice as much; a thousand of either is 422."""

    def status(tree: dict[str, Any]) -> int:
        return alice.post("/v1/search", json={"query": "q", "scope": user, "filter": tree}).status_code

    def deep(levels: int) -> dict[str, Any]:
        tree: dict[str, Any] = {"op": "eq", "field": "/metadata/a", "value": 1}
        for _ in range(levels - 1):
            tree = {"op": "not", "filter": tree}
        return tree

    def wide(nodes: int) -> dict[str, Any]:
        return {"op": "or", "filters": [deep(1)] * (nodes - 1)}

    assert [status(deep(8)), status(deep(16)), status(deep(17)), status(deep(90))] == [200, 200, 422, 422]
    assert [status(wide(100)), status(wide(200)), status(wide(1_000)), status(wide(10_000))] == [200, 200, 422, 422]


def test_what_is_promised_has_its_limits(alice: httpx.Client) -> None:
    """The capability document is valid, and names the limits of every profile that it declares."""
    document = alice.get("/v1/capabilities").json()
    assert validator("capabilities").errors(document) == []
    assert set(document["profiles"]) == set(profiles()) - {"client"}
    advertised = {name: value for name, value in document["limits"].items() if name != "requests_per_minute"}
    assert advertised == LIMITS.document()


def test_the_operator_sets_the_limits(run_server: Any) -> None:
    """`--limit` changes what is advertised and what is held to; a page follows where it is smaller than 50."""
    server = run_server("--limit", "content_bytes=10", "--limit", "page_size=2", "--limit", "max_top_k=1",
                        "--limit", "batch=1", "--limit", "key_bytes=3")  # fmt: skip
    with server.client() as client:
        document = client.get("/v1/capabilities").json()
        assert (document["limits"]["content_bytes"], document["limits"]["page_size"]) == (10, 2)
        assert document["search"]["max_top_k"] == 1
        assert (document["limits"]["batch"], document["limits"]["key_bytes"]) == (1, 3)
        place = {"user_id": "keys", "key": "abc"}
        assert client.put("/v1/keyed", params=place, json={"content": "x"}).status_code == 201
        assert client.get("/v1/keyed", params=place | {"key": "abcd"}).status_code == 422
        assert client.post("/v1/batch", json={"operations": [{}]}).status_code == 200
        assert client.post("/v1/batch", json={"operations": [{}, {}]}).status_code == 422
        draft = {"content": "x" * 10, "scope": {"user_id": "u"}}
        assert [client.post("/v1/memories", json=draft).status_code for _ in range(3)] == [201] * 3
        assert client.post("/v1/memories", json=draft | {"content": "x" * 11}).status_code == 422
        page = client.get("/v1/memories", params={"user_id": "u"}).json()
        assert len(page["items"]) == 2
        assert page["next_cursor"]
        search = {"query": "x", "scope": {"user_id": "u"}}
        assert len(client.post("/v1/search", json=search).json()["results"]) == 1
        assert client.post("/v1/search", json=search | {"top_k": 2}).status_code == 422
