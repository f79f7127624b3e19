"""The cleanup: everything of the run's own, nothing of anybody else's, and no end of patience with nobody."""

from __future__ import annotations

import itertools
import json
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from memconform.capabilities import Capabilities
from memconform.cleanup import clean
from memconform.exchange import Exchange, Received, Sent
from memconform.http import TimedOut
from memconform.ledger import Ledger
from memconform.memory_api import Principal

URL = "http://127.0.0.1:1"
OURS = {"user_id": "mcf-0123abcd_1_0"}
Answer = Callable[[Sent], tuple[int, Any]]


class Scripted:
    """A wire that answers by a function and remembers what was asked; status 0 is no answer."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[Sent] = []
        self.target = type("Target", (), {"url": URL, "headers": ()})()
        self._lock = threading.Lock()

    def send(self, sent: Sent, *_: object) -> tuple[Exchange, Received]:
        """Answer."""
        with self._lock:
            self.asked.append(sent)
        status, body = self.answer(sent)
        if status == 0:
            raise TimedOut("no complete answer", Exchange(sent, None, 0, 0))
        received = Received(status, (), json.dumps(body).encode())
        return Exchange(sent, received, 0, 0), received

    def deleted(self) -> list[str]:
        """Return the ids that were asked to be deleted."""
        return sorted(sent.url.rsplit("/", 1)[-1] for sent in self.asked if sent.method == "DELETE")


def cleaned(
    tmp_path: Path, answer: Answer, ids: tuple[str, ...] = (), scopes: int = 1, declared: dict[str, Any] | None = None
) -> tuple[Scripted, list[Any]]:
    """Clean up after a run with these ids and so many scopes; return the wire and what was left behind."""
    ledger = Ledger(tmp_path / "0123abcd.jsonl", URL)
    for _ in range(scopes):
        ledger.note_scope("first", OURS)
    for each in ids:
        ledger.note_id("first", each)
    wire, capabilities = Scripted(answer), Capabilities(declared or {})
    leaks = clean(wire, {"first": Principal("first")}, ledger, capabilities)  # type: ignore[arg-type]  # a wire without a network
    ledger.close(done=True)
    return wire, leaks


def page(*scopes: Any) -> Answer:
    """Return a server that lists these scopes, a memory each, whatever is asked, and deletes what it is told to."""
    items = [{"id": str(number), "scope": scope} for number, scope in enumerate(scopes)]
    return lambda sent: (204, None) if sent.method == "DELETE" else (200, {"items": items, "next_cursor": None})


def test_only_what_carries_this_runs_mark_is_deleted(tmp_path: Path) -> None:
    """What a list shows besides, of other runs, of users named alike, or of nobody, stays."""
    others = [{"user_id": "mcf-ffffffff_1_0"}, {"user_id": "somebody"}, {"user_id": "mcf-0123abc"}, {"user_id": "mcf-"}]
    strange: list[Any] = [None, "mcf-0123abcd", ["mcf-0123abcd"], {}]
    wire, leaks = cleaned(tmp_path, page(OURS, {**OURS, "app_id": "x"}, *others, *strange))
    assert wire.deleted() == ["0", "1"]
    assert leaks == []


def test_what_a_deletion_brings_back_is_deleted_too(tmp_path: Path) -> None:
    """What was superseded is listed again once its successor is gone: the scope is walked until it is empty."""
    alive = ["old", "middle", "new"]

    def answer(sent: Sent) -> tuple[int, Any]:
        if sent.method == "DELETE":
            alive.remove(sent.url.rsplit("/", 1)[-1])
            return 204, None
        return 200, {"items": [{"id": each, "scope": OURS} for each in alive[-1:]], "next_cursor": None}

    wire, leaks = cleaned(tmp_path, answer)
    assert wire.deleted() == ["middle", "new", "old"]
    assert (alive, leaks) == ([], [])


def test_what_is_gone_is_no_leak(tmp_path: Path) -> None:
    """A memory that the test deleted, or that expired, is 404 now."""
    wire, leaks = cleaned(
        tmp_path, lambda sent: (404, {}) if sent.method == "DELETE" else (200, {"items": []}), ("a", "b")
    )
    assert wire.deleted() == ["a", "b"]
    assert leaks == []


def test_a_silent_server_is_not_asked_for_ever(tmp_path: Path) -> None:
    """After a few requests without an answer the rest is reported as left behind, unasked."""
    wire, leaks = cleaned(tmp_path, lambda _: (0, None), tuple(str(number) for number in range(200)), scopes=50)
    assert len(leaks) == 200
    assert len(wire.asked) < 10


@pytest.mark.parametrize("status", [401, 403, 500, 503, 0])
def test_a_scope_that_cannot_be_looked_into_is_a_leak(tmp_path: Path, status: int) -> None:
    """A killed run's ledger may know scopes only; with the wrong key the cleanup must not report success."""
    _, leaks = cleaned(tmp_path, lambda _: (status, {}))
    assert [leak["scope"] for leak in leaks] == [OURS]


@pytest.mark.parametrize("status", [400, 404, 413, 422])
def test_a_scope_that_the_server_refuses_holds_nothing(tmp_path: Path, status: int) -> None:
    """Scopes that were made to be refused are no leak."""
    _, leaks = cleaned(tmp_path, lambda _: (status, {}))
    assert leaks == []


@pytest.mark.parametrize(
    "body", [[], {"items": None}, {"items": [None, 1, "x"]}, {"items": [{}], "next_cursor": {}}, None]
)
def test_damaged_lists_break_nothing(tmp_path: Path, body: Any) -> None:
    """Whatever a list looks like, the cleanup ends."""
    wire, _ = cleaned(tmp_path, lambda _: (200, body))
    assert len(wire.asked) < 30


def test_a_list_without_an_end_ends(tmp_path: Path) -> None:
    """A cursor that never becomes null is followed for so many pages only."""
    wire, _ = cleaned(tmp_path, lambda _: (200, {"items": [], "next_cursor": "again"}))
    assert len(wire.asked) < 30


def test_ctrl_c_ends_the_cleanup_at_once(tmp_path: Path) -> None:
    """Ctrl-C while the server holds the cleanup up with 429 ends it within a second, and the leak says why."""
    press = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    requests = itertools.count()

    def answer(_: Sent) -> tuple[int, Any]:
        if next(requests) == 0:  # not sooner: Ctrl-C outside of the cleanup would end the run of these tests
            press.start()
        return 429, None

    began = time.monotonic()
    _, leaks = cleaned(tmp_path, answer, ids=tuple(map(str, range(50))))
    assert leaks == [{"why": "the cleanup was interrupted (Ctrl-C)"}]
    assert time.monotonic() - began < 5


BATCHES = {"profiles": ["core", "batch"], "limits": {"batch": 40}}


def batched(sent: Sent) -> list[str]:
    """Return the ids that a batch deletes."""
    return [operation["id"] for operation in json.loads(sent.body)["operations"]]


@pytest.mark.parametrize(
    ("limits", "batches"), [({"batch": 40}, [40, 40, 20]), ({"batch": 40, "request_bytes": 700}, None)]
)
def test_batches_delete_many_at_a_time(tmp_path: Path, limits: dict[str, int], batches: list[int] | None) -> None:
    """Where batch is declared, everything is deleted in batches within the limits, and nothing singly."""

    def answer(sent: Sent) -> tuple[int, Any]:
        if sent.method == "POST":
            assert len(sent.body) <= limits.get("request_bytes", 1 << 20)
            return 200, {"results": [{"index": at, "status": 204} for at in range(len(batched(sent)))]}
        return 200, {"items": [], "next_cursor": None}

    ids = tuple(f"{number:03}" for number in range(100))
    wire, leaks = cleaned(tmp_path, answer, ids, declared={**BATCHES, "limits": limits})
    posts = [batched(sent) for sent in wire.asked if sent.method == "POST"]
    assert sorted(each for post in posts for each in post) == list(ids)
    assert batches is None or [len(post) for post in posts] == batches
    assert (wire.deleted(), leaks) == ([], [])


def test_what_a_batch_did_not_delete_is_deleted_singly(tmp_path: Path) -> None:
    """An item with another status, or with none, is tried by itself; 404 is as good as gone."""

    def answer(sent: Sent) -> tuple[int, Any]:
        if sent.method == "POST":
            statuses = [{"index": 0, "status": 204}, {"index": 1, "status": 500}, {"index": 2, "status": 404}]
            return 200, {"results": statuses}
        return (204, None) if sent.method == "DELETE" else (200, {"items": [], "next_cursor": None})

    wire, leaks = cleaned(tmp_path, answer, ("a", "b", "c", "d"), declared=BATCHES)
    assert wire.deleted() == ["b", "d"]
    assert leaks == []


@pytest.mark.parametrize("refusal", [(500, {}), (404, {}), (200, {"results": "none"}), (200, None), (0, None)])
def test_without_good_batches_it_is_done_one_by_one(tmp_path: Path, refusal: tuple[int, Any]) -> None:
    """A server that does not do the first batch is not asked for another one."""

    def answer(sent: Sent) -> tuple[int, Any]:
        if sent.method == "POST":
            return refusal
        return (204, None) if sent.method == "DELETE" else (200, {"items": [], "next_cursor": None})

    ids = tuple(f"{number:03}" for number in range(100))
    wire, leaks = cleaned(tmp_path, answer, ids, declared=BATCHES)
    assert sum(sent.method == "POST" for sent in wire.asked) == 1
    assert wire.deleted() == list(ids)
    assert leaks == []


def test_only_scopes_that_still_hold_something_are_looked_into(tmp_path: Path) -> None:
    """Where erasure is declared, the server's scopes say what is left; those of others are passed over."""
    held = [{"scope": scope, "memories": 1} for scope in ({"user_id": "anna"}, OURS, {"user_id": "mcf-ffffffff_1_0"})]

    def answer(sent: Sent) -> tuple[int, Any]:
        if sent.method == "DELETE":
            return 204, None
        if "/v1/scopes" in sent.url:
            return 200, {"items": held, "next_cursor": None}
        return 200, {"items": [{"id": "left", "scope": OURS}], "next_cursor": None}

    wire, leaks = cleaned(tmp_path, answer, scopes=50, declared={"profiles": ["core", "erasure"]})
    assert wire.deleted() == ["left"]
    assert len(wire.asked) == 4  # the scopes, the list of the one, its memory, the list again
    assert leaks == []


@pytest.mark.parametrize("scopes", [(404, {}), (200, {}), (200, {"items": [], "next_cursor": "again"})])
def test_scopes_that_the_server_does_not_tell_are_all_looked_into(tmp_path: Path, scopes: tuple[int, Any]) -> None:
    """Without a whole answer each scope of the run is walked, as where erasure is not declared."""

    def answer(sent: Sent) -> tuple[int, Any]:
        if "/v1/scopes" in sent.url:
            return scopes
        return 200, {"items": [], "next_cursor": None}

    wire, _ = cleaned(tmp_path, answer, scopes=5, declared={"profiles": ["core", "erasure"]})
    assert sum("/v1/memories?" in sent.url for sent in wire.asked) == 5
