"""Ctrl-C, SIGTERM and a closed terminal, for real: what was measured is kept, and what was started is ended."""

from __future__ import annotations

import json
import os
import pty
import shlex
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import psutil
import pytest

from memconform_load.interrupting import Interruption

SERVE = f"{shlex.quote(sys.executable)} -m memconform serve --no-access-log --port {{port}}"
LONG = ("--rate", "20", "--users", "5", "--duration", "60s", "--set", "model=0.05")
SECONDS = 60
PRESSABLE = """
import fcntl, signal, sys, termios
if sys.stdin.isatty():
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # the terminal is this session's own, as after a login
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell in the background ignores it
from memconform.cli import main
main(prog_name="memconform")
"""


def load(folder: Path, *words: str) -> list[str]:
    """Return the words of a load test of a minute whose server is started for it."""
    files = ("--json", str(folder / "result.json"), "--markdown", str(folder / "result.md"))
    return [
        sys.executable,
        "-c",
        PRESSABLE,
        "load",
        "run",
        "--start",
        f"{SERVE} --data {folder}/m.db",
        *LONG,
        *files,
        *words,
    ]


def measured(said: IO[str] | None) -> str:
    """Read what a command says until it measures, and return that."""
    heard = ""
    for line in said or ():
        heard += line
        if "calls/s" in line:
            return heard
    raise AssertionError(heard)


def result_of(folder: Path) -> dict[str, Any]:
    """Return the result; it is one that was interrupted, and has calls."""
    result: dict[str, Any] = json.loads((folder / "result.json").read_text())
    assert result["verdict"]["word"] == "interrupted"
    assert "interrupted before its end" in " ".join(result["verdict"]["reasons"])
    assert 0 < result["counts"]["completed"] < 20 * SECONDS
    assert 0 < result["load_s"] < SECONDS
    assert "interrupted" in (folder / "result.md").read_text()
    return result


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_what_was_measured_is_kept(tmp_path: Path, own_state: Path, number: signal.Signals) -> None:
    """Exit code 3, the result as JSON and Markdown, nothing left to clean up, and nothing of it runs any more."""
    command = subprocess.Popen(load(tmp_path), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    measured(command.stderr)
    below = psutil.Process(command.pid).children(recursive=True)
    assert len(below) >= 2  # the server and Locust
    command.send_signal(number)
    out, said = command.communicate(timeout=SECONDS)
    assert command.returncode == 3, said
    assert out.startswith("INTERRUPTED – ")
    assert "Traceback" not in said
    assert result_of(tmp_path)["warnings"] == []
    assert psutil.wait_procs(below, timeout=5)[1] == []
    assert list(own_state.glob("*.jsonl")) == []


def test_a_closed_terminal_costs_nothing(tmp_path: Path) -> None:
    """With two workers on a terminal that goes away: nobody reads any more, and the result has both shares."""
    terminal, its_end = pty.openpty()
    words = load(tmp_path, "--workers", "2")
    command = subprocess.Popen(words, stdin=its_end, stdout=its_end, stderr=its_end, start_new_session=True)
    os.close(its_end)
    with os.fdopen(terminal, "rb", buffering=0) as screen:
        heard = b""
        while heard.count(b"\r\x1b[K  0:0") < 4:  # a line a second
            heard += screen.read(4096)
    below = psutil.Process(command.pid).children(recursive=True)
    with suppress(ProcessLookupError):
        os.kill(command.pid, signal.SIGHUP)  # as the shell does, beside the kernel
    assert command.wait(timeout=SECONDS) == 3
    workers = result_of(tmp_path)["workers"]
    assert [worker["state"] for worker in workers] == ["finished", "finished"]
    assert all(worker["completed"] for worker in workers)
    assert psutil.wait_procs(below, timeout=5)[1] == []


def test_before_anything_was_measured_there_is_no_result(tmp_path: Path) -> None:
    """Exit code 3 and a sentence, no traceback, where the signal comes while Locust starts."""
    command = subprocess.Popen(load(tmp_path), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    until = time.monotonic() + SECONDS
    while len(psutil.Process(command.pid).children()) < 2 and time.monotonic() < until:
        time.sleep(0.005)
    command.send_signal(signal.SIGTERM)
    _, said = command.communicate(timeout=SECONDS)
    assert command.returncode == 3, said
    assert "Traceback" not in said
    assert "interrupted before the load began" in said or "interrupted: waiting" in said


def test_a_search_and_a_comparison_tell_what_is_known(tmp_path: Path) -> None:
    """`capacity` answers and keeps a document, `compare` says that there are too few runs; all is ended."""
    start = ("--start", f"{SERVE} --data {tmp_path}/m.db", "--users", "5")
    found, kept = tmp_path / "found.json", tmp_path / "kept.json"
    commands = {
        signal.SIGHUP: ("capacity", *start, "--rate", "10", "--duration", "20s", "--json", str(found)),
        signal.SIGTERM: ("compare", *start, "--rate", "10", "--duration", "20s", "--save-baseline", str(kept)),
    }
    said = {}
    for number, words in commands.items():
        command = subprocess.Popen(
            [sys.executable, "-c", PRESSABLE, *words], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        measured(command.stderr)
        below = psutil.Process(command.pid).children(recursive=True)
        command.send_signal(number)
        said[words[0]] = "".join(command.communicate(timeout=SECONDS))
        assert command.returncode == 3, said
        assert psutil.wait_procs(below, timeout=5)[1] == []
    assert "It was interrupted before more was known." in said["capacity"]
    assert json.loads(found.read_text())["cut_short"]
    assert "interrupted before there were two runs of each" in said["compare"]
    assert not kept.exists()


def test_several_signals_of_a_moment_are_one() -> None:
    """The terminal and the shell both send one: the second must not cut the cleaning up short; a later one may."""
    sleeper = (
        "import signal, sys, time\nsignal.signal(2, lambda *_: print('heard', flush=True))\nprint('up', flush=True)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", f"{sleeper}\nwhile True: time.sleep(0.05)"], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    with Interruption() as interruption, interruption.reaches(process):
        for number in (signal.SIGHUP, signal.SIGHUP, signal.SIGTERM):
            os.kill(os.getpid(), number)
        assert process.stdout.readline() == b"heard\n"
        time.sleep(1.1)
        os.kill(os.getpid(), signal.SIGTERM)
        assert process.stdout.readline() == b"heard\n"
    process.kill()
    assert process.communicate()[0] == b""
    assert interruption.happened
