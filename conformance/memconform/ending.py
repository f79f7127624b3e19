"""Ends a process that was started in a session of its own, with everything that came of it.

On Linux /proc tells who that is: whoever is in the session, and whoever inherited the mark, wherever `setsid` or a
daemon's second fork took it. Elsewhere it is the process group.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

MARK = "MEMCONFORM_STARTED"
"""The environment variable whose value marks a process and its descendants."""

_GRACE_S = 10.0
"""What a process and its children have from SIGTERM to SIGKILL."""
_DYING_S = 10.0
"""How long the kernel may take to let go of what was killed."""
_PAUSE_S = 0.05
_PROC = Path("/proc")
_DEAD = frozenset("ZXx")


def new_mark() -> dict[str, str]:
    """Return a variable for the environment of a process, by which its descendants are known later on."""
    return {MARK: uuid4().hex}


def end(popen: subprocess.Popen[bytes], mark: Mapping[str, str] | None = None) -> None:
    """Ask everything that came of the process to stop, and kill what is left; a shell that goes at once ends nothing.

    `mark` is what `new_mark` gave to its environment; without one only its session is looked at.
    """
    _send(signal.SIGTERM, popen, mark)
    until = time.monotonic() + _GRACE_S
    while _alive(popen, mark):
        if time.monotonic() > until:
            kill(popen, mark)
            return
        time.sleep(_PAUSE_S)


def kill(popen: subprocess.Popen[bytes], mark: Mapping[str, str] | None = None) -> None:
    """End all of it by SIGKILL, the group in one moment, and return when it is gone: files and sockets are closed."""
    until = time.monotonic() + _DYING_S
    while True:
        _send(signal.SIGKILL, popen, mark)  # each time: something may have been born meanwhile
        if not _alive(popen, mark) or time.monotonic() > until:
            break
        time.sleep(_PAUSE_S / 10)


def _send(number: signal.Signals, popen: subprocess.Popen[bytes], mark: Mapping[str, str] | None) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(popen.pid, number)
    for pid in _elsewhere(popen.pid, mark):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _alive(popen: subprocess.Popen[bytes], mark: Mapping[str, str] | None) -> bool:
    """Tell whether any is left that we may end; one that is dead and that nobody waits for is not."""
    if popen.poll() is None:
        return True
    if _PROC.joinpath("self", "stat").exists():
        return any(map(_reachable, _descendants(popen.pid, mark)))
    try:
        os.killpg(popen.pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _reachable(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _elsewhere(session: int, mark: Mapping[str, str] | None) -> Iterator[int]:
    """Yield those that a signal to the group does not reach."""
    for pid in _descendants(session, mark):
        with suppress(ProcessLookupError):
            if os.getpgid(pid) != session:
                yield pid


def _descendants(session: int, mark: Mapping[str, str] | None) -> Iterator[int]:
    """Yield who lives in the session, or has the mark; nobody where there is no /proc."""
    wanted = f"{MARK}={mark[MARK]}".encode() if mark else None
    for entry in _PROC.glob("[0-9]*"):
        pid = int(entry.name)
        try:
            state, _, _, its_session = (
                entry.joinpath("stat").read_text("utf-8", "replace").rpartition(")")[2].split()[:4]
            )
            if state in _DEAD or pid == os.getpid():
                continue
            if int(its_session) == session or (
                wanted and wanted in entry.joinpath("environ").read_bytes().split(b"\0")
            ):
                yield pid
        except (OSError, ValueError):  # it is gone, or another user's
            continue
