"""`check_server(start=…)`: the server is started, judged and ended; what goes wrong says who is to blame."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from memconform import Outcome, ServerUnreachable, UsageError, check_server
from memconform.listening import listens

PYTHON = shlex.quote(sys.executable)
SERVE = f"{PYTHON} -m memconform serve --no-access-log --port {{port}}"
ONE: dict[str, Any] = {"requirements": ["CORE-13"], "budget": "smoke"}
DURABLE: dict[str, Any] = {"requirements": ["CORE-26"], "budget": "smoke"}


def test_it_is_started_judged_and_ended(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """What it said is kept, nothing is printed, nothing listens afterwards; the result says how it was started."""
    log = tmp_path / "log" / "server.log"
    result = check_server(start=SERVE, start_log=log, **ONE)
    result.assert_conformant()
    assert "listening on" in log.read_text()
    assert capfd.readouterr() == ("", "")
    assert result.run.command.startswith("memconform check 'http://127.0.0.1:{port}'")
    address = next(word for word in log.read_text().split() if word.startswith("http"))
    assert not listens(address)


def test_it_may_be_killed_and_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CORE-26 is judged where `restart` allows it, and only there; the command runs in the current folder."""
    monkeypatch.chdir(tmp_path)
    start = f"{SERVE} --data memories.db"
    assert check_server(start=start, **DURABLE).requirement("CORE-26").outcome is Outcome.SKIP
    assert check_server(start=start, restart=True, **DURABLE).requirement("CORE-26").outcome is Outcome.PASS
    assert (tmp_path / "memories.db").exists()
    failed = check_server(start=f"{start} --defect forgets-on-restart", restart=True, **DURABLE)
    assert failed.requirement("CORE-26").outcome is Outcome.FAIL
    assert "--restart" in failed.failures[0].findings[0].again


def test_two_threads_have_a_server_each() -> None:
    """A thread can start one as well; each has its own port."""
    results = []

    def judge() -> None:
        results.append(check_server(start=SERVE, **ONE))

    threads = [threading.Thread(target=judge) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [result.conformant for result in results] == [True, True]


def test_one_that_does_not_come_up_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last words are told, without the keys that it prints; the argument is named, not the option."""
    monkeypatch.setenv("MEMCONFORM_API_KEY", "sk-not-to-be-seen")
    with pytest.raises(ServerUnreachable, match=r"(?s)exit code 3.*\[redacted\].*Run the command by hand") as ended:
        check_server(start="echo $MEMCONFORM_API_KEY; : {port}; exit 3", **ONE)
    assert "sk-not" not in str(ended.value)
    with pytest.raises(ServerUnreachable, match="a larger start_timeout"):
        check_server(start="sleep 60; : {port}", start_timeout=0.5, **ONE)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "which server"),
        ({"start": "serve"}, "where will the started server listen"),
        ({"start": "serve {port}", "url": "http://127.0.0.1:1"}, "leave the URL out"),
        ({"start": ["serve", "{port}"]}, "expected a text"),
        ({"start": "serve {port}", "start_timeout": 0}, "start_timeout is 0; expected a number above 0"),
        ({"url": "http://127.0.0.1:1", "restart": True}, "restart starts again what start started"),
        ({"start": "serve {port}", "restart": True, "restart_command": "x"}, "two ways"),
        ({"url": "http://127.0.0.1:1", "restart_command": "kill {port}"}, "no start command"),
    ],
)
def test_what_does_not_go_together_is_refused(arguments: dict[str, Any], words: str) -> None:
    """Before anything is started."""
    with pytest.raises(UsageError, match=words):
        check_server(**arguments)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_program_that_is_ended_leaves_no_server(tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C and SIGTERM end the run, and the server with all that came of it."""
    command = f"echo $$ >pid; exec {SERVE}"
    program = textwrap.dedent(f"""
        import signal
        from memconform import check_server
        signal.signal(signal.SIGINT, signal.default_int_handler)
        check_server(start={command!r}, rate=5, progress=lambda told: print(told.done, flush=True))
        """)
    process = subprocess.Popen(
        [sys.executable, "-c", program], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline()
        process.send_signal(number)
        assert process.wait(90) != 0
    assert not _alive(int((tmp_path / "pid").read_text()))


def test_the_programs_own_handlers_stay() -> None:
    """A handler of the program's own is not replaced meanwhile, and the default is there again afterwards."""
    seen: list[int] = []
    before = signal.signal(signal.SIGHUP, lambda number, _: seen.append(number))
    try:
        check_server(start=SERVE, progress=lambda _: os.kill(os.getpid(), signal.SIGHUP), **ONE).assert_conformant()
    finally:
        signal.signal(signal.SIGHUP, before)
    assert seen == [signal.SIGHUP]
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def _alive(pid: int) -> bool:
    until = time.monotonic() + 5
    while time.monotonic() < until:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return False
        except (FileNotFoundError, ProcessLookupError):
            return False
        time.sleep(0.05)
    return True
