"""A process is ended with everything that came of it, wherever that went."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from memconform.ending import MARK, end, kill, new_mark

AWAY = """
import os, subprocess, sys, time
if sys.argv[1] == "daemon":  # two forks, a session of its own, and a parent that is gone
    if os.fork():
        os.wait(); time.sleep(600)
    os.setsid()
    if os.fork():
        os._exit(0)
else:
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    time.sleep(600)
open("daemon", "w").write(str(os.getpid()))
time.sleep(600)
"""
DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open("deaf", "w").close()
time.sleep(600)
"""
_SUBREAPER = 36
"""PR_SET_CHILD_SUBREAPER: this process takes orphans, and does not wait for them."""
linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="who came of a process is told by /proc")


def begun(folder: Path, mark: dict[str, str], *words: str) -> subprocess.Popen[bytes]:
    """Start Python in a session of its own."""
    return subprocess.Popen([sys.executable, *words], cwd=folder, env={**os.environ, **mark}, start_new_session=True)


def marked(mark: dict[str, str]) -> set[int]:
    """Return who has the mark, as /proc tells."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if f"{MARK}={mark[MARK]}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                found.add(int(entry.name))
        except OSError:
            continue
    return found


def sessions(mark: dict[str, str]) -> set[int]:
    """Return the sessions of those who have the mark."""
    found = set()
    for pid in marked(mark):
        with suppress(ProcessLookupError):
            found.add(os.getsid(pid))
    return found


def until(wanted: Callable[[], bool]) -> None:
    """Wait until something is so."""
    late = time.monotonic() + 30
    while not wanted():
        assert time.monotonic() < late
        time.sleep(0.02)


@linux
@pytest.mark.parametrize("how", [end, kill], ids=["end", "kill"])
@pytest.mark.parametrize("away", ["child", "daemon"])
def test_who_left_the_session_is_ended_too(tmp_path: Path, how: Callable[..., None], away: str) -> None:
    """A child that called setsid, and a daemon that nobody's parent is any more, are gone with the rest."""
    (tmp_path / "away.py").write_text(AWAY, encoding="utf-8")
    mark = new_mark()
    popen = begun(tmp_path, mark, "away.py", away)
    until(lambda: (tmp_path / "daemon").exists() if away == "daemon" else len(marked(mark)) == 2)
    until(lambda: sessions(mark) > {popen.pid})  # a child has its mark before it has its session
    how(popen, mark)
    assert marked(mark) == set()
    assert popen.returncode is not None


@linux
def test_others_are_let_alone(tmp_path: Path) -> None:
    """Another process with a mark of its own, and one without, live on."""
    words = ("-c", "import time; time.sleep(600)")
    other, stranger = begun(tmp_path, new_mark(), *words), begun(tmp_path, {}, *words)
    mark = new_mark()
    kill(begun(tmp_path, mark, *words), mark)
    assert (other.poll(), stranger.poll()) == (None, None)
    for each in (other, stranger):
        kill(each)
        assert each.returncode == -signal.SIGKILL


def test_who_does_not_listen_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGTERM first, and SIGKILL once its time is over."""
    monkeypatch.setattr("memconform.ending._GRACE_S", 0.5)
    popen = begun(tmp_path, {}, "-c", DEAF)
    until((tmp_path / "deaf").exists)
    began = time.monotonic()
    end(popen)
    assert popen.returncode == -signal.SIGKILL
    assert 0.4 < time.monotonic() - began < 10


@linux
def test_the_dead_are_not_waited_for(tmp_path: Path) -> None:
    """A child that nobody reaps, as in a container without an init, costs none of the time to finish."""
    code = (
        "import os, subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "open('pids', 'w').write(f'{os.getsid(0)} {child.pid}')\n"
        "os._exit(0)\n"
    )
    libc = ctypes.CDLL(None)
    assert libc.prctl(_SUBREAPER, 1, 0, 0, 0) == 0
    try:
        popen = begun(tmp_path, {}, "-c", code)
        popen.wait()
        until((tmp_path / "pids").exists)
        child = int((tmp_path / "pids").read_text().split()[1])
        began = time.monotonic()
        end(popen)
        assert time.monotonic() - began < 5
        assert Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        os.waitpid(child, 0)
    finally:
        libc.prctl(_SUBREAPER, 0, 0, 0, 0)


def test_ending_twice_is_no_error(tmp_path: Path) -> None:
    """What has ended already is left as it is."""
    popen = begun(tmp_path, {}, "-c", "pass")
    popen.wait()
    end(popen)
    kill(popen)
    assert popen.returncode == 0
