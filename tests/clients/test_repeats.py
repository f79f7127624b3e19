"""What counts as an unsafe repeat, and as one that came too early: on hand-made requests whose truth is known."""

from __future__ import annotations

from email.utils import formatdate

import pytest
from tests.clients.seen_requests import request

from memconform.clients.repeats import early, unsafe_repeat
from memconform.clients.wire import Seen

MEMORY = {"content": "tea", "scope": {"user_id": "u"}}


def add(key: str | None = None, content: str = "tea") -> Seen:
    """Return an add."""
    headers = () if key is None else (("idempotency-KEY", key),)
    return request("/v1/memories", "POST", {**MEMORY, "content": content}, headers=headers)


@pytest.mark.parametrize(
    "main",
    [
        [],
        [add()],
        [add(), add(content="coffee")],
        [add("k"), add("k"), add("k")],
        [request("/v1/search", "POST", {"query": "tea", "scope": {"user_id": "u"}})] * 3,
        [request("/v1/summaries", "POST", {"scope": {"user_id": "u"}})] * 2,
        [request("/v1/memories/x", "DELETE")] * 2,
        [request("/v1/keyed?key=a&user_id=u", "PUT", {"content": "b"})] * 2,
    ],
)
def test_what_may_be_repeated_is_no_fault(main: list[Seen]) -> None:
    """Reads, idempotent methods, other bodies, and adds with one key."""
    assert unsafe_repeat(main) is None


@pytest.mark.parametrize(
    ("main", "said"),
    [
        ([add(), add()], "the same POST /v1/memories 2 times, without an Idempotency-Key"),
        ([add("k"), add()], "without an Idempotency-Key"),
        ([add("k"), add("l")], "with another Idempotency-Key each time"),
        ([add(""), add("")], "without an Idempotency-Key"),
        ([add("k"), add(content="coffee"), add("l")], "2 times, with another Idempotency-Key"),
        ([request("/v1/erasures", "POST", {"scope": {"user_id": "u"}})] * 2, "the same POST /v1/erasures 2 times"),
    ],
)
def test_what_must_not_be_repeated_is_told(main: list[Seen], said: str) -> None:
    """The path, how often, and what is wrong with the key."""
    assert said in (unsafe_repeat(main) or "")


def answered(at: float, value: str) -> Seen:
    """Return a search that was answered with Retry-After at `at` + 0.1 s."""
    return request("/v1/search", "POST", {}, at=at, answer=429, answer_headers=(("Retry-After", value),))


EPOCH = 1_800_000_000.0


@pytest.mark.parametrize(
    ("value", "gap", "wrong"),
    [
        ("1", 0.5, True),
        ("1", 1.0, False),
        ("0", 0.0, False),
        ("86400", 100.0, True),
        ("soon", 0.0, False),
        ("-5", 0.0, False),
        (formatdate(EPOCH + 2, usegmt=True), 0.5, True),
        (formatdate(EPOCH + 2, usegmt=True), 2.0, False),
        (formatdate(EPOCH - 60, usegmt=True), 0.0, False),
    ],
)
def test_coming_back_early(value: str, gap: float, wrong: bool) -> None:
    """Seconds and dates count from the end of the answer; nonsense and the past ask for nothing."""
    told = early([answered(0.0, value), request("/v1/search", "POST", {}, at=0.1 + gap)], EPOCH)
    assert (told is not None) == wrong
    assert told is None or f"{gap:.2f} s after" in told


def test_one_request_is_never_early() -> None:
    """Nor is one after an answer that said nothing, or after none."""
    assert early([answered(0.0, "9")], EPOCH) is None
    assert early([request("/v1/search", "POST", {}), request("/v1/search", "POST", {})], EPOCH) is None
