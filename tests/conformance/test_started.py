"""`--start`: the user's server is started, awaited, judged and ended, whatever happens."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from memconform.ports import free_port
from memconform.serving import served
from memconform.settings import UsageError
from memconform.started import NotStarted, planned_start, started

PYTHON = shlex.quote(sys.executable)
SERVE = f"{PYTHON} -m memconform serve --no-access-log --port {{port}}"
ONE = ("--requirement", "CORE-13", "--budget", "smoke")
PRESSABLE = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell in the background ignores it
from memconform.cli import main
main(prog_name="memconform")
"""
SLOW = """
import http.server, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open("pids", "w").write(f"{child.pid}")
print("warming up", flush=True)
time.sleep(float(sys.argv[2]))
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(int(sys.argv[3])); self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
TIDY = """
import http.server, pathlib, signal, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
def tidy(*_):
    time.sleep(0.7); pathlib.Path("tidied").write_text("all"); sys.exit()
signal.signal(signal.SIGTERM, tidy)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def memconform(folder: Path, *words: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
    """Run `memconform` in a folder."""
    command = [sys.executable, "-m", "memconform", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=seconds)


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    """Return the file of a server that takes its time, and has a child process."""
    file = tmp_path / "slow.py"
    file.write_text(SLOW, encoding="utf-8")
    return file


def gone(folder: Path) -> bool:
    """Tell whether the child of the slow server ends within a few seconds."""
    child = int((folder / "pids").read_text())
    until = time.monotonic() + 5
    while time.monotonic() < until:
        try:
            if Path(f"/proc/{child}/stat").read_text().split()[2] == "Z":
                return True
            os.kill(child, 0)
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.05)
    return False


def begun(folder: Path) -> None:
    """Wait until the slow server has said who its child is."""
    until = time.monotonic() + 30
    while not ((folder / "pids").exists() and (folder / "pids").read_text()):
        assert time.monotonic() < until, "the slow server did not begin"
        time.sleep(0.05)


def test_a_server_is_started_judged_and_ended(tmp_path: Path) -> None:
    """Exit 0; it says what it waits for; the command to run it again starts it again; nothing listens afterwards."""
    ended = memconform(tmp_path, "check", "--start", SERVE, *ONE, "--json", "result.json", "--start-log", "log/server")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "waiting at most 60 s until GET http://127.0.0.1:" in ended.stderr
    assert "listening on" in (tmp_path / "log" / "server").read_text()
    run = json.loads((tmp_path / "result.json").read_text())["run"]
    words = shlex.split(run["command"])
    assert words[:3] == ["memconform", "check", "http://127.0.0.1:{port}"]
    assert words[words.index("--start") + 1] == SERVE
    assert memconform(tmp_path, *words[1:]).returncode == 0
    assert ended.stderr.count("memconform:") == 1


def test_a_fault_is_the_servers(tmp_path: Path) -> None:
    """The verdict of a started server is the run's: exit 1."""
    ended = memconform(tmp_path, "check", "--start", f"{SERVE} --defect second-delete-is-204", *ONE)
    assert ended.returncode == 1, ended.stderr
    assert "FAIL CORE-13" in ended.stdout


def test_the_configuration_starts_it_beside_itself(tmp_path: Path, slow: Path) -> None:
    """A configured command runs in the folder of its file, wherever memconform is called from."""
    (tmp_path / ".git").mkdir()
    command = f"{PYTHON} {slow.name} {{port}} 0 404"
    (tmp_path / "memconform.toml").write_text(f"start = '{command}'\n")
    (tmp_path / "deep").mkdir()
    ended = memconform(tmp_path / "deep", "check", *ONE)
    assert ended.returncode == 3, ended.stderr
    assert "no memory server" in ended.stdout + ended.stderr or "404" in ended.stdout + ended.stderr
    assert gone(tmp_path)


def test_a_server_that_dies_is_told_with_its_last_words(tmp_path: Path) -> None:
    """Exit 3: its exit code, its last lines, what to do; no traceback."""
    code = "import sys; print(sys.argv[1]); sys.exit('no such table: memories')"
    ended = memconform(tmp_path, "check", "--start", f'{PYTHON} -c "{code}" {{port}}', *ONE)
    assert ended.returncode == 3
    for part in ("ended with exit code 1", "no such table: memories", "Run the command by hand"):
        assert part in ended.stderr
    assert "Traceback" not in ended.stderr


def test_last_words_hold_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a server prints of the environment's keys before it dies is not repeated."""
    monkeypatch.setenv("MEMCONFORM_API_KEY", "sk-not-to-be-seen")
    ended = memconform(tmp_path, "check", "--start", "echo $MEMCONFORM_API_KEY; : {port}; exit 3", *ONE)
    assert ended.returncode == 3
    assert "[redacted]" in ended.stderr
    assert "sk-not-to-be-seen" not in ended.stdout + ended.stderr


def test_a_server_that_never_listens_is_told(tmp_path: Path, slow: Path) -> None:
    """Exit 3 after --start-timeout, with the address that was asked; its children are ended, too."""
    command = f"{PYTHON} {slow.name} {{port}} 60 200"
    ended = memconform(tmp_path, "check", "--start", command, "--start-timeout", "4", *ONE)
    assert ended.returncode == 3
    for part in ("/v1/health had no answer after 4 s", "warming up", "--start-timeout"):
        assert part in ended.stderr
    assert gone(tmp_path)


def test_a_server_that_stays_unavailable_is_told(tmp_path: Path, slow: Path) -> None:
    """503 is waited for, as a server says so while it warms up."""
    start = planned_start(f"{PYTHON} {slow.name} {{port}} 0 503", None, tmp_path, timeout_s=4)
    with pytest.raises(NotStarted, match="was still answered by 503 after 4 s"), started(start, on_note=print):
        raise AssertionError("it is not ready")
    assert gone(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
@pytest.mark.parametrize("when", ["waiting", "judging"])
def test_nothing_is_left_running(tmp_path: Path, slow: Path, number: signal.Signals, when: str) -> None:
    """Ctrl-C, SIGTERM or a closed terminal, while it waits or while the run goes on: server and children are gone."""
    port = free_port()
    delay = "60" if when == "waiting" else "0"
    inner = f"{PYTHON} {slow.name} {free_port()} {delay} 200"
    command = f"{inner} & exec {SERVE.replace('{port}', str(port))}" if when == "judging" else inner
    url = f"http://127.0.0.1:{port}"
    words = [sys.executable, "-m", "memconform", "check", url, "--start", command, "--rate", "2"]
    process = subprocess.Popen(
        words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    assert process.stdout is not None
    seen = ""
    wanted = "waiting at most" if when == "waiting" else "memconform checks"
    while wanted not in seen:
        line = process.stdout.readline()
        assert line, seen
        seen += line
    begun(tmp_path)
    if when == "judging":
        time.sleep(0.5)
    os.killpg(process.pid, number)
    said, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "Traceback" not in said
    assert gone(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
@pytest.mark.parametrize("begun", ["started", "running"])
@pytest.mark.parametrize("to", ["command", "group"])
def test_a_run_that_is_cut_short_blames_nobody(tmp_path: Path, number: signal.Signals, begun: str, to: str) -> None:
    """The run ends before its server: exit 2, nothing failed, all cleaned up; one line where it has not begun."""
    words = ["check", "--start", SERVE, "--rate", "20", "--json", "result.json"]
    process = subprocess.Popen(
        [sys.executable, "-c", PRESSABLE, *words],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    seen = ""
    while ("waiting at most" if begun == "started" else "  budget ") not in seen:
        line = process.stdout.readline()
        assert line, seen
        seen += line
    if begun == "started":
        _until_it_judges(process.pid)
    else:
        time.sleep(1.5)
    if to == "group" or number == signal.SIGINT:  # a terminal sends Ctrl-C to all
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 2, said
    assert "Traceback" not in said
    assert "not to blame" not in said
    if begun == "started":
        assert said == "memconform: interrupted, there is no result\n"
        assert not (tmp_path / "result.json").exists()
    else:
        result = json.loads((tmp_path / "result.json").read_text())
        assert result["verdict"]["conformance"] == "incomplete"
        assert "fail" not in {each["outcome"] for each in result["requirements"]}
        assert "INCOMPLETE" in said


def _until_it_judges(parent: int) -> None:
    """Wait for the process of the run; the interpreter still starts."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
            with suppress(OSError):  # it has gone meanwhile
                if b"memconform.pytest_process" in Path(f"/proc/{child}/cmdline").read_bytes():
                    return
        time.sleep(0.005)
    raise AssertionError("no run began")


def test_a_run_outlives_its_reader(tmp_path: Path) -> None:
    """`memconform check … | head -1` has its exit code and its result all the same."""
    command = [sys.executable, "-m", "memconform", "check", "--start", SERVE, *ONE, "--json", "result.json"]
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(command, cwd=tmp_path, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=60)
    os.close(writing)
    assert ended.returncode == 0, ended.stderr
    assert json.loads((tmp_path / "result.json").read_text())["verdict"]["exit_code"] == 0


def test_children_of_a_shell_have_time_to_finish(tmp_path: Path) -> None:
    """The shell goes at once by SIGTERM; the server behind it writes what it has to write before it goes."""
    (tmp_path / "tidy.py").write_text(TIDY, encoding="utf-8")
    start = planned_start(f"cd . && {PYTHON} tidy.py {{port}}; true", None, tmp_path)
    with started(start, on_note=print) as process:
        assert process.ended_by_itself() is None
    assert (tmp_path / "tidied").read_text() == "all"


def test_a_server_that_ends_during_the_run_is_told(tmp_path: Path) -> None:
    """The run has its own verdict, and beside it stands that the server ended, and what it said last."""
    serve = f"{PYTHON} -m memconform serve --port {{port}} 2>>requests"  # a line for each: 40 come of a run alone
    seen = "until test $(grep -c . requests) -gt 40; do sleep 0.1; done"
    command = f": >requests; {serve} & server=$!; {seen}; echo out of memory; kill -9 $server; exit 137"
    ended = memconform(tmp_path, "check", "--start", command, "--budget", "smoke", "--rate", "20", "--timeout", "2")
    assert ended.returncode not in (0, 4), ended.stdout
    assert "ended by itself during the run, with exit code 137" in ended.stderr
    assert "out of memory" in ended.stderr


def test_what_listens_there_already_is_not_judged(tmp_path: Path) -> None:
    """Exit 2 where the address is taken: another server would be judged in place of the started one."""
    with served() as url:
        ended = memconform(tmp_path, "check", url, "--start", "sleep 60", *ONE)
    assert ended.returncode == 2
    assert "something listens" in ended.stderr


@pytest.mark.parametrize(
    ("command", "url", "words"),
    [
        ("serve", None, "where will the started server listen"),
        ("serve", "http://127.0.0.1:{port}", "start command has not"),
        ("serve {port}", "http://127.0.0.1:8000", "leave the URL out"),
        ("serve 'a {port}", None, "cannot be split"),
        (" ", "http://127.0.0.1:8000", "is empty"),
        ("serve", "localhost:8000", "http"),
    ],
)
def test_what_does_not_go_together_is_refused(tmp_path: Path, command: str, url: str | None, words: str) -> None:
    """Before anything is started, in words that say what to write."""
    with pytest.raises(UsageError, match=words):
        planned_start(command, url, tmp_path)


def test_a_command_that_is_not_there_is_told(tmp_path: Path) -> None:
    """The command is named with the reason."""
    start = planned_start("no-such-program {port}", None, tmp_path)
    with pytest.raises(NotStarted, match="no-such-program"), started(start, on_note=print):
        raise AssertionError("there is no such program")


@pytest.mark.parametrize(
    ("command", "shell"),
    [
        ("uvicorn app:app --port 1", False),
        ("python -c 'print(1)'", True),
        ("PORT=1 npm start", True),
        ("cd app && npm start", True),
        ("serve --name 'two words'", False),
        ("serve $PORT", True),
    ],
)
def test_a_shell_only_where_one_is_needed(tmp_path: Path, command: str, shell: bool) -> None:
    """Plain words are a process of their own; operators, variables and patterns go through /bin/sh."""
    words = planned_start(command, "http://127.0.0.1:1", tmp_path).words
    assert (words[0] == "/bin/sh") is shell
    if not shell:
        assert words == shlex.split(command)


def test_the_url_may_say_where_below_the_port_it_is(tmp_path: Path) -> None:
    """`{port}` is one and the same port in command and URL."""
    start = planned_start("serve -p {port} --again {port}", "http://127.0.0.1:{port}/memory", tmp_path)
    port = start.url.split(":")[2].removesuffix("/memory")
    assert start.command == f"serve -p {port} --again {port}"
    assert start.url == f"http://127.0.0.1:{port}/memory"
