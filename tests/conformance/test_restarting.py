"""`--restart`: memconform kills what it started, and starts it again, so that durability is judged."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from memconform.cli import main
from memconform.listening import listens
from memconform.restarting import ask, restartable
from memconform.scene.restart import RestartFailed, restart_of, restart_started
from memconform.settings import RunSettings
from memconform.started import NotStarted, ServerProcess, planned_start, started
from memconform.verdict import Inconclusive

PYTHON = shlex.quote(sys.executable)
SERVE = f"{PYTHON} -m memconform serve --no-access-log --port {{port}}"
DURABLE = f"{SERVE} --data memories.db"
ONE = ("--requirement", "CORE-26", "--budget", "smoke")
SMALL = """
import http.server, os, pathlib, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        said = str(os.getpid()).encode()
        self.send_response(200); self.send_header("Content-Length", str(len(said))); self.end_headers()
        self.wfile.write(said)
        if "late" in sys.argv:
            time.sleep(0.5)  # who asks closes first: no connection of this side is remembered for a minute
class Server(http.server.HTTPServer):
    allow_reuse_address = "reuse" in sys.argv
with pathlib.Path("starts").open("a") as starts:
    starts.write("start\\n")
Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def check(folder: Path, *words: str, code: int) -> dict[str, Any]:
    """Run `memconform check` for CORE-26 in a folder and return its result; it ends with this code."""
    command = [sys.executable, "-m", "memconform", "check", *words, *ONE, "--json", "result.json"]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240)
    assert ended.returncode == code, ended.stdout + ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr
    result: dict[str, Any] = json.loads((folder / "result.json").read_text())
    return result


def judged(result: dict[str, Any]) -> tuple[str, str]:
    """Return how the one requirement was judged, and everything that was said about why."""
    (row,) = [each for each in result["requirements"] if each["id"] == "CORE-26"]
    return row["outcome"], json.dumps(result)


@pytest.fixture
def small(tmp_path: Path) -> str:
    """Return a command that starts a small server."""
    (tmp_path / "small.py").write_text(SMALL, encoding="utf-8")
    return f"{PYTHON} small.py {{port}}"


def alive(pid: int) -> bool:
    """Tell whether a process runs; one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def pid_of(server: ServerProcess) -> int:
    """Return the process that answers."""
    with urllib.request.urlopen(f"{server.start.url}/v1/health") as answer:
        return int(answer.read())


def test_a_durable_server_passes(tmp_path: Path) -> None:
    """CORE-26 is judged without another option; the command that repeats the run asks for the restart, too."""
    result = check(tmp_path, "--start", DURABLE, "--restart", code=0)
    assert judged(result)[0] == "pass"
    words = shlex.split(result["run"]["command"])
    assert "--restart" in words
    assert words[words.index("--start") + 1] == DURABLE


@pytest.mark.parametrize("defect", ["forgets-on-restart", "loses-the-latest-adds"])
def test_a_server_that_loses_what_it_acknowledged_fails(tmp_path: Path, defect: str) -> None:
    """The verdict is the one that a restart command comes to: exit 1."""
    outcome, why = judged(check(tmp_path, "--start", f"{DURABLE} --defect {defect}", "--restart", code=1))
    assert outcome == "fail"
    assert "after the restart" in why or "it is gone" in why


def test_it_is_not_done_unasked(tmp_path: Path) -> None:
    """A server that keeps its data in memory may be what the command is for: the line names the option, no more."""
    outcome, why = judged(check(tmp_path, "--start", SERVE, code=2))
    assert outcome == "skip"
    assert "needs --restart, which kills the started server" in why


def test_nothing_left_at_all_is_told_as_such(tmp_path: Path) -> None:
    """A FAIL says what else it may be: a command that begins with empty data each time."""
    _, why = judged(check(tmp_path, "--start", SERVE, "--restart", code=1))
    assert "does what starts it begin with empty data?" in why


def test_a_command_that_does_not_come_up_again_is_no_failure(tmp_path: Path) -> None:
    """Inconclusive, exit 2: who reads it sees the command's last words."""
    command = f"test ! -e used || {{ echo the port is mine; exit 9; }}; touch used; exec {DURABLE}"
    outcome, why = judged(check(tmp_path, "--start", command, "--restart", code=2))
    assert outcome == "inconclusive"
    for part in ("it was killed, and could not be started again", "exit code 9", "the port is mine"):
        assert part in why


def test_a_server_that_is_not_the_commands_own_is_no_failure(tmp_path: Path) -> None:
    """As with `docker run`: what serves is in no session and has no mark of ours. It is told what to give instead."""
    hidden = f"env -i HOME={shlex.quote(os.environ.get('HOME', '/'))} PATH=$PATH setsid {DURABLE}"
    command = f"({hidden} >daemon.log 2>&1 </dev/null & echo $! >pid); sleep 600"
    try:
        outcome, why = judged(check(tmp_path, "--start", command, "--restart", code=2))
        assert outcome == "inconclusive"
        assert "leaves the server to another program" in why
        assert "--restart-command in place of --restart" in why
    finally:
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)


def test_wrappers_and_their_children_are_killed_at_once(tmp_path: Path, small: str) -> None:
    """A shell in front, and a server that left its session: another process answers at the same address."""
    start = planned_start(f"setsid {small} reuse & wait", None, tmp_path)
    with started(start) as server:
        before = pid_of(server)
        server.restart()
        after = pid_of(server)
        assert before != after
        assert not alive(before)
        assert server.ended_by_itself() is None
    assert not listens(start.url)
    assert (tmp_path / "starts").read_text() == "start\nstart\n"


def test_an_address_that_is_not_free_yet_is_waited_for(tmp_path: Path, small: str) -> None:
    """A server that does not reuse its address cannot listen at once again, and is started until it can."""
    again = "test ! -e starts || until test -e held; do sleep 0.02; done"
    with started(planned_start(f"{again}; exec {small} late", None, tmp_path)) as server:
        holder = socket.socket()
        port = int(server.start.url.rpartition(":")[2])

        class Pause(threading.Event):
            def wait(self, timeout: float | None = None) -> bool:
                holder.close()  # between two attempts
                return super().wait(timeout)

        server.over = Pause()

        def hold() -> None:
            until = time.monotonic() + 30
            while time.monotonic() < until and not (tmp_path / "held").exists():
                with suppress(OSError):
                    holder.bind(("127.0.0.1", port))
                    (tmp_path / "held").touch()
                time.sleep(0.001)

        thread = threading.Thread(target=hold)
        thread.start()
        server.restart()
        thread.join()
        assert pid_of(server)
    assert (tmp_path / "starts").read_text().count("start") > 2


def test_a_run_that_ends_does_not_wait_for_a_restart(tmp_path: Path, small: str) -> None:
    """Nobody waits any more: what was begun is ended, and leaves nothing."""
    command = f"test ! -e used || sleep 600; touch used; exec {small} reuse"
    began = time.monotonic()
    with started(planned_start(command, None, tmp_path)) as server:
        with restartable(server) as descriptor:
            asking = threading.Thread(target=_asking, args=(os.dup(descriptor),), daemon=True)
            asking.start()
            time.sleep(1)
        asking.join()
        assert not listens(server.start.url)
    assert time.monotonic() - began < 45


def _asking(descriptor: int) -> None:
    with suppress(OSError):
        ask(descriptor)
    os.close(descriptor)


def test_the_one_who_asks_hears_what_came_of_it(tmp_path: Path, small: str) -> None:
    """Nothing where it is back; `Inconclusive` where it is not; `RestartFailed`, ours, where nobody is there."""
    command = f"test ! -e broken || {{ echo broken; exit 9; }}; exec {small} reuse"
    with started(planned_start(command, None, tmp_path)) as server:
        with restartable(server) as descriptor:
            first = pid_of(server)
            restart_started(descriptor)
            assert pid_of(server) != first
            (tmp_path / "broken").touch()
            with pytest.raises(Inconclusive, match="exit code 9"):
                restart_started(descriptor)
            alone = os.dup(descriptor)
        with pytest.raises(RestartFailed, match="cannot be restarted"):
            restart_started(alone)
        os.close(alone)


def test_a_start_that_fails_leaves_no_mark_of_a_server(tmp_path: Path) -> None:
    """Restarting what cannot be started is told as starting it is."""
    server = ServerProcess(planned_start("no-such-program {port}", None, tmp_path), tmp_path / "log")
    with pytest.raises(NotStarted, match="no-such-program"):
        server.restart()


def test_a_restart_command_has_the_port_and_is_ended(tmp_path: Path) -> None:
    """`{port}` in it is that of the started server, and what it started ends with the run."""
    start = f"echo $$ >pid; exec {DURABLE}"
    again = f"cd {shlex.quote(str(tmp_path))}; kill -9 $(cat pid); nohup {DURABLE} >log 2>&1 & echo $! >pid"
    result = check(tmp_path, "--start", start, "--restart-command", again, code=0)
    assert judged(result)[0] == "pass"
    words = shlex.split(result["run"]["command"])
    assert words[words.index("--restart-command") + 1] == again
    assert not alive(int((tmp_path / "pid").read_text()))


@pytest.mark.parametrize(
    ("start", "command", "line"),
    [
        ("serve {port}", "kill {port}; p=${port}", "kill 81; p=${port}"),
        ("serve", "kill {port}", "kill {port}"),
        (None, "kill {port}", "kill {port}"),
        ("serve {port}", None, None),
    ],
)
def test_the_port_is_filled_in_where_it_is_known(start: str | None, command: str | None, line: str | None) -> None:
    """Only that of a started server; a variable of the shell stays one."""
    settings = RunSettings("http://127.0.0.1:81/v", start=start, restart_command=command)
    assert settings.restart_line == line
    assert (restart_of(settings) is None) is (line is None)


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("http://127.0.0.1:9", "--restart"), "starts again what --start COMMAND started"),
        (("--start", "serve {port}", "--restart", "--restart-command", "x"), "two ways"),
        (("http://127.0.0.1:9", "--restart-command", "kill {port}"), "no --start command has it"),
    ],
)
def test_what_does_not_go_together_is_refused(words: tuple[str, ...], part: str) -> None:
    """Exit 2, before anything is started."""
    said = CliRunner().invoke(main, ["check", *words])
    assert said.exit_code == 2
    assert part in " ".join(said.output.split())


def test_stronger_words_win(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small: str) -> None:
    """A URL, or a restart command, on the command line leaves the configured restart out; nothing is wrong with it."""
    (tmp_path / ".git").mkdir()
    configuration = tmp_path / "memconform.toml"
    configuration.write_text(f"start = '{small} reuse'\nrestart = true\n")
    monkeypatch.chdir(tmp_path)
    taken: list[list[str]] = []

    def run(words: list[str]) -> int:
        taken.append(words)
        return 0

    for words in ((), ("http://127.0.0.1:9",), ("--restart-command", "true")):
        CliRunner().invoke(main, ["check", *words], obj=run)
    configuration.write_text(f"start = '{small} reuse'\nrestart_command = 'kill {{port}}'\n")
    CliRunner().invoke(main, ["check", "http://127.0.0.1:9"], obj=run)
    of_file, of_url, of_command, of_another_url = (" ".join(words) for words in taken)
    assert "--memory-restart" not in of_another_url
    assert "--memory-restart-fd=" in of_file
    assert "--memory-restart" not in of_url
    assert "--memory-restart-fd=" not in of_command
    assert "--memory-restart-command=true" in of_command
