"""Servers that die, hang, close and lie in the middle of a run: findings and open questions, never tracebacks."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from memconform.contract import validator
from memconform.serving import served

Misbehave = Callable[..., str]
SMOKE = ("--budget", "smoke")
SOME = (
    "--requirement",
    "CORE-04",
    "--requirement",
    "CORE-13",
    "--requirement",
    "CORE-05",
    "--requirement",
    "CORE-20",
    *SMOKE,
)


def test_a_server_that_dies_is_a_finding(memconform: Any, misbehave: Misbehave) -> None:
    """Exit 1, a finding that names the request it died of, an unfinished result, no traceback; the run stops."""
    ended = memconform.check(misbehave("dies", 20), *SMOKE)
    assert ended.code == 1, ended.said
    assert "Traceback" not in ended.said
    assert "a server that goes on answering" in ended.out
    assert "stopped early: the server stopped answering" in ended.out
    result = ended.result
    assert validator("conformance").errors(result) == []
    assert result["run"]["finished"] is False
    assert result["verdict"]["conformance"] == "not conformant"
    assert len(result["tests"]) < result["run"]["planned_tests"]
    assert [test["outcome"] for test in result["tests"]].count("fail") == 1
    assert any(row["outcome"] == "not_run" for row in result["requirements"])


def test_a_server_that_hangs_proves_nothing(memconform: Any, misbehave: Misbehave) -> None:
    """Exit 2 within a few time-outs, cleanup included, however much there is to clean up."""
    started = time.monotonic()
    ended = memconform.check(misbehave("hangs", 40), *SMOKE, "--timeout", "1")
    assert ended.code == 2, ended.said
    assert time.monotonic() - started < 20
    assert "the server hangs" in ended.out
    assert "Traceback" not in ended.said
    assert validator("conformance").errors(ended.result) == []
    assert (ended.result["run"]["finished"], ended.result["verdict"]["conformance"]) == (False, "incomplete")
    assert "left behind" in ended.out
    assert len(memconform.ledgers()) == 1


def test_connections_that_end_are_no_finding(memconform: Any, misbehave: Misbehave) -> None:
    """A server may close an idle connection at any time; nothing is held against it."""
    ended = memconform.check(misbehave("closes-connections"), *SOME)
    assert ended.code == 0, ended.said
    assert {test["outcome"] for test in ended.result["tests"]} == {"pass", "skip"}  # some need a larger budget


def test_a_refusal_for_a_moment_is_waited_out(memconform: Any, misbehave: Misbehave) -> None:
    """429 with Retry-After is honoured: the run takes the time and ends green."""
    started = time.monotonic()
    ended = memconform.check(misbehave("refuses-for-a-moment", 8), "--requirement", "CORE-13", *SMOKE)
    assert ended.code == 0, ended.said
    assert time.monotonic() - started > 1


def test_secrets_that_come_back_are_shown_to_nobody(memconform: Any, misbehave: Misbehave) -> None:
    """A server that echoes every header is found out, and no key and no header of the user's is in any output."""
    (memconform.folder / "second").write_text("hunter2-in-a-file\n")
    (memconform.folder / "junit.xml").touch()
    environment = {"TENANT_TOKEN": "hunter2-in-a-variable", "MEMCONFORM_API_KEY": memconform.keys[0]}
    url = misbehave("echoes-everything", 12)
    process = memconform.start(
        "check", url, "--json", "result.json", "--junit", "junit.xml", "--header", "X-Tenant: env:TENANT_TOKEN",
        "--requirement", "CORE-05", "--requirement", "CORE-13", "--requirement", "CORE-27", *SMOKE,
        environment=environment,
    )  # fmt: skip
    listed = ""
    while process.poll() is None:
        listed += subprocess.run(
            ["ps", "-ww", "-o", "args=", "-g", str(process.pid)], capture_output=True, text=True
        ).stdout
        time.sleep(0.05)
    ended = memconform.end(process)
    assert ended.code == 1, ended.said
    assert "the credentials in the body" in str(ended.result)
    assert "[redacted]" in ended.out
    assert "memory-url" in listed
    everything = (
        ended.said
        + listed
        + "".join(
            path.read_text()
            for path in memconform.folder.rglob("*")
            if path.is_file() and path.suffix in (".json", ".xml", ".jsonl")
        )
    )
    assert "X-Tenant" in everything
    for secret in (memconform.keys[0], "hunter2-in-a-variable"):
        assert secret not in everything
        assert secret[:12] not in everything


def test_headers_and_key_files_reach_the_server(memconform: Any, misbehave: Misbehave) -> None:
    """A key from a file lets the run in."""
    (memconform.folder / "first").write_text(memconform.keys[0] + "\n")
    (memconform.folder / "second").write_text(memconform.keys[1] + "\n")
    ended = memconform.check(
        misbehave("none"), "--api-key-file", "first", "--second-api-key-file", "second", "--requirement", "TENANCY-03",
        *SMOKE, environment={"MEMCONFORM_API_KEY": "", "MEMCONFORM_SECOND_API_KEY": ""},
    )  # fmt: skip
    assert ended.code == 0, ended.said


def test_the_rate_is_kept(memconform: Any, reference: str) -> None:
    """Twenty requests a second are no more than twenty, over the whole run."""
    ended = memconform.check(reference, "--rate", "20", *SOME)
    assert ended.code == 0, ended.said
    run = ended.result["run"]
    assert run["requests"]["total"] > 20
    assert run["seconds"] >= (run["requests"]["total"] - 1) / 20  # how even the starts are: test_wire.py


# Own data only.


def interrupted(memconform: Any, url: str, database: Path, number: signal.Signals, *words: str) -> Any:
    """Begin a slow run, wait until it has stored something, and send its process group a signal."""
    process = memconform.start("check", url, "--json", "result.json", *SMOKE, "--rate", "60", *words)
    until = time.monotonic() + 30
    while time.monotonic() < until and process.poll() is None:
        if memconform.ledgers() and memconform.stored(database) > 1:
            break
        time.sleep(0.02)
    assert process.poll() is None, memconform.end(process).said
    os.killpg(process.pid, number)
    return memconform.end(process)


def test_ctrl_c_ends_a_run_in_order(memconform: Any, misbehave: Misbehave, tmp_path: Path) -> None:
    """Ctrl-C gives exit 2, the verdict so far, a whole result, and leaves nothing on the server but what was there."""
    url = misbehave("none")
    memconform.keep(url, "somebody", "mine")
    ended = interrupted(memconform, url, tmp_path / "memories.db", signal.SIGINT)
    assert ended.code == 2, ended.said
    assert "stopped early: interrupted (Ctrl-C)" in ended.out
    assert "Traceback" not in ended.said
    assert validator("conformance").errors(ended.result) == []
    assert ended.result["run"]["finished"] is False
    assert ended.result["run"]["requests"]["cleanup"] > 0
    assert memconform.stored(tmp_path / "memories.db") == 1
    assert memconform.held(url, "somebody") == ["mine"]
    assert memconform.ledgers() == []


def test_a_killed_run_can_be_cleaned_up(memconform: Any, misbehave: Misbehave, tmp_path: Path) -> None:
    """After SIGKILL the ledger has everything, `memconform cleanup` lists the run and deletes exactly its data."""
    url = misbehave("none")
    memconform.keep(url, "somebody", "mine")
    memconform.keep(url, "mcf-ffffffff_1_0", "another run's")
    database = tmp_path / "memories.db"
    process = memconform.start("check", url, *SMOKE, "--rate", "60", "--requirement", "CORE-14")
    until = time.monotonic() + 30
    while time.monotonic() < until and not (memconform.ledgers() and memconform.stored(database) > 4):
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    memconform.end(process)
    left = memconform.stored(database)
    assert left > 2
    (ledger,) = memconform.ledgers()
    assert ledger.stem in memconform.run("cleanup").out
    for partial in (ledger.stem[:4], "*", ""):
        assert memconform.run("cleanup", "--run-id", partial).code == 2
    wrong = memconform.run("cleanup", "--run-id", ledger.stem, environment={"MEMCONFORM_API_KEY": "wrong-key"})
    assert wrong.code == 1
    assert memconform.ledgers() == [ledger]
    ended = memconform.run("cleanup", "--run-id", ledger.stem)
    assert ended.code == 0, ended.said
    assert memconform.stored(database) == 2
    assert memconform.held(url, "somebody") == ["mine"]
    assert memconform.ledgers() == []
    assert memconform.run("cleanup", "--run-id", ledger.stem).code == 2


def test_data_can_be_kept(memconform: Any, misbehave: Misbehave, tmp_path: Path) -> None:
    """--keep-data leaves what the run created."""
    ended = memconform.check(misbehave("none"), "--keep-data", "--requirement", "CORE-05", *SMOKE)
    assert ended.code == 0, ended.said
    assert ended.result["run"]["requests"]["cleanup"] == 0
    assert memconform.stored(tmp_path / "memories.db") > 0


def test_somebody_elses_memories_are_never_touched(memconform: Any, misbehave: Misbehave) -> None:
    """Also where lists show everybody's memories whatever the scope, the cleanup deletes the run's own only."""
    url = misbehave("lists-everything")
    for number in range(5):
        memconform.keep(url, "somebody", f"mine {number}")
    ended = memconform.check(url, "--requirement", "CORE-14", "--requirement", "CORE-13", *SMOKE)
    assert ended.code in (1, 2), ended.said
    assert len(memconform.held(url, "somebody")) == 5


@pytest.mark.parametrize("defect", ["matches-any-scope-member", "takes-a-missing-member-for-a-match"])
def test_somebody_elses_memories_survive_defects(memconform: Any, defect: str) -> None:
    """A server that breaks the scope law makes the cleanup see too much, and it still knows its own."""
    with served(["--defect", defect], {"MEMCONFORM_SERVER_API_KEYS": ",".join(memconform.keys)}) as url:
        memconform.keep(url, "somebody", "mine")
        memconform.keep(url, "mcf-ffffffff_1_0", "another run's")
        ended = memconform.check(url, "--requirement", "CORE-17", *SMOKE)
        assert ended.code == 1, ended.said
        assert memconform.held(url, "somebody") == ["mine"]
        assert memconform.held(url, "mcf-ffffffff_1_0") == ["another run's"]


def test_one_seed_gives_one_run(memconform: Any, reference: str) -> None:
    """Two runs with one seed give the same verdicts and the same number of requests, test by test."""
    words = ("--seed", "5", "--requirement", "CORE-06", "--requirement", "CORE-07", "--requirement", "CORE-17", *SMOKE)

    def told() -> list[tuple[str, str, int]]:
        ended = memconform.check(reference, *words)
        assert ended.code == 0, ended.said
        return [(test["test"], test["outcome"], test["requests"]) for test in ended.result["tests"]]

    assert told() == told()
