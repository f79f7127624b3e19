"""Every way to say no is a problem document with the right status, and stores nothing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from memconform.contract.openapi import openapi
from memconform_server.app import create_app
from memconform_server.operations import ENDPOINTS
from memconform_server.settings import Settings
from memconform_server.stores.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

JSON = {"Content-Type": "application/json"}
GOOD = b'{"content":"x","scope":{"user_id":"problems"}}'


def body(text: str | bytes) -> dict[str, Any]:
    """Return the arguments of a request that posts these bytes as JSON."""
    return {"content": text.encode() if isinstance(text, str) else text, "headers": JSON}


LEAF = '{"op":"exists","field":"/key","value":true}'


def filtering(tree: str) -> str:
    """Return a search with that filter."""
    return '{"query":"q","scope":{"user_id":"u"},"filter":' + tree + "}"


CASES: dict[str, tuple[int, str, str, dict[str, Any]]] = {
    "unknown path": (404, "GET", "/v1/nothing", {}),
    "trailing slash": (404, "GET", "/v1/memories/", {}),
    "unknown id": (404, "GET", "/v1/memories/0199f3c2-0000-7000-8000-000000000000", {}),
    "id with NUL": (404, "GET", "/v1/memories/%00", {}),
    "id that walks": (404, "GET", "/v1/memories/..%2f..%2fetc%2fpasswd", {}),
    "id with quotes": (404, "DELETE", "/v1/memories/'%20OR%20''='", {}),
    "id of 10 kB": (404, "GET", "/v1/memories/" + "a" * 10_000, {}),
    "id that is no UTF-8": (404, "GET", "/v1/memories/%ff%fe", {}),
    "method": (405, "PUT", "/v1/memories", {}),
    "method of a free path": (405, "POST", "/v1/health", {}),
    "media type": (415, "POST", "/v1/memories", {"content": GOOD, "headers": {"Content-Type": "text/plain"}}),
    "no media type": (415, "POST", "/v1/memories", {"content": GOOD}),
    "content coding": (
        415, "POST", "/v1/memories", {"content": GOOD, "headers": JSON | {"Content-Encoding": "gzip"}}
    ),
    "too large": (413, "POST", "/v1/memories", body(b" " * 1_048_577)),
    "too large in chunks": (413, "POST", "/v1/memories", {"content": iter([b" " * 65_536] * 17), "headers": JSON}),
    "empty body": (400, "POST", "/v1/memories", body("")),
    "no JSON": (400, "POST", "/v1/memories", body("{")),
    "two values": (400, "POST", "/v1/memories", body("{}{}")),
    "not UTF-8": (400, "POST", "/v1/memories", body(b'{"content":"\xff"}')),
    "UTF-16": (400, "POST", "/v1/memories", body(GOOD.decode().encode("utf-16"))),
    "byte order mark": (400, "POST", "/v1/memories", body(b"\xef\xbb\xbf" + GOOD)),
    "raw control character": (400, "POST", "/v1/memories", body('{"content":"a\nb","scope":{"user_id":"u"}}')),
    "NaN": (400, "POST", "/v1/memories", body('{"content":"x","scope":{"user_id":"u"},"metadata":{"a":NaN}}')),
    "Infinity": (400, "POST", "/v1/memories", body('{"content":"x","scope":{"user_id":"u"},"confidence":-Infinity}')),
    "member named twice": (400, "POST", "/v1/memories", body('{"content":"x","content":"y","scope":{"user_id":"u"}}')),
    "deep arrays": (400, "POST", "/v1/memories", body("[" * 500_000)),
    "deep and closed": (400, "POST", "/v1/memories", body('{"a":' * 5_000 + "1" + "}" * 5_000)),
    "deep behind quotes": (400, "POST", "/v1/memories", body('"' + '\\"' * 100_000 + "[" * 200)),
    "no object": (422, "POST", "/v1/memories", body("[]")),
    "null": (422, "POST", "/v1/memories", body("null")),
    "no scope": (422, "POST", "/v1/memories", body('{"content":"x"}')),
    "empty scope": (422, "POST", "/v1/memories", body('{"content":"x","scope":{}}')),
    "scope with null": (422, "POST", "/v1/memories", body('{"content":"x","scope":{"user_id":"u","agent_id":null}}')),
    "scope with empty value": (422, "POST", "/v1/memories", body('{"content":"x","scope":{"user_id":""}}')),
    "scope with number": (422, "POST", "/v1/memories", body('{"content":"x","scope":{"user_id":1}}')),
    "unknown scope member": (422, "POST", "/v1/memories", body('{"content":"x","scope":{"user_id":"u","team":"t"}}')),
    "no content": (422, "POST", "/v1/memories", body('{"scope":{"user_id":"u"}}')),
    "empty content": (422, "POST", "/v1/memories", body('{"content":"","scope":{"user_id":"u"}}')),
    "content is a number": (422, "POST", "/v1/memories", body('{"content":1,"scope":{"user_id":"u"}}')),
    "metadata is an array": (
        422, "POST", "/v1/memories", body('{"content":"x","scope":{"user_id":"u"},"metadata":[]}')
    ),
    "lone surrogate": (422, "POST", "/v1/memories", body(r'{"content":"\ud800","scope":{"user_id":"u"}}')),
    "lone surrogate in a name": (
        422, "POST", "/v1/memories", body(r'{"content":"x","scope":{"user_id":"u"},"metadata":{"a\udfff":1}}')
    ),
    "lone surrogate in an unknown member": (
        422, "POST", "/v1/memories", body(r'{"content":"x","scope":{"user_id":"u"},"who":["\udc00"]}')
    ),
    "1e400": (422, "POST", "/v1/memories", body('{"content":"x","scope":{"user_id":"u"},"metadata":{"a":1e400}}')),
    "an integer of 400 digits": (
        422, "POST", "/v1/memories", body('{"content":"x","scope":{"user_id":"u"},"metadata":{"a":%s}}' % ("9" * 400))
    ),
    "an integer of a million digits": (422, "POST", "/v1/memories", body('{"content":%s}' % ("9" * 1_000_000))),
    "confidence above 1": (
        422, "POST", "/v1/memories", body('{"content":"x","scope":{"user_id":"u"},"confidence":1.1}')
    ),
    "own member": (422, "POST", "/v1/memories", body('{"content":"x","scope":{"user_id":"u"},"version":1}')),
    "expired on arrival": (
        422, "POST", "/v1/memories", body('{"content":"x","scope":{"user_id":"u"},"expires_at":"2020-01-01T00:00:00Z"}')
    ),
    "expiry that is no timestamp": (
        422, "POST", "/v1/memories", body('{"content":"x","scope":{"user_id":"u"},"expires_at":"tomorrow"}')
    ),
    "supersedes nobody": (
        422, "POST", "/v1/memories", body('{"content":"x","scope":{"user_id":"u"},"supersedes":["a"]}')
    ),
    "supersedes what no id can be": (
        422, "POST", "/v1/memories", body('{"content":"x","scope":{"user_id":"u"},"supersedes":["a/b"]}')
    ),
    "no timestamp": (422, "POST", "/v1/memories", body('{"content":"x","scope":{"user_id":"u"},"valid_from":"now"}')),
    "ends before it begins": (
        422, "POST", "/v1/memories",
        body('{"content":"x","scope":{"user_id":"u"},"valid_from":"2026-01-02T00:00:00Z","valid_to":"2026-01-01T00:00:00Z"}'),
    ),
    "list without scope": (422, "GET", "/v1/memories", {}),
    "list with empty value": (422, "GET", "/v1/memories?user_id=", {}),
    "list with one empty value": (422, "GET", "/v1/memories?user_id=u&agent_id=", {}),
    "repeated parameter": (422, "GET", "/v1/memories?user_id=a&user_id=a", {}),
    "repeated limit": (422, "GET", "/v1/memories?user_id=a&limit=1&limit=1", {}),
    "unknown parameter": (422, "GET", "/v1/memories?user_id=a&team_id=b", {}),
    "misspelt parameter": (422, "GET", "/v1/memories?user_id=a&User_Id=b", {}),
    "parameter that is no UTF-8": (422, "GET", "/v1/memories?user_id=%ff", {}),
    "parameter with a surrogate": (422, "GET", "/v1/memories?user_id=%ed%a0%80", {}),
    "limit zero": (422, "GET", "/v1/memories?user_id=a&limit=0", {}),
    "limit above": (422, "GET", "/v1/memories?user_id=a&limit=201", {}),
    "limit negative": (422, "GET", "/v1/memories?user_id=a&limit=-1", {}),
    "limit in words": (422, "GET", "/v1/memories?user_id=a&limit=ten", {}),
    "limit in other digits": (422, "GET", "/v1/memories?user_id=a&limit=%D9%A1", {}),
    "limit of 10,000 digits": (422, "GET", "/v1/memories?user_id=a&limit=" + "1" * 10_000, {}),
    "cursor": (400, "GET", "/v1/memories?user_id=a&cursor=AAAA", {}),
    "cursor with other letters": (400, "GET", "/v1/memories?user_id=a&cursor=%C3%A9%00", {}),
    "long cursor": (400, "GET", "/v1/memories?user_id=a&cursor=" + "A" * 8_000, {}),
    "search without query": (422, "POST", "/v1/search", body('{"scope":{"user_id":"u"}}')),
    "search for nothing": (422, "POST", "/v1/search", body('{"query":"","scope":{"user_id":"u"}}')),
    "top_k zero": (422, "POST", "/v1/search", body('{"query":"q","scope":{"user_id":"u"},"top_k":0}')),
    "top_k above": (422, "POST", "/v1/search", body('{"query":"q","scope":{"user_id":"u"},"top_k":201}')),
    "top_k broken": (422, "POST", "/v1/search", body('{"query":"q","scope":{"user_id":"u"},"top_k":1.5}')),
    "filter of an unknown operator": (
        422, "POST", "/v1/search",
        body('{"query":"q","scope":{"user_id":"u"},"filter":{"op":"like","field":"/metadata/a","value":1}}'),
    ),
    "filter of an unknown field": (
        422, "POST", "/v1/search",
        body('{"query":"q","scope":{"user_id":"u"},"filter":{"op":"eq","field":"/content","value":1}}'),
    ),
    "filter by what is no instant": (
        422, "POST", "/v1/search",
        body('{"query":"q","scope":{"user_id":"u"},"filter":{"op":"gt","field":"/created_at","value":"now"}}'),
    ),
    "filter by a leap second": (
        422, "POST", "/v1/search",
        body('{"query":"q","scope":{"user_id":"u"},'
             '"filter":{"op":"in","field":"/created_at","value":["2016-12-31T23:59:60Z"]}}'),
    ),
    "filter joined from nothing": (
        422, "POST", "/v1/search", body('{"query":"q","scope":{"user_id":"u"},"filter":{"op":"and","filters":[]}}')
    ),
    "deep filter": (422, "POST", "/v1/search", body(filtering('{"op":"not","filter":' * 40 + LEAF + "}" * 40))),
    "wide filter": (
        422, "POST", "/v1/search", body(filtering('{"op":"or","filters":[' + ",".join([LEAF] * 5_000) + "]}"))
    ),
    "search as of no instant": (
        422, "POST", "/v1/search", body('{"query":"q","scope":{"user_id":"u"},"as_of":"2026-13-01T00:00:00Z"}')
    ),
    "search as of a leap second": (
        422, "POST", "/v1/search", body('{"query":"q","scope":{"user_id":"u"},"as_of":"2016-12-31T23:59:60Z"}')
    ),
    "inherit is a word": (422, "POST", "/v1/search", body('{"query":"q","scope":{"user_id":"u"},"inherit":"yes"}')),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_refusals_are_problems(alice: httpx.Client, name: str) -> None:
    """A refused request gets the status of its error and a problem document that repeats it."""
    status, method, path, arguments = CASES[name]
    answer = alice.request(method, path, **arguments)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["type"].startswith("urn:memory-api:problem:")
    assert problem["title"]
    assert problem["detail"]
    if status == 422:
        assert all(("pointer" in each) != ("parameter" in each) and each["detail"] for each in problem["errors"])
        assert problem["errors"]


def test_nothing_of_it_was_stored(alice: httpx.Client) -> None:
    """After every refusal above the scopes that they named are empty."""
    for _, method, path, arguments in CASES.values():
        if isinstance(arguments.get("content"), bytes):
            alice.request(method, path, **arguments)
    for value in ("u", "problems"):
        assert alice.get("/v1/memories", params={"user_id": value}).json()["items"] == []


@pytest.mark.parametrize("value", ["5", "null", '"2026"', "[]", '"2026-01-01T00:00:00Z"'])
def test_an_instant_contains_nothing(alice: httpx.Client, value: str) -> None:
    """`contains` takes any value and finds none in a timestamp: it has no text and no elements."""
    tree = '{"op":"contains","field":"/created_at","value":' + value + "}"
    answer = alice.post("/v1/search", **body(filtering(tree)))
    assert (answer.status_code, answer.json()) == (200, {"results": []})


def test_pointers_name_the_place(alice: httpx.Client) -> None:
    """A fault in a body is named by a JSON Pointer, escapes included."""
    answer = alice.post(
        "/v1/memories", **body(r'{"content":"x","scope":{"user_id":"u"},"metadata":{"a/b":{"~":"\ud800"}}}')
    )
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/metadata/a~1b/~0"]


def test_the_operations_are_those_of_the_contract() -> None:
    """Method, path, profiles and media types of every operation are as the OpenAPI document has them, and no more."""
    contract = {
        (each.method, each.path, frozenset({each.profile, *each.also}), frozenset(_media_types(each.document)))
        for _, each in openapi().operations
    }
    assert {(each.method, each.path, frozenset(each.profiles), frozenset(each.takes)) for each in ENDPOINTS} == contract
    assert len(ENDPOINTS) == len(contract)


def _media_types(operation: Mapping[str, Any]) -> Iterator[str]:
    yield from operation.get("requestBody", {}).get("content", {})


def test_allow_names_the_methods(alice: httpx.Client) -> None:
    """A 405 says in Allow which methods the path has."""
    assert alice.put("/v1/memories").headers["allow"] == "GET, HEAD, POST"
    assert alice.post("/v1/memories/x").headers["allow"] == "DELETE, GET, HEAD, PATCH"
    assert alice.get("/v1/search").headers["allow"] == "POST"
    assert alice.post("/v1/keyed").headers["allow"] == "DELETE, GET, HEAD, PUT"


class CoreOnly(SqliteStore):
    """A store that declares no profile but core."""

    def capabilities(self) -> Mapping[str, Any]:
        """Declare nothing else."""
        return {"profiles": ["core"]}


class EqualOnly(SqliteStore):
    """A store whose filters know one comparison."""

    def capabilities(self) -> Mapping[str, Any]:
        """Declare no other operator."""
        return {**super().capabilities(), "search": {"filter_operators": ["eq"]}}


def undeclared(method: str, path: str, store_type: type[SqliteStore] = CoreOnly, **arguments: Any) -> httpx.Response:
    """Send one request to a server that declares less than the reference."""

    async def send() -> httpx.Response:
        store = store_type(":memory:")
        try:
            transport = httpx.ASGITransport(create_app(store, Settings()))
            async with httpx.AsyncClient(transport=transport, base_url="http://core") as client:
                return await client.request(method, path, **arguments)
        finally:
            store.close()

    return asyncio.run(send())


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/v1/search"), ("PUT", "/v1/keyed?key=a&user_id=u"), ("GET", "/v1/memories/x/history"),
     ("POST", "/v1/batch")],
)  # fmt: skip
def test_undeclared_profiles_have_no_paths(method: str, path: str) -> None:
    """An operation of a profile that is not declared does not exist."""
    assert undeclared(method, path).status_code == 404


def test_an_undeclared_method_is_not_allowed() -> None:
    """On a path of core, the method of another profile is 405."""
    answer = undeclared("PATCH", "/v1/memories/x", json={"content": "y"})
    assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, GET, HEAD")


@pytest.mark.parametrize("member", [{"expires_at": "2099-01-01T00:00:00Z"}, {"supersedes": ["a"]}])
def test_members_of_undeclared_profiles_are_refused(member: dict[str, Any]) -> None:
    """What would not be honoured is not taken; null asks for nothing."""
    draft = {"content": "x", "scope": {"user_id": "u"}}
    refused = undeclared("POST", "/v1/memories", json=draft | member)
    assert refused.status_code == 422
    assert [f"/{name}" for name in member] == [each["pointer"] for each in refused.json()["errors"]]
    assert undeclared("POST", "/v1/memories", json=draft | dict.fromkeys(member)).status_code == 201


def test_undeclared_operators_are_refused() -> None:
    """An operator that is not declared is 422 however deep it stands; joining operators are always served."""
    known = {"op": "eq", "field": "/metadata/a", "value": 1}
    for leaf, status in ((known, 200), (known | {"op": "gt"}, 422)):
        tree = {"op": "and", "filters": [known, {"op": "not", "filter": leaf}]}
        search = {"query": "q", "scope": {"user_id": "u"}, "filter": tree}
        answer = undeclared("POST", "/v1/search", EqualOnly, json=search)
        assert answer.status_code == status
        if status == 422:
            assert [each["pointer"] for each in answer.json()["errors"]] == ["/filter/filters/1/filter/op"]


def test_headers_of_undeclared_profiles_mean_nothing() -> None:
    """Without concurrency and idempotency there is no tag, no condition, no key; their limits stay out."""
    draft = {"content": "x", "scope": {"user_id": "u"}}
    added = undeclared("POST", "/v1/memories", json=draft, headers={"Idempotency-Key": "", "If-Match": '"x"'})
    assert (added.status_code, added.headers.get("etag")) == (201, None)
    limits = undeclared("GET", "/v1/capabilities").json()["limits"]
    assert limits.keys().isdisjoint({"key_bytes", "batch", "messages", "import_bytes"})


def test_head_is_get_without_a_body(alice: httpx.Client) -> None:
    """HEAD answers as GET does, and sends no body."""
    answer = alice.head("/v1/health")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(alice.get("/v1/health").content))


def test_media_type_parameters_are_fine(alice: httpx.Client, user: dict[str, str]) -> None:
    """The charset parameter that many clients send changes nothing; letter case neither."""
    content = f'{{"content":"x","scope":{{"user_id":"{user["user_id"]}"}}}}'
    for media_type in ("application/json; charset=utf-8", "Application/JSON"):
        assert alice.post("/v1/memories", content=content, headers={"Content-Type": media_type}).status_code == 201


def test_unknown_members_are_ignored(alice: httpx.Client, user: dict[str, str]) -> None:
    """Members that this version does not know do no harm; members that are null count as absent."""
    draft = {"content": "x", "scope": user, "mood": "good", "id": None, "expires_at": None, "metadata": None}
    answer = alice.post("/v1/memories", json=draft)
    assert answer.status_code == 201
    assert answer.json()["metadata"] == {}
    assert "mood" not in answer.json()


def test_every_answer_has_a_request_id_and_its_time(alice: httpx.Client) -> None:
    """Good or bad, an answer carries a request id of its own and the time the server took."""
    answers = [
        alice.get("/v1/health"),
        alice.get("/v1/nothing"),
        alice.get("/v1/health", headers={"Authorization": ""}),
    ]
    assert len({answer.headers["x-request-id"] for answer in answers}) == 3
    assert all(answer.headers["server-timing"].startswith("total;dur=") for answer in answers)


WRONG_AT_LENGTH = {
    "every item of an array": b'{"content":"x","scope":{"user_id":"u"},"source":{"memory_ids":['
    + b"1," * 400_000
    + b"1]}}",
    "the last item of an array": b'{"content":"x","scope":{"user_id":"u"},"source":{"memory_ids":['
    + b'"a",' * 200_000
    + b"1]}}",
    "many scope members": b'{"content":"x","scope":{' + b",".join(b'"%d":1' % n for n in range(60_000)) + b"}}",
    "metadata of many items": b'{"content":"x","scope":{"user_id":"u"},"metadata":{"a":[' + b"0," * 500_000 + b"0]}}",
}


@pytest.mark.parametrize("name", WRONG_AT_LENGTH)
def test_a_long_wrong_body_gets_a_short_answer(alice: httpx.Client, name: str) -> None:
    """A megabyte that breaks the contract everywhere is refused in bounded time with few faults."""
    answer = alice.post("/v1/memories", content=WRONG_AT_LENGTH[name], headers=JSON)
    assert answer.status_code == 422
    assert 1 <= len(answer.json()["errors"]) <= 20
    assert len(answer.content) < 10_000
    assert answer.elapsed.total_seconds() < 10
