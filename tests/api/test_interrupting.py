"""Ctrl-C in the middle of `check_server`: the run ends, cleans up, and is told as what it is."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from memconform import reference_server

PLAIN = "check_server(URL, progress=told)"
IN_THREAD = "asyncio.run(asyncio.to_thread(check_server, URL, progress=told))"
PATIENCE = 60


@contextmanager
def checking(url: str, call: str) -> Iterator[subprocess.Popen[str]]:
    """Start a program that checks the server, in a process group of its own, and wait until some tests have ended."""
    program = textwrap.dedent(
        f"""
        import asyncio
        from memconform import check_server

        URL = {url!r}

        def told(each):
            if each.done == 8:
                print("under way", flush=True)

        {call}
        """
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "under way\n"
        yield process
    finally:
        with_rest = _children(process.pid)
        process.kill()
        process.communicate()
        for pid in with_rest:
            os.kill(pid, signal.SIGKILL)


def _children(pid: int) -> list[int]:
    """Return the processes in the session of a program, without itself."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split() if folder.name.isdigit() else []
        except OSError:
            continue
        if fields and int(fields[3]) == pid != int(folder.name) and fields[0] != "Z":
            found.append(int(folder.name))
    return found


def _stored(database: Path) -> int:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return int(connection.execute("SELECT count(*) FROM memories").fetchone()[0])


@pytest.mark.parametrize(
    ("call", "whole_group"),
    [(PLAIN, False), (PLAIN, True), (IN_THREAD, True)],
    ids=["signal", "terminal", "terminal-and-thread"],
)
def test_ctrl_c_leaves_nothing(call: str, whole_group: bool, tmp_path: Path, state: Path) -> None:
    """A signal to the program, or Ctrl-C on its terminal, which reaches the run as well: no memory, process, ledger."""
    data = tmp_path / "memories.db"
    with reference_server(data=data) as url, checking(url, call) as process:
        assert _children(process.pid)
        assert _stored(data) > 0
        (os.killpg if whole_group else os.kill)(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=PATIENCE)
        assert process.returncode == -signal.SIGINT, said
        assert "KeyboardInterrupt" in said
        assert _children(process.pid) == []
        assert _stored(data) == 0
    assert list(state.glob("*.jsonl")) == []


def test_a_second_ctrl_c_ends_the_cleanup(tmp_path: Path, state: Path) -> None:
    """Where the server hangs, nobody has to wait for it; what was left is told, and is still in the ledger."""
    data = tmp_path / "memories.db"
    with reference_server(data=data) as url, checking(url, "check_server(URL, progress=told, timeout=90)") as process:
        server = _serving(data)
        os.kill(server, signal.SIGSTOP)
        try:
            process.send_signal(signal.SIGINT)
            time.sleep(1.5)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=PATIENCE)
        finally:
            os.kill(server, signal.SIGCONT)
        assert process.returncode == -signal.SIGINT
        assert "memconform cleanup --run-id" in said
        assert _children(process.pid) == []
    assert len(list(state.glob("*.jsonl"))) == 1


def _serving(data: Path) -> int:
    """Return the process that serves from a data file."""
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if {b"serve", str(data).encode()} <= set(file.read_bytes().split(b"\0")):
                return int(file.parent.name)
    pytest.fail(f"no process serves from {data}")


def test_a_program_that_is_killed_leaves_nothing(tmp_path: Path, state: Path) -> None:
    """The run notices that nobody hears it any more, and cleans up by itself."""
    data = tmp_path / "memories.db"
    with reference_server(data=data) as url, checking(url, PLAIN) as process:
        process.kill()
        process.wait()
        until = time.monotonic() + PATIENCE
        while _children(process.pid) and time.monotonic() < until:
            time.sleep(0.1)
        assert _children(process.pid) == []
        assert _stored(data) == 0
    assert list(state.glob("*.jsonl")) == []
