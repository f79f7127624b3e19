"""CORE-28: every departure from the OpenAPI document is seen, and every freedom it leaves is left."""

from __future__ import annotations

import json
from typing import Any

import pytest

from memconform.contract.openapi import openapi
from memconform.exchange import Exchange, Received, Sent
from memconform.wire_judge import WireJudge

MEMORY = {
    "id": "0199f3c2-0000-7000-8000-000000000000",
    "content": "I use pnpm, never npm",
    "scope": {"user_id": "u1"},
    "metadata": {},
    "created_at": "2026-01-01T00:00:00Z",
    "updated_at": "2026-01-01T00:00:00Z",
    "version": 1,
}
JSON = ("Content-Type", "application/json")
PROBLEM = ("Content-Type", "application/problem+json")
PLACE = ("Location", "/v1/memories/0199f3c2-0000-7000-8000-000000000000")


def wrong(
    method: str,
    path: str,
    status: int,
    body: Any = b"",
    *headers: tuple[str, str],
    base: str = "",
    profiles: frozenset[str] = frozenset({"core"}),
) -> list[tuple[str, str]]:
    """Return (expected, observed) of each finding."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    exchange = Exchange(Sent(method, f"http://h:1{base}{path}"), Received(status, headers, raw), 0, 0)
    judge = WireJudge(openapi(), profiles, base or "/", ())
    findings = judge(exchange)
    assert {finding.requirement for finding in findings} <= {"CORE-28"}
    return [(finding.expected, finding.observed) for finding in findings]


def test_the_document_has_what_these_tests_use() -> None:
    """A good answer of each operation used here is without findings, so that the others fail for one reason."""
    assert wrong("POST", "/v1/memories", 201, MEMORY, JSON, PLACE) == []
    assert wrong("GET", "/v1/memories/x", 200, MEMORY, JSON) == []
    assert wrong("DELETE", "/v1/memories/x", 204) == []
    assert wrong("GET", "/v1/memories?user_id=u", 200, {"items": [MEMORY], "next_cursor": None}, JSON) == []
    assert wrong("GET", "/v1/memories/x", 404, {"status": 404, "title": "Not Found"}, PROBLEM) == []


@pytest.mark.parametrize(
    ("answer", "expected", "observed"),
    [
        (("POST", "/v1/memories", 200, MEMORY, JSON), "a status that the document has", "200"),
        (("DELETE", "/v1/memories/x", 200, {}, JSON), "a status that the document has", "200"),
        (("GET", "/v1/memories/x", 302, b"", ("Location", "/")), "a status that the document has", "302"),
        (("POST", "/v1/memories", 201, MEMORY, JSON), "the header Location", "no such header"),
        (("GET", "/v1/memories/x", 401, {"status": 401}, PROBLEM), "the header WWW-Authenticate", "no such header"),
        (("GET", "/v1/memories/x", 200, MEMORY, ("Content-Type", "text/json")), "application/json", "text/json"),
        (("GET", "/v1/memories/x", 200, MEMORY), "the media type application/json", "no Content-Type"),
        (("GET", "/v1/memories/x", 404, {"status": 404}, JSON), "application/problem+json", "application/json"),
        (("GET", "/v1/memories/x", 500, b"<html>", ("Content-Type", "text/html")), "problem+json", "text/html"),
        (("DELETE", "/v1/memories/x", 204, b"gone"), "no body", "4 bytes"),
        (("GET", "/v1/memories/x", 200, b'{"id": ', JSON), "JSON for GET", "Expecting value"),
        (("GET", "/v1/memories/x", 200, b"", JSON), "JSON for GET", "Expecting value"),
        (("GET", "/v1/memories/x", 200, b"[" * 100_000, JSON), "JSON for GET", "recursion"),
        (("GET", "/v1/memories/x", 200, json.dumps(MEMORY).encode("utf-16"), JSON), "JSON for GET", "utf-8"),
        (
            ("GET", "/v1/memories/x", 200, {**MEMORY, "confidence": float("nan")}, JSON),
            "JSON for GET",
            "NaN is no JSON",
        ),
        (("GET", "/v1/memories/x", 200, {**MEMORY, "version": 0}, JSON), "memory.schema.json", "at /version"),
        (
            ("GET", "/v1/memories/x", 200, {**MEMORY, "created_at": "yesterday"}, JSON),
            "memory.schema",
            "at /created_at",
        ),
        (("GET", "/v1/memories/x", 200, [], JSON), "memory.schema.json", "at the root"),
        (("GET", "/v1/memories?user_id=u", 200, {"items": {}}, JSON), "memory-page.schema.json", "at /items"),
        (("GET", "/v1/memories/x", 404, {"status": "404"}, PROBLEM), "problem.schema.json", "at /status"),
    ],
)
def test_each_kind_of_mismatch_is_found(answer: tuple[Any, ...], expected: str, observed: str) -> None:
    """A wrong status, header, media type, body or shape is found once, and the finding names it."""
    said = wrong(*answer)
    assert len(said) == 1, said
    assert expected in said[0][0]
    assert observed in said[0][1]


@pytest.mark.parametrize(
    "answer",
    [
        ("GET", "/v1/memories/x", 200, MEMORY, ("Content-Type", "application/json; charset=utf-8")),
        ("GET", "/v1/memories/x", 200, MEMORY, ("CONTENT-TYPE", "Application/JSON ;charset=UTF-8")),
        ("GET", "/v1/memories/x", 404, {"status": 404}, ("content-type", "application/problem+json;charset=utf-8")),
        ("POST", "/v1/memories", 201, MEMORY, JSON, ("location", "x"), ("X-Powered-By", "anything")),
        ("GET", "/v1/memories/x", 200, {**MEMORY, "embedding_model": "x", "expires_at": None}, JSON),
        ("GET", "/v1/memories/x", 200, {**MEMORY, "created_at": "2026-01-01t00:00:00.123456+00:00"}, JSON),
        ("GET", "/v1/memories?user_id=u", 200, {"items": [], "next_cursor": "x", "total": 7}, JSON),
        ("GET", "/v1/memories/x", 414, b"<html>too long</html>", ("Content-Type", "text/html")),
        ("GET", "/v1/memories/x", 431, b"", ("Content-Type", "text/plain")),
        ("GET", "/v1/memories/x", 502, b"<html>Bad Gateway</html>", ("Content-Type", "text/html")),
        ("GET", "/v1/memories/x", 503, {"status": 503}, PROBLEM, ("Retry-After", "Thu, 01 Jan 2026 12:00:05 GMT")),
        ("HEAD", "/v1/memories/x", 200, b"", JSON),
        ("OPTIONS", "/v1/memories", 204, b"", ("Allow", "GET, POST")),
        ("PUT", "/v1/memories/x", 405, b"<html>", ("Content-Type", "text/html")),
        ("GET", "/v1/unknown", 404, b"nothing here"),
        ("GET", "/metrics", 200, b"x 1"),
    ],
)
def test_legal_oddities_are_left_alone(answer: tuple[Any, ...]) -> None:
    """Parameters of a media type, any case, more members and headers, a proxy's own words, other paths: all legal."""
    assert wrong(*answer) == []


def test_a_base_path_is_taken_off() -> None:
    """A server below a path is judged by the same document."""
    for base in ("/memory", "/a/b", "/v1"):
        assert wrong("GET", "/v1/memories/x", 200, MEMORY, JSON, base=base) == []
        assert wrong("GET", "/v1/memories/x", 200, [], JSON, base=base) != []


def test_profiles_that_are_not_declared_are_not_judged() -> None:
    """What a server serves beyond its declared profiles is its own affair."""
    assert wrong("POST", "/v1/search", 200, {"hits": []}, JSON) == []
    assert wrong("POST", "/v1/search", 200, {"hits": []}, JSON, profiles=frozenset({"core", "search"})) != []


def test_no_answer_is_no_mismatch() -> None:
    """Silence is judged elsewhere."""
    judge = WireJudge(openapi(), frozenset({"core"}), "/", ())
    assert judge(Exchange(Sent("GET", "http://h:1/v1/health"), None, 1, 0, "timed out")) == []


ALL = frozenset({"core", "history", "portability", "events", "concurrency"})
MANIFEST = {
    "type": "manifest",
    "contract": "1.0",
    "scope": {"user_id": "u1"},
    "count": 1,
    "sha256": "0" * 64,
    "exported_at": "2026-01-01T00:00:00Z",
}
NDJSON = ("Content-Type", "application/x-ndjson")
SSE = ("Content-Type", "text/event-stream; charset=utf-8")
EVENT = {
    "specversion": "1.0",
    "id": "1",
    "source": "/",
    "type": "io.memory-api.memory.add.v1",
    "subject": "m",
    "time": "2026-01-01T00:00:00Z",
    "data": {"memory_id": "m", "version": 1, "operation": "add"},
}


def lines(*values: Any) -> bytes:
    """Return an ndjson file."""
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


def stream(*data: str) -> bytes:
    """Return a stream of events with these data."""
    return "".join(f"id: 1\ndata: {each}\n\n" for each in data).encode()


EXPORT, EVENTS = "/v1/export?user_id=u1", "/v1/events?user_id=u1"


@pytest.mark.parametrize(
    ("path", "body", "media_type", "wrong_at"),
    [
        (EXPORT, lines(MANIFEST, MEMORY, MEMORY), NDJSON, None),
        (EXPORT, lines(MANIFEST), NDJSON, None),
        (EXPORT, lines(MANIFEST, MEMORY).rstrip(b"\n"), NDJSON, None),
        (EXPORT, b"", NDJSON, "line 1"),
        (EXPORT, lines(MEMORY), NDJSON, "line 1"),
        (EXPORT, lines(MANIFEST, MEMORY, MANIFEST, []), NDJSON, "line 3"),
        (EXPORT, lines(MANIFEST) + b"\n" + lines(MEMORY), NDJSON, "line 2"),
        (EXPORT, lines(MANIFEST, MEMORY)[:-9], NDJSON, "line 2"),
        (EXPORT, lines({**MANIFEST, "sha256": "0"}), NDJSON, "line 1"),
        (EXPORT, lines(MANIFEST), JSON, "the media type"),
        (EVENTS, b": nothing yet\n\n", SSE, None),
        (EVENTS, stream(json.dumps(EVENT)) + b"data: cut off", SSE, None),
        (EVENTS, stream(json.dumps(EVENT), json.dumps({**EVENT, "data": {}})), SSE, "event 2"),
        (EVENTS, stream("no json"), SSE, "event 1"),
        (EVENTS, stream("NaN"), SSE, "event 1"),
    ],
)
def test_lines_and_events_are_judged_one_by_one(
    path: str, body: bytes, media_type: tuple[str, str], wrong_at: str | None
) -> None:
    """Each line of an export and the data of each event match their schema; the first bad one is named."""
    said = wrong("GET", path, 200, body, media_type, profiles=ALL)
    assert len(said) == (wrong_at is not None), said
    assert wrong_at is None or wrong_at in said[0][0]


def test_not_modified_has_no_body() -> None:
    """304 is documented where an entity tag can be asked for, and carries nothing."""
    assert wrong("GET", "/v1/memories/x", 304, b"", ("ETag", '"1"'), profiles=ALL) == []
    assert wrong("GET", "/v1/memories/x", 304, MEMORY, JSON, profiles=ALL) != []
    assert wrong("GET", "/v1/memories/x/history", 304, profiles=ALL) != []
