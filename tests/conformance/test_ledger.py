"""The ledger survives what the run does not, and names nothing but what is the run's own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from memconform.exchange import Exchange, Received, Sent
from memconform.ledger import Ledger, ledger_files
from memconform.memory_api import MemoryApi, Principal
from memconform.recorder import Recorder, WireFinding
from memconform.settings import UsageError
from memconform.verdict import Inconclusive

URL = "http://127.0.0.1:1"


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep ledgers away from the user's."""
    monkeypatch.setenv("MEMCONFORM_STATE", str(tmp_path))
    return tmp_path


def test_what_was_written_is_read_back(state: Path) -> None:
    """Scopes and ids of both principals come back as they were, in any script."""
    ledger = Ledger(state / "0123abcd.jsonl", URL)
    scope = {"user_id": "mcf-0123abcd_1_0 Zoë\u2028\ud800", "app_id": "a\nb"}
    ledger.note_scope("first", scope)
    ledger.note_id("first", "a")
    ledger.note_id("second", "b")
    read = Ledger.read(ledger.path)
    assert (read.url, read.scopes, read.ids) == (URL, {"first": [scope]}, {"first": {"a"}, "second": {"b"}})
    ledger.close(done=True)
    assert not ledger.path.exists()


def test_a_kill_loses_nothing_that_was_noted(state: Path) -> None:
    """Each entry is on its way to the disk before the memory is created: SIGKILL loses none."""
    code = (
        "import os, signal; from pathlib import Path; from memconform.ledger import Ledger\n"
        f"ledger = Ledger(Path({str(state)!r}) / '0123abcd.jsonl', {URL!r})\n"
        "for number in range(50): ledger.note_id('first', str(number))\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", code])
    assert killed.returncode == -signal.SIGKILL
    assert len(Ledger.read(state / "0123abcd.jsonl").ids["first"]) == 50


def test_a_last_line_that_was_cut_is_passed_over(state: Path) -> None:
    """Wherever the file ends, what stands before it is read."""
    ledger = Ledger(state / "0123abcd.jsonl", URL)
    ledger.note_scope("first", {"user_id": "mcf-0123abcd_1_0"})
    ledger.note_id("first", "a")
    ledger.close(done=False)
    raw = ledger.path.read_bytes()
    for end in range(len(raw)):
        cut = state / "cut.jsonl"
        cut.write_bytes(raw[:end])
        assert Ledger.read(cut).ids in ({}, {"first": {"a"}})
    assert Ledger.read(ledger.path).ids == {"first": {"a"}}


def test_a_run_is_named_in_full(state: Path) -> None:
    """Half of a run's id names no run: its cleanup must not reach another's."""
    for name in ("0123abcd", "0123abcdgw0", "0123abcdgw1", "0123abce", "x0123abcd"):
        (state / f"{name}.jsonl").touch()
    assert [path.stem for path in ledger_files("0123abcd")] == ["0123abcd", "0123abcdgw0", "0123abcdgw1"]
    for partial in ("0", "0123abc", "", "*", "0123abc?"):
        assert ledger_files(partial) == []


def test_a_folder_that_cannot_be_written_is_told_before_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says which folder and which variable."""
    monkeypatch.setenv("MEMCONFORM_STATE", "/dev/null/x")
    with pytest.raises(UsageError, match="MEMCONFORM_STATE"):
        Ledger(Path("/dev/null/x/0123abcd.jsonl"), URL).prepare()


class Canned:
    """A wire that gives one answer to everything."""

    def __init__(self, status: int, body: object) -> None:
        self.received = Received(status, (), json.dumps(body).encode())
        self.target = type("Target", (), {"url": URL, "headers": ()})()

    def send(self, sent: Sent, *_: object) -> tuple[Exchange, Received]:
        """Answer."""
        return Exchange(sent, self.received, 0, 0), self.received


@pytest.mark.parametrize(
    ("status", "body", "noted"),
    [
        (201, {"id": "a", "scope": {"user_id": "mcf-0123abcd_1_0"}}, {"a"}),
        (200, {"id": "a", "scope": {"user_id": "mcf-0123abcd_1_0"}}, {"a"}),
        (201, {"id": "a"}, {"a"}),
        (201, {"id": 7, "scope": None}, {"7"}),
        (201, {"id": "a", "scope": {"user_id": "somebody"}}, set()),
        (201, {}, set()),
        (201, ["a"], set()),
        (422, {"id": "a"}, set()),
    ],
)
def test_the_ids_of_what_was_created_are_noted(state: Path, status: int, body: object, noted: set[str]) -> None:
    """Whatever an add created is noted; a memory of somebody else's that a server answers with never is."""
    ledger = Ledger(state / "0123abcd.jsonl", URL)
    recorder = Recorder(1, lambda _: [])
    memory = MemoryApi(Canned(status, body), recorder, Principal("first"), ledger)  # type: ignore[arg-type]  # a wire without a network
    memory.post({"content": "x"})
    assert ledger.ids.get("first", set()) == noted
    ledger.close(done=False)


def test_the_recorder_keeps_to_the_bound(state: Path) -> None:
    """The request after the last announced one is not sent, and what it means is that nothing is proven."""
    recorder = Recorder(3, lambda _: [])
    wire = Canned(200, {})
    memory = MemoryApi(wire, recorder, Principal("first"), Ledger(state / "x.jsonl", URL))  # type: ignore[arg-type]  # likewise
    for _ in range(3):
        memory.get("a")
    with pytest.raises(Inconclusive, match="more than the 3 requests"):
        memory.get("a")
    assert recorder.requests == len(recorder.exchanges) == 3


def test_the_recorder_judges_every_exchange() -> None:
    """What the judge says of an exchange is kept with it."""
    recorder = Recorder(9, lambda exchange: [WireFinding("CORE-28", "x", "y", exchange)])
    exchange = Exchange(Sent("GET", URL), None, 0, 0)
    recorder.keep(exchange)
    assert [finding.exchange for finding in recorder.findings] == [exchange]


def test_no_ledger_is_left_without_data() -> None:
    """A run that created nothing leaves no file."""
    path = Path(os.environ["MEMCONFORM_STATE"]) / "0123abcd.jsonl"
    ledger = Ledger(path, URL)
    ledger.prepare()
    ledger.close(done=True)
    assert list(path.parent.iterdir()) == []
