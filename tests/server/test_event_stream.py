"""GET /v1/events: every change as a CloudEvent, live and resumable, and nothing that holds up the server."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from tests.server.following import added, erased, settled, streamed

from memconform.contract import validator

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import httpx


def operations(events: list[Any]) -> list[str]:
    """Return what the events say happened."""
    return [event["data"]["operation"] for event in events]


def of_length(number: int) -> Callable[[list[Any]], bool]:
    """Tell when that many events are there."""
    return lambda events: len(events) >= number


def test_every_change_is_an_event(alice: httpx.Client, bob: httpx.Client, user: dict[str, str]) -> None:
    """In order, valid, with the version that it led to, without content; other principals and scopes are not in it."""
    memory = added(alice, user, "canary")
    added(alice, {"user_id": user["user_id"] + "!"})
    added(bob, user)
    alice.patch(f"/v1/memories/{memory['id']}", json={"content": "canary 2"})
    newer = added(alice, {**user}, "canary 3", supersedes=[memory["id"]])
    alice.delete(f"/v1/memories/{newer['id']}")
    alice.put("/v1/keyed", params={**user, "key": "k"}, json={"content": "canary 4"})
    alice.put("/v1/keyed", params={**user, "key": "k"}, json={"content": "canary 5"})
    events = streamed(alice, user, of_length(8))
    for event in events:
        assert list(validator("event").errors(event)) == []
        assert event["subject"] == event["data"]["memory_id"]
        assert event["type"] == f"io.memory-api.memory.{event['data']['operation']}.v1"
    assert "canary" not in str(events)
    own = [event for event in events if event["subject"] == memory["id"]]
    assert operations(own) == ["add", "update", "supersede", "restore"]
    assert [event["data"]["version"] for event in own] == [1, 2, 3, 4]
    assert sorted(operations([e for e in events if e not in own])) == ["add", "add", "delete", "replace"]
    assert len({event["id"] for event in events}) == 8


def test_a_stream_is_live(alice: httpx.Client, user: dict[str, str]) -> None:
    """What happens while somebody reads arrives within a moment."""
    seen: list[list[Any]] = []
    reader = threading.Thread(target=lambda: seen.append(streamed(alice, user, of_length(3))))
    reader.start()
    for number in range(3):
        time.sleep(0.1)
        added(alice, user, f"live {number}")
    written = time.monotonic()
    reader.join(5)
    assert operations(seen[0]) == ["add"] * 3
    assert time.monotonic() - written < 2


def test_a_reader_goes_on_where_it_was(alice: httpx.Client, user: dict[str, str]) -> None:
    """`after` and `Last-Event-ID` both miss nothing and repeat nothing; the header field is the newer word."""
    for number in range(5):
        added(alice, user, f"fact {number}")
    events = streamed(alice, user, of_length(5))
    for at in range(4):
        rest = events[at + 1 :]
        place = events[at]["id"]
        assert streamed(alice, user, of_length(len(rest)), params={"after": place}) == rest
        assert streamed(alice, user, of_length(len(rest)), headers={"Last-Event-ID": place}) == rest
        both: dict[str, Any] = {"params": {"after": events[0]["id"]}, "headers": {"Last-Event-ID": place}}
        assert streamed(alice, user, of_length(len(rest)), **both) == rest


def test_a_place_survives_erasure_and_restart(run_server: Callable[..., Any], tmp_path: Path) -> None:
    """A reader goes on after an event that was erased since; what was erased is one event, and without content."""
    user = {"user_id": "canary"}
    server = run_server("--data", tmp_path / "m.db")
    with server.client() as client:
        memory = added(client, user, "canary")
        client.patch(f"/v1/memories/{memory['id']}", json={"content": "canary 2"})
        place = streamed(client, user, of_length(2))[-1]["id"]
        erased(client, user)
    server.kill()
    with run_server("--data", tmp_path / "m.db").client() as client:
        later = added(client, user, "later")
        for params in ({}, {"after": place}):
            events = streamed(client, user, of_length(2), params=params)
            assert [(event["subject"], event["data"]["operation"]) for event in events] == [
                (memory["id"], "erase"),
                (later["id"], "add"),
            ]


@pytest.mark.parametrize("after", ["unknown", "AAAA", "é", "x" * 5000])
def test_an_unknown_place_is_refused(alice: httpx.Client, user: dict[str, str], after: str) -> None:
    """400, by parameter and by header field, before a stream begins."""
    for options in (
        {"params": {**user, "after": after}},
        {"params": user, "headers": {"Last-Event-ID": after.encode()}},
    ):
        answer = alice.get("/v1/events", **options)
        assert (answer.status_code, answer.json()["type"]) == (400, "urn:memory-api:problem:unknown-event")


def test_a_place_is_its_principals(alice: httpx.Client, bob: httpx.Client, user: dict[str, str]) -> None:
    """Another principal's place, and one that was altered, are unknown."""
    added(alice, user)
    (event,) = streamed(alice, user, of_length(1))
    assert bob.get("/v1/events", params={**user, "after": event["id"]}).status_code == 400
    swapped = event["id"].swapcase()
    assert alice.get("/v1/events", params={**user, "after": swapped}).status_code == 400


@pytest.mark.parametrize("query", ["", "?user=u", "?user_id=u&limit=1", "?user_id=u&after="])
def test_wrong_parameters_are_refused(alice: httpx.Client, query: str) -> None:
    """A stream without a scope, or with a misspelt one, is 422."""
    assert alice.get(f"/v1/events{query}").status_code == 422


def test_head_does_not_stream(alice: httpx.Client, user: dict[str, str]) -> None:
    """HEAD has an end."""
    answer = alice.head("/v1/events", params=user)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")


def test_what_expires_is_told_of(alice: httpx.Client, user: dict[str, str]) -> None:
    """The sweeper works although nobody asks: the event comes within the granularity and a moment."""
    soon = time.time() + 1.2
    expires_at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(soon)) + f".{int(soon % 1 * 1000):03}Z"
    added(alice, user, "brief", expires_at=expires_at)
    assert operations(streamed(alice, user, of_length(2), within=6)) == ["add", "expire"]


def test_silence_is_kept_alive(alice: httpx.Client, user: dict[str, str]) -> None:
    """Comments show a reader that the stream lives, although nothing happens."""
    with alice.stream("GET", "/v1/events", params=user) as response:
        lines = response.iter_lines()
        began = time.monotonic()
        assert next(line for line in lines if line.startswith(": ")) == ": keep-alive"
        assert time.monotonic() - began < 6


def test_many_streams_leave_room_for_others(run_server: Callable[..., Any]) -> None:
    """With as many streams as are allowed the server answers as before; one more is 503; closed ones are free again."""
    server = run_server()
    host, port = server.url.removeprefix("http://").split(":")
    request = f"GET /v1/events?user_id=u HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()

    def opened() -> socket.socket:
        reader = socket.create_connection((host, int(port)), timeout=10)
        reader.sendall(request)
        return reader

    with server.client() as client:
        with ExitStack() as stack:
            readers = [stack.enter_context(opened()) for _ in range(100)]
            assert all(reader.recv(12) == b"HTTP/1.1 200" for reader in readers)
            refused = stack.enter_context(opened())
            assert refused.recv(12) == b"HTTP/1.1 503"
            began = time.monotonic()
            added(client, {"user_id": "u"})
            assert time.monotonic() - began < 5
            assert all(b"io.memory-api.memory.add.v1" in until_event(reader) for reader in readers)
        time.sleep(0.5)
        assert operations(streamed(client, {"user_id": "u"}, of_length(1))) == ["add"]
    assert server.stop() == 0
    assert not [line for line in server.log if '"failure"' in line or "Traceback" in line]


def until_event(reader: socket.socket) -> bytes:
    """Read until an event is there."""
    text = b""
    while b"data: " not in text or not text.rstrip(b"\r\n0").endswith(b"}"):
        chunk = reader.recv(4096)
        assert chunk, text
        text += chunk
    return text


def test_a_stop_ends_the_streams(run_server: Callable[..., Any]) -> None:
    """A graceful stop does not wait for readers: their streams end properly, and the process does, too."""
    server = run_server()
    with server.client() as client, client.stream("GET", "/v1/events?user_id=u") as response:
        lines = response.iter_lines()
        next(lines)
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 5
        assert [line for line in lines if line] == []
    assert not [line for line in server.log if '"failure"' in line or "Traceback" in line]


def test_an_ingestion_and_an_import_are_changes(alice: httpx.Client, bob: httpx.Client, user: dict[str, str]) -> None:
    """What came of messages is an `add`, what came in with a file is an `import`."""
    body = {"scope": user, "messages": [{"role": "user", "content": "I live in Lisbon."}]}
    settled(alice, alice.post("/v1/ingestions", json=body))
    assert operations(streamed(alice, user, of_length(1))) == ["add"]
    file = alice.get("/v1/export", params=user).content
    bob.post("/v1/import", content=file, headers={"Content-Type": "application/x-ndjson"}).raise_for_status()
    assert operations(streamed(bob, user, of_length(1))) == ["import"]
