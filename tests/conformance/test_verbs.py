"""The verbs of the client: what each sends, what the scene-setting ones make of the answers, and bounded streams."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from memconform.http import Target, TimedOut, Wire
from memconform.ledger import Ledger
from memconform.memory_api import Events, MemoryApi, Principal
from memconform.recorder import Recorder
from memconform.verbs.bulk import MOST_LOOKS
from memconform.verdict import Inconclusive

from .recording_server import Recording, recording

ANN = {"user_id": "mcf-0123abcd.ä/1"}
QUERY = "user_id=mcf-0123abcd.%C3%A4%2F1"
MERGE, JSON, NDJSON = "application/merge-patch+json", "application/json", "application/x-ndjson"
Verb = Callable[[MemoryApi], Any]


@contextmanager
def client(folder: Path, **answer: Any) -> Iterator[tuple[MemoryApi, Recording]]:
    """Return a client and the record of what it sends."""
    with recording(**answer) as record:
        wire = Wire(Target(record.url, timeout=5))
        ledger = Ledger(folder / "0123abcd.jsonl", record.url)
        yield MemoryApi(wire, Recorder(100, lambda _: []), Principal("first", "secret"), ledger), record
        ledger.close(done=True)
        wire.close()


@pytest.mark.parametrize(
    ("call", "method", "target", "media_type", "body"),
    [
        (lambda m: m.patch("a/b", {"content": None}), "PATCH", "/v1/memories/a%2Fb", MERGE, {"content": None}),
        (lambda m: m.patch("a", {}, headers={"content-type": JSON}), "PATCH", "/v1/memories/a", JSON, {}),
        (lambda m: m.history("a/b", limit=2), "GET", "/v1/memories/a%2Fb/history?limit=2", None, None),
        (
            lambda m: m.set("k&\u0000", ANN, {"content": "x"}),
            "PUT",
            f"/v1/keyed?key=k%26%00&{QUERY}",
            JSON,
            {"content": "x"},
        ),
        (lambda m: m.get_keyed("é", ANN), "GET", f"/v1/keyed?key=%C3%A9&{QUERY}", None, None),
        (lambda m: m.unset("", ANN), "DELETE", f"/v1/keyed?key=&{QUERY}", None, None),
        (lambda m: m.batch([1]), "POST", "/v1/batch", JSON, {"operations": [1]}),
        (
            lambda m: m.ingest(ANN, [{"role": "user"}], metadata={"a": 1}),
            *("POST", "/v1/ingestions", JSON, {"scope": ANN, "messages": [{"role": "user"}], "metadata": {"a": 1}}),
        ),
        (lambda m: m.operation("../x"), "GET", "/v1/operations/..%2Fx", None, None),
        (lambda m: m.erase(ANN), "POST", "/v1/erasures", JSON, {"scope": ANN}),
        (lambda m: m.scopes(limit=1, cursor="ä"), "GET", "/v1/scopes?limit=1&cursor=%C3%A4", None, None),
        (lambda m: m.export(ANN), "GET", f"/v1/export?{QUERY}", None, None),
        (lambda m: m.import_([{"a": "ä"}, 2]), "POST", "/v1/import", NDJSON, '{"a": "ä"}\n2\n'.encode()),
        (lambda m: m.import_(b"\xff", "skip"), "POST", "/v1/import?on_conflict=skip", NDJSON, b"\xff"),
        (lambda m: m.summarise(ANN, max_chars=9), "POST", "/v1/summaries", JSON, {"scope": ANN, "max_chars": 9}),
        (
            lambda m: m.events(ANN, "e1", until=lambda _: True, within=1),
            *("GET", f"/v1/events?{QUERY}&after=e1", None, None),
        ),
    ],
)
def test_each_verb_sends_its_request(
    tmp_path: Path, call: Verb, method: str, target: str, media_type: str | None, body: Any
) -> None:
    """Method, target, media type and body are those of the contract, and the answer comes back unjudged."""
    with client(tmp_path, status=418) as (memory, record):
        answer = call(memory)
        assert (answer.answer if isinstance(answer, Events) else answer).status == 418
        sent = record.last
        assert sent[:2] == (method, target)
        assert sent[2].get("content-type") == media_type
        assert sent[2]["authorization"] == "Bearer secret"
        assert sent[3] == (b"" if body is None else body if isinstance(body, bytes) else sent[3])
        if isinstance(body, dict):
            assert json.loads(sent[3]) == body


def test_headers_go_along(tmp_path: Path) -> None:
    """Conditions and idempotency keys are given with any verb that takes them."""
    with client(tmp_path) as (memory, record):
        condition = {"If-Match": '"1"'}
        calls: list[Verb] = [
            lambda m: m.patch("a", {}, headers=condition),
            lambda m: m.set("k", ANN, {}, headers=condition),
            lambda m: m.get_keyed("k", ANN, headers=condition),
            lambda m: m.unset("k", ANN, headers=condition),
            lambda m: m.batch([], headers=condition),
            lambda m: m.ingest(ANN, [], headers=condition),
            lambda m: m.erase(ANN, headers=condition),
            lambda m: m.import_([], headers=condition),
        ]
        for call in calls:
            call(memory)
            assert record.last[2]["if-match"] == '"1"'
            assert b"If-Match" not in record.last[3]


def test_scene_verbs_prove_nothing_with_a_server_that_does_not_play_along(tmp_path: Path) -> None:
    """Whatever else it answers, the scene is not set: inconclusive, never a finding."""
    calls: list[Verb] = [
        lambda m: m.update("a", content="x"),
        lambda m: m.keep("k", ANN, "x"),
        lambda m: m.versions("a"),
        lambda m: m.settled(m.erase(ANN)),
        lambda m: m.erased(ANN),
        lambda m: m.exported(ANN),
    ]
    for status, body in ((500, b"{}"), (200, b"[]"), (202, b'{"id": 7}'), (200, b"no json")):
        with client(tmp_path, status=status, pieces=[(0.0, body)]) as (memory, _):
            for call in calls:
                with pytest.raises(Inconclusive):
                    call(memory)


def test_an_operation_that_does_not_end_is_given_up(tmp_path: Path) -> None:
    """It is looked at a bounded number of times, in a bounded time, and proves nothing."""
    running = json.dumps({"id": "o", "status": "running"}).encode()
    with client(tmp_path, status=202, pieces=[(0.0, running)]) as (memory, record):
        answer = memory.erase(ANN)
        record.status = 200
        began = time.monotonic()
        with pytest.raises(Inconclusive, match=r"has not ended within 0\.3 s"):
            memory.settled(answer, within_seconds=0.3)
        assert time.monotonic() - began < 3
        assert 2 <= len(record.requests) <= 1 + MOST_LOOKS


def test_pages_of_history_are_put_together(tmp_path: Path) -> None:
    """The walk follows the cursor to its end."""
    with client(tmp_path, pieces=[(0.0, b'{"items": [{"version": 1}], "next_cursor": null}')]) as (memory, record):
        assert memory.versions("a", limit=1) == [{"version": 1}]
        assert [request[1] for request in record.requests] == ["/v1/memories/a/history?limit=1"]


def event(number: int) -> bytes:
    """Return one event of a stream."""
    data = {"id": str(number), "data": {"memory_id": "m", "version": number, "operation": "update"}}
    return f"id: {number}\ndata: {json.dumps(data)}\n\n".encode()


STREAM = {"Content-Type": "text/event-stream"}


def test_a_stream_is_read_until_there_is_enough(tmp_path: Path) -> None:
    """The reader goes as soon as it has what it wants, though the server would go on; all that came is returned."""
    pieces = [(0.0, b": hello\n\n" + event(1)[:9]), (0.05, event(1)[9:] + event(2)), (0.05, event(3))]
    with client(tmp_path, headers=STREAM, pieces=pieces, stays_open=True) as (memory, record):
        began = time.monotonic()
        events = memory.events(ANN, last_event_id="0", until=lambda seen: len(seen) >= 2, within=10)
        assert time.monotonic() - began < 5
        assert [(each.id, each.memory_id, each.version, each.operation) for each in events] == [
            ("1", "m", 1, "update"),
            ("2", "m", 2, "update"),
        ]
        assert (len(events), events.last_id) == (2, "2")
        assert record.last[2]["last-event-id"] == "0"
        assert record.last[2]["accept"] == "text/event-stream"


@pytest.mark.parametrize("stays_open", [True, False], ids=["silence", "end"])
def test_silence_and_the_end_of_a_stream_are_no_errors(tmp_path: Path, stays_open: bool) -> None:
    """What came within the time is the answer, also when it is nothing; half an event is none."""
    for pieces, number in (([(0.0, event(1) + b"id: 2\ndata: x\n")], 1), ([], 0)):
        with client(tmp_path, headers=STREAM, pieces=pieces, stays_open=stays_open) as (memory, _):
            began = time.monotonic()
            events = memory.events(ANN, until=lambda _: False, within=0.4)
            assert len(events) == number
            assert time.monotonic() - began < 5
            assert events.answer.status == 200


def test_no_answer_at_all_is_a_time_out(tmp_path: Path) -> None:
    """Without even a status there is nothing to judge."""
    with client(tmp_path, status=100, headers={}, pieces=[], stays_open=True) as (memory, _), pytest.raises(TimedOut):
        memory.events(ANN, until=lambda _: True, within=0.3)


OURS, FOREIGN = {"user_id": "mcf-0123abcd.1"}, {"user_id": "somebody"}


@pytest.mark.parametrize(
    ("call", "status", "answer", "noted", "strays"),
    [
        (lambda m: m.set("k", OURS, {}), 201, {"id": "a", "scope": OURS}, {"old", "a"}, []),
        (lambda m: m.set("k", OURS, {}), 200, {"id": "a", "scope": FOREIGN}, {"old"}, ["a"]),
        (lambda m: m.unset("old", OURS), 204, None, {"old"}, []),
        (lambda m: m.patch("old", {}), 200, {"id": "b", "scope": OURS}, {"old"}, []),
        (lambda m: m.delete("old"), 204, None, set(), []),
        (lambda m: m.delete("old"), 404, None, {"old"}, []),
        (
            lambda m: m.batch([{"op": "add"}, {"op": "delete", "id": "old"}, 7, {"op": "update", "id": "x"}]),
            200,
            {
                "results": [
                    {"index": 0, "status": 201, "memory": {"id": "a", "scope": OURS}},
                    {"index": 1, "status": 204},
                    {"index": 2, "status": 422},
                    {"index": 3, "status": 200, "memory": {"id": "x", "scope": OURS}},
                    {"index": 99, "status": 204},
                    None,
                ]
            },
            {"a"},
            [],
        ),
        (
            lambda m: m.import_(
                [{"type": "manifest"}, *({"id": i, "scope": OURS} for i in "abc"), {"id": "d", "scope": FOREIGN}]
            ),
            200,
            {
                "records": [
                    {"id": i, "status": s}
                    for i, s in zip("abcd", ("created", "skipped", "overwritten", "created"), strict=True)
                ]
            },
            {"old", "a", "c"},
            [],
        ),
        (lambda m: m.batch([]), 200, [], {"old"}, []),
        (lambda m: m.import_(b"\xff\n{"), 200, {"records": 3}, {"old"}, []),
    ],
)
def test_the_ledger_knows_what_every_verb_created(
    tmp_path: Path, call: Verb, status: int, answer: Any, noted: set[str], strays: list[str]
) -> None:
    """Keyed, batched and imported memories are noted, deleted ones forgotten, other people's never written down."""
    body = b"" if answer is None else json.dumps(answer).encode()
    with client(tmp_path, status=status, pieces=[(0.0, body)]) as (memory, _):
        memory.ledger.note_id("first", "old")
        call(memory)
        assert memory.ledger.ids["first"] == noted
        assert [each for _, each in memory.ledger.strays] == strays
