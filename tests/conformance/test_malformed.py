"""CORE-09 in every exchange: a malformed body answered with 5xx is seen, and nothing else is taken for one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from memconform.contract.openapi import openapi
from memconform.exchange import Exchange, Received, Sent
from memconform.malformed import server_errors

GOOD: dict[str, Any] = {"content": "I use pnpm", "scope": {"user_id": "u1"}}
DEEP = b'{"a":' * 500 + b"1" + b"}" * 500


def held(
    body: bytes | dict[str, Any],
    status: int = 500,
    *,
    method: str = "POST",
    path: str = "/v1/memories",
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),),
) -> list[tuple[str, str]]:
    """Return (expected, observed) of what is held against a server that answers the body with the status."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    exchange = Exchange(Sent(method, f"http://h:1{path}", headers, raw), Received(status, (), b""), 0, 0)
    found = list(server_errors(exchange, lambda _: openapi().operation(method, path)))
    assert {each.requirement for each in found} <= {"CORE-09"}
    return [(each.expected, each.observed) for each in found]


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        (b'{"content":', "no JSON: Expecting value"),
        (b"", "no JSON"),
        (b'{"n": NaN}', "NaN, which is no JSON"),
        (b'{"n": 1e400}', "not finite in binary64"),
        (b'{"n": ' + b"7" * 10_000 + b"}", "not finite in binary64"),
        (json.dumps(GOOD).encode("utf-16"), "bytes that are no UTF-8"),
        (b"[" * 100_000, "nesting 100000 deep"),
        (json.dumps(GOOD).encode()[:-1] + b',"metadata":' + DEEP + b"}", "nesting 501 deep"),
        ({"content": 7, "scope": {"user_id": "u1"}}, "a mistake at /content"),
        ({**GOOD, "scope": {"user_id": "u1", "agent_id": None}}, "a mistake at /scope/agent_id"),
        ({**GOOD, "source": {"memory_ids": ["a/b"]}}, "a mistake at /source/memory_ids/0"),
        ({**GOOD, "ext": {"org.example": {"a": "\ud800"}}}, "a lone surrogate"),
        ([GOOD], "a mistake at the root"),
    ],
    ids=map(str, range(13)),
)
def test_server_error_for_a_malformed_body_is_seen(body: bytes | dict[str, Any], wrong: str) -> None:
    """What is wrong with the body is said; the expectation is one for each operation, whatever is wrong."""
    ((expected, observed),) = held(body)
    assert expected == "400 or 422, never 5xx, for a malformed body of POST /v1/memories"
    assert observed.startswith("500; the body has ")
    assert wrong in observed


def test_good_body_is_not_judged() -> None:
    """A server that fails at a good body is left to the tests that sent it, brackets in its texts included."""
    assert held(GOOD) == []
    assert held({**GOOD, "content": '["' * 1000, "metadata": {"\\": "\\", "big": 2**60}}) == []


@pytest.mark.parametrize("status", [201, 400, 413, 415, 422, 502, 503, 504, 507])
def test_other_status_is_no_server_error(status: int) -> None:
    """A refusal is right, what is taken is for others to judge, and a server may be too busy for anybody."""
    assert held(b"{", status) == []


def test_body_that_was_announced_as_something_else_is_not_judged() -> None:
    """Another media type, or an encoded body, is no malformed JSON; nor is a path without a body."""
    assert held(b"{", headers=(("Content-Type", "text/plain"),)) == []
    assert held(b"{", headers=(("Content-Type", "application/json"), ("Content-Encoding", "gzip"))) == []
    assert held(b"{", headers=()) == []
    assert held(b"", method="GET") == []
    assert held(b"{", path="/v1/unknown") == []


def test_patch_has_two_media_types() -> None:
    """A merge patch is judged under both of its names, with parameters, too."""
    for media_type in ("application/merge-patch+json", "application/json; charset=utf-8"):
        headers = (("Content-Type", media_type),)
        assert held({"content": None}, method="PATCH", path="/v1/memories/x", headers=headers)
        assert held({"content": "x"}, method="PATCH", path="/v1/memories/x", headers=headers) == []
