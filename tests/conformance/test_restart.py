"""The restart command is run as its user expects."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from memconform.scene.restart import RestartFailed, restart


def test_a_command_that_ends_well_is_silent(tmp_path: Path) -> None:
    """The shell runs the whole line."""
    restart(f"echo began && touch {tmp_path}/ran && true")
    assert (tmp_path / "ran").exists()


def test_a_failing_command_shows_what_it_said() -> None:
    """Exit code and the end of the output, both streams."""
    with pytest.raises(RestartFailed, match=r"exit code 3[^$]*no such server[^$]*really"):
        restart("echo no such server; echo really >&2; exit 3")


def test_a_daemon_is_not_waited_for(tmp_path: Path) -> None:
    """A child that stays behind with the output open neither holds the command up nor dies with it."""
    began = time.monotonic()
    restart(f"sleep 30 & echo $! > {tmp_path}/pid")
    daemon = int((tmp_path / "pid").read_text())
    os.kill(daemon, signal.SIGKILL)
    assert time.monotonic() - began < 10


def test_a_command_that_does_not_end_is_stopped() -> None:
    """It is killed with its children, and the message says what it should have done."""
    with pytest.raises(RestartFailed, match=r"within 0\.2 s; it must leave the server in the background[^$]*waiting"):
        restart("echo waiting; sleep 30", within_seconds=0.2)
