"""Each fault does on the wire what its name says, measured by a client of bytes; times are scaled down."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from memconform.clients.wire import (
    FAULTS,
    Answer,
    BodyFlood,
    Close,
    Drip,
    Front,
    Garbage,
    Hang,
    HeaderFlood,
    Late,
    NeverCloses,
    Reset,
    json_reply,
)
from memconform.contract import validator
from memconform.retry_after import retry_after

from .raw_client import GET, Enough, Heard, asked, connected, listened, whole

MIB = 1024 * 1024


@pytest.fixture
def front() -> Iterator[Front]:
    """Return a front that stands alone."""
    with Front() as front:
        yield front


def meet(front: Front, answer: Answer, patience: float = 5.0, enough: Enough | None = None) -> Heard:
    """Meet an answer and return what was heard."""
    front.script(lambda _: answer)
    return asked(front.url, patience=patience, enough=enough)


@pytest.mark.parametrize(
    ("stage", "heard"), [("before_headers", b""), ("in_headers", b"HTTP/1.1 200 OK"), ("in_body", b"I use pn")]
)
def test_a_reset_is_a_reset(front: Front, stage: Any, heard: bytes) -> None:
    """The connection ends with RST, after what was sent until then."""
    said = meet(front, Reset(stage))
    assert said.ended == "rst"
    assert heard in said.data
    assert bool(said.data) == bool(heard)
    assert (b"\r\n\r\n" in said.data) == (stage == "in_body")


@pytest.mark.parametrize("stage", ["before_headers", "in_headers", "in_body", "in_chunk"])
def test_an_early_close_is_in_order(front: Front, stage: Any) -> None:
    """The connection ends with FIN and the answer is not complete."""
    said = meet(front, Close(stage))
    assert said.ended == "fin"
    if stage == "before_headers":
        assert said.data == b""
    elif stage == "in_headers":
        assert b"\r\n\r\n" not in said.data
    elif stage == "in_body":
        length = int(said.head.lower().partition(b"content-length:")[2].split()[0])
        assert 0 < len(said.body) < length
    else:
        size, _, chunk = said.body.partition(b"\r\n")
        assert 0 < len(chunk) < int(size, 16)


@pytest.mark.parametrize("stage", ["before_headers", "in_headers", "in_body"])
def test_a_hang_says_nothing_more_until_its_bound(front: Front, stage: Any) -> None:
    """Nothing comes for as long as the client listens; at the bound the connection ends."""
    said = meet(front, Hang(stage), patience=0.4)
    assert said.ended == "open"
    assert all(at < 0.3 for at, _ in said.pieces)
    assert (b"\r\n\r\n" in said.data) == (stage == "in_body")
    ended = meet(front, Hang(stage, bound_s=0.3))
    assert ended.ended == "fin"
    assert ended.seconds >= 0.3


@pytest.mark.parametrize("stage", ["headers", "body"])
def test_a_drip_is_one_byte_at_a_time(front: Front, stage: Any) -> None:
    """Single bytes come at even distances, and the answer is never complete."""
    said = meet(front, Drip(0.05, stage), patience=1.2)
    drops = [piece for _, piece in said.pieces if len(piece) == 1]
    assert said.ended == "open"
    assert 8 <= len(drops) <= 24
    assert (b"\r\n\r\n" in said.data) == (stage == "body")


@pytest.mark.parametrize("stage", ["headers", "body"])
def test_a_drip_is_never_complete(front: Front, stage: Any) -> None:
    """Even at its bound neither header nor body has been told to its end."""
    said = meet(front, Drip(0.01, stage, bound_s=0.3))
    assert said.ended == "fin"
    assert (b"\r\n\r\n" in said.data) == (stage == "body")
    if stage == "body":
        assert len(said.body) < int(said.head.lower().partition(b"content-length:")[2].split()[0])


def test_what_never_closes_stays_open_after_a_whole_body(front: Front) -> None:
    """The body is complete JSON, its length is not told, and the connection stays."""
    said = meet(front, NeverCloses(), patience=0.5)
    assert said.ended == "open"
    assert b"content-length" not in said.head.lower()
    assert b"chunked" not in said.head.lower()
    assert json.loads(said.body) == {"items": [], "next_cursor": None, "results": []}
    assert meet(front, NeverCloses(bound_s=0.2)).ended == "fin"


def test_garbage_is_no_http(front: Front) -> None:
    """What comes does not begin as HTTP does."""
    said = meet(front, Garbage())
    assert said.ended == "fin"
    assert len(said.data) > 100
    assert not said.data.startswith(b"HTTP")


def test_a_flood_of_header_fields_is_bounded_and_never_ends_the_header(front: Front) -> None:
    """So many bytes come, all of them header fields."""
    said = meet(front, HeaderFlood(3 * MIB), patience=20)
    assert said.ended == "fin"
    assert 0 <= len(said.data) - 3 * MIB < 200
    assert b"\r\n\r\n" not in said.data
    assert all(b": " in line for line in said.data.split(b"\r\n")[1:-1])


def test_a_flood_stops_when_the_client_goes_away(front: Front) -> None:
    """Of 100 MiB only what the client took is ever sent."""
    began = time.monotonic()
    meet(front, HeaderFlood(), enough=MIB)
    assert front.wait_idle(5)
    assert front.seen[0].cut
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("shape", ["page", "search"])
def test_a_flood_of_a_body_is_valid_and_has_its_length(front: Front, shape: Any) -> None:
    """The answer is what the contract allows, only large."""
    said = meet(front, BodyFlood(2 * MIB, shape), patience=20, enough=whole())
    assert len(said.body) == 2 * MIB
    name = {"page": "memory-page", "search": "search-response"}[shape]
    document = json.loads(said.body)
    assert validator(name).errors(document) == []
    assert len(document["items" if shape == "page" else "results"]) > 400


def test_junk_is_no_json(front: Front) -> None:
    """The flood of junk cannot be parsed."""
    assert set(meet(front, BodyFlood(1000, "junk"), enough=whole()).body) == {0xFF}


def test_a_late_answer_comes_late(front: Front) -> None:
    """Nothing for a while, then the answer; the connection can be used again."""
    front.script(lambda _: Late(0.3, json_reply(200, {})))
    with connected(front.url) as sock:
        for _ in range(2):
            sock.sendall(GET)
            heard = listened(sock, enough=whole())
            assert heard.pieces[0][0] >= 0.28
            assert heard.data.endswith(b"{}")
    assert len(front.connections) == 1


def test_closing_the_front_ends_every_fault_at_once() -> None:
    """A hang of two minutes ends with the block."""
    with Front() as front:
        front.script(lambda _: Hang())
        socks = [connected(front.url) for _ in range(5)]
        for sock in socks:
            sock.sendall(GET)
        assert front.wait_until(lambda seen: len(seen) == 5)
        began = time.monotonic()
    assert time.monotonic() - began < 3
    assert [seen.cut for seen in front.seen] == [False] * 5  # the front went, not the clients
    for sock in socks:
        sock.close()


def test_every_name_of_the_catalogue_makes_an_answer_of_one_sentence() -> None:
    """Names are unique, summaries are sentences, and each fault can be made."""
    assert len(FAULTS) > 40
    for name, fault in FAULTS.items():
        assert fault.name == name
        assert fault.summary.endswith(".")
        assert isinstance(fault(), Answer)


@pytest.mark.parametrize("name", [name for name in FAULTS if name[:3].isdigit()])
def test_an_error_status_of_the_catalogue_is_a_problem_of_the_contract(front: Front, name: str) -> None:
    """What the front says in place of a server is what a good server would say."""
    front.script(lambda _: FAULTS[name]())
    answer = httpx.get(f"{front.url}/v1/memories/x", trust_env=False)
    assert answer.status_code == int(name[:3])
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert validator("problem").errors(answer.json()) == []
    assert answer.json()["status"] == answer.status_code
    assert ("WWW-Authenticate" in answer.headers) == (answer.status_code == 401)


def test_retry_after_has_every_form(front: Front) -> None:
    """Absent, seconds, a date not before the time meant, absurd, and nonsense."""
    waits = {}
    for name in ("429", "429-seconds", "429-date", "429-absurd", "429-nonsense", "503-seconds"):
        front.script(lambda _, name=name: FAULTS[name]())  # type: ignore[misc]
        waits[name] = httpx.get(f"{front.url}/v1/health", trust_env=False).headers.get("Retry-After")
    assert waits["429"] is None
    assert (waits["429-seconds"], waits["503-seconds"]) == ("1", "1")
    assert parsedate_to_datetime(waits["429-date"]).year >= 2026
    assert (retry_after(waits["429-absurd"]) or 0) > 1e8
    assert retry_after(waits["429-nonsense"]) is None


@pytest.mark.parametrize(
    ("name", "status", "media_type"),
    [
        ("html", 200, "text/html; charset=utf-8"),
        ("html-502", 502, "text/html; charset=utf-8"),
        ("truncated-json", 200, "application/json"),
        ("empty-body", 200, "application/json"),
        ("no-object", 200, "application/json"),
        ("redirect", 302, None),
    ],
)
def test_a_whole_but_wrong_answer(front: Front, name: str, status: int, media_type: str | None) -> None:
    """The wrong replies are complete HTTP; what is wrong is in them, and none is an object of the contract."""
    front.script(lambda _: FAULTS[name]())
    answer = httpx.get(f"{front.url}/v1/memories/x", trust_env=False)
    assert (answer.status_code, answer.headers.get("Content-Type")) == (status, media_type)
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    try:
        assert not isinstance(json.loads(answer.content), dict)
    except ValueError:
        assert name != "no-object"
