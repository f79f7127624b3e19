"""`memconform check` from outside: exit codes, messages, and what it says when nothing can be judged."""

from __future__ import annotations

import os
import pty
import select
import shutil
import socket
import subprocess
import sys
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.listening import Answer, listening

from memconform.cli import main
from memconform.contract import content_root, validator
from memconform.serving import served
from memconform.session import Session, Unreachable
from memconform.settings import RunSettings

ONE = ("--requirement", "CORE-13", "--budget", "smoke")


def test_the_reference_is_conformant(memconform: Any, reference: str) -> None:
    """Exit 0, what was tested, and a result that is whole: seed, versions, durations, counts."""
    ended = memconform.check(reference, *ONE, "--seed", "7")
    assert ended.code == 0, ended.said
    assert ended.err == ""
    assert "CONFORMANT in what was selected" in ended.out
    result = ended.result
    assert validator("conformance").errors(result) == []
    run = result["run"]
    assert (run["seed"], run["budget"], run["finished"], run["planned_tests"]) == (7, "smoke", True, 1)
    assert run["seconds"] > 0
    assert 0 < run["requests"]["tests"] <= run["requests"]["bound"]
    assert run["requests"]["total"] >= run["requests"]["tests"] + run["requests"]["cleanup"]
    assert result["tool"]["packages"].keys() >= {"httpx", "hypothesis", "pytest"}
    assert all(test["seconds"] > 0 for test in result["tests"])
    assert result["leaks"] == []


def test_nothing_is_left_where_the_user_stands(memconform: Any, reference: str) -> None:
    """A run leaves its result file and nothing else: no cache, no database of examples, no ledger."""
    ended = memconform.check(reference, "--requirement", "CORE-07")
    assert ended.code == 0, ended.said
    assert sorted(path.name for path in memconform.folder.iterdir()) == ["result.json", "state"]
    assert memconform.ledgers() == []


def test_a_defect_is_told_with_its_evidence(memconform: Any) -> None:
    """Exit 1, the requirement's sentence, expected and observed, a curl command, and the command that runs it again."""
    with served(["--defect", "second-delete-is-204"], {"MEMCONFORM_SERVER_API_KEYS": ",".join(memconform.keys)}) as url:
        ended = memconform.check(url, *ONE, "--junit", "junit.xml")
        assert ended.code == 1
        for part in ("FAIL CORE-13 (MUST):", "expected", "observed", "curl", "$MEMCONFORM_API_KEY", "NOT CONFORMANT"):
            assert part in ended.out
        line = next(line for line in ended.out.splitlines() if line.strip().startswith("again"))
        assert memconform.run(*line.split("memconform ")[1].split()).code == 1
    assert validator("conformance").errors(ended.result) == []
    (failed,) = (test for test in ended.result["tests"] if test["outcome"] == "fail")
    told = [step.split("/v1/memories")[0] + step.rpartition("→")[2] for step in failed["before"]]
    assert told[-3:] == ["DELETE  204", "GET  404", "GET  200"]
    assert "files: result.json, junit.xml\n" in ended.out
    junit = (memconform.folder / "junit.xml").read_text()
    assert 'failures="1"' in junit
    assert "expected" in junit


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["localhost:8765"], "http"),
        (["http://alice:hunter2@127.0.0.1:1"], "credentials"),
        (["http://127.0.0.1:1", "--requirement", "CORE16"], "did you mean CORE-16"),
        (["http://127.0.0.1:1", "--profile", "serach"], "did you mean search"),
        (["http://127.0.0.1:1", "--profile", "client"], "client"),
        (["http://127.0.0.1:1", "--header", "no colon"], "--header"),
        (["http://127.0.0.1:1", "--header", "X: env:NO_SUCH_VARIABLE"], "NO_SUCH_VARIABLE"),
        (["http://127.0.0.1:1", "--json", "/proc/nowhere/result.json"], "cannot be written"),
        (["http://127.0.0.1:1", "--junit", "/"], "/"),
        (["http://127.0.0.1:1", "--api-key-file", "absent"], "absent"),
        (["http://127.0.0.1:1", "--api-key-env", "NO_SUCH_VARIABLE"], "NO_SUCH_VARIABLE"),
        (["http://127.0.0.1:1", "--timeout", "nan"], "--timeout"),
        (["http://127.0.0.1:1", "--rate", "inf"], "--rate"),
        (["http://127.0.0.1:1", "--timeout", "0"], "--timeout"),
        (["http://127.0.0.1:1", "--budget", "huge"], "smoke"),
        (["http://127.0.0.1:1", "--ca", "absent.pem"], "absent.pem"),
        ([], "URL"),
    ],
)
def test_bad_use_is_told_before_anything_is_sent(
    words: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 2, one message that says what is wrong, no traceback, no file, no secret."""
    monkeypatch.chdir(tmp_path)
    ended = CliRunner().invoke(main, ["check", *words])
    assert ended.exit_code == 2, ended.output
    assert message in ended.output
    assert "Traceback" not in ended.output
    assert "hunter2" not in ended.output
    assert list(tmp_path.iterdir()) == []


def test_a_declared_tenancy_needs_two_keys(memconform: Any, reference: str) -> None:
    """With one key the promise of tenancy stays open: exit 2, and the message names the variable."""
    ended = memconform.check(
        reference, "--requirement", "TENANCY-03", "--budget", "smoke", environment={"MEMCONFORM_SECOND_API_KEY": ""}
    )
    assert ended.code == 2, ended.said
    assert "$MEMCONFORM_SECOND_API_KEY" in ended.out
    assert "INCOMPLETE" in ended.out


def test_a_selection_that_does_not_apply_proves_nothing(memconform: Any, reference: str) -> None:
    """A requirement that was left out for want of a restart command is exit 2, not a pass."""
    assert memconform.check(reference, "--requirement", "CORE-26", "--budget", "smoke").code == 2


# Nothing to judge: exit 3.


def test_nobody_listens(memconform: Any) -> None:
    """The message names the address, says that nobody answers, and what to look at; no result is left."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        ended = memconform.check(url)
    assert ended.code == 3
    assert url in ended.err
    assert "Connection refused" in ended.err
    assert "Is the server running" in ended.err
    assert ended.result is None
    assert "Traceback" not in ended.said


@pytest.mark.parametrize(("key", "message"), [("wrong-key-0123", "refuses the API key"), ("", "wants credentials")])
def test_credentials_are_refused(memconform: Any, reference: str, key: str, message: str) -> None:
    """A wrong key and no key are told apart, and the key is not printed."""
    ended = memconform.check(reference, *ONE, environment={"MEMCONFORM_API_KEY": key})
    assert ended.code == 3
    assert message in ended.err
    assert "$MEMCONFORM_API_KEY" in ended.err
    assert "wrong-key-0123" not in ended.said


def test_two_keys_of_one_principal_are_refused(memconform: Any, reference: str) -> None:
    """Tenancy cannot be judged with the same key twice."""
    ended = memconform.check(reference, environment={"MEMCONFORM_SECOND_API_KEY": memconform.keys[0]})
    assert ended.code in (2, 3)
    assert "same" in ended.err


def silent(connection: socket.socket, _: int) -> None:
    """Read and never answer."""
    while connection.recv(4096):
        pass


def garbage(connection: socket.socket, _: int) -> None:
    """Answer, but not in HTTP."""
    connection.recv(4096)
    connection.sendall(b"\x16\x03\x01 SSH-2.0-OpenSSH \x1b[2J\r\n\r\n")
    connection.close()


def hangs_up(connection: socket.socket, _: int) -> None:
    """Close without a word."""
    connection.recv(4096)
    connection.close()


def drip(whole: bytes, connection: socket.socket, _: int) -> None:
    """Answer one byte every 0.2 s, for longer than anybody should wait."""
    connection.recv(4096)
    for byte in whole:
        connection.sendall(bytes([byte]))
        time.sleep(0.2)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 300\r\n\r\n"


@pytest.mark.parametrize("answer", [silent, partial(drip, HEAD)], ids=["silent", "drips"])
def test_a_server_that_hangs_is_no_server(memconform: Any, answer: Answer) -> None:
    """The run ends with exit 3 soon after the time-out, not with a traceback."""
    started = time.monotonic()
    with listening(answer) as server:
        ended = memconform.check(server.url, "--timeout", "1")
    assert ended.code == 3, ended.said
    assert "no complete answer to GET" in ended.err
    assert "within 1 s" in ended.err
    assert "Traceback" not in ended.said
    assert time.monotonic() - started < 10


def refusal(url: str) -> str:
    """Return why a run does not begin, as it is printed."""
    session = Session(RunSettings(url, timeout=1), "0123abcd")
    with pytest.raises(Unreachable) as refused:
        session.open()
    session.wire.close()
    return session.presentable(str(refused.value))


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (garbage, "Is it really an HTTP server?"),
        (hangs_up, "broke off"),
        (partial(drip, b"HTTP/1.1 100 Continue\r\n\r\n" * 20), "within 1 s"),
        (partial(drip, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 20), "within 1 s"),
    ],
    ids=["garbage", "hangs up", "drips interim answers", "drips chunks"],
)
def test_what_speaks_no_http_is_no_server(answer: Answer, message: str) -> None:
    """A server that drips, closes or babbles is unreachable within the time-out."""
    started = time.monotonic()
    with listening(answer) as server:
        said = refusal(server.url)
    assert message in said
    assert said.isprintable()
    assert time.monotonic() - started < 5


def test_a_static_web_server_is_no_memory_server(memconform: Any, tmp_path: Path) -> None:
    """Any web server answers; the message says what it answered."""
    (tmp_path / "index.html").write_text("<h1>hello</h1>")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the signature of http.server
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path))) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        ended = memconform.check(f"http://127.0.0.1:{server.server_port}")
        server.shutdown()
        thread.join()
    assert ended.code == 3
    assert "not as a memory server" in ended.err
    assert "404" in ended.err


def answered(status: str, body: bytes, *headers: bytes) -> Answer:
    """Return a server that gives one answer to everything."""
    head = [f"HTTP/1.1 {status}".encode(), b"Content-Length: %d" % len(body), b"Connection: close", *headers]

    def answer(connection: socket.socket, _: int) -> None:
        connection.recv(65536)
        connection.sendall(b"\r\n".join(head) + b"\r\n\r\n" + body)
        connection.close()

    return answer


@pytest.mark.parametrize(
    "answer",
    [
        answered("404 Not Found", b'{"detail": "Not Found"}', b"Content-Type: application/json"),
        answered("200 OK", b"[]", b"Content-Type: application/json"),
        answered("200 OK", b'{"a": NaN}', b"Content-Type: application/json"),
        answered("200 OK", b'{"a": ' + b"[" * 500 + b"]" * 500 + b"}", b"Content-Type: application/json"),
        answered("301 Moved", b"", b"Location: https://127.0.0.1:1/"),
        answered("200 OK", b"x", b"Content-Type: text/\x1b[2Jhtml"),
        answered("204 No Content", b""),
    ],
    ids=["another API", "an array", "no JSON", "a pit", "a redirection", "an escape", "nothing"],
)
def test_other_servers_are_no_memory_servers(answer: Answer) -> None:
    """Something that answers in HTTP, but has neither health nor capabilities, is not judged."""
    with listening(answer) as server:
        said = refusal(server.url)
    assert "not as a memory server" in said
    assert said.isprintable()


# The harness itself: exit 4.


def test_a_harness_that_breaks_is_no_verdict(memconform: Any, reference: str) -> None:
    """Whatever our own process dies of, the exit code is 4 and the server is not blamed."""
    broken = memconform.folder / "broken"
    broken.mkdir()
    dies = "import os, sys\nif 'memconform.pytest_process' in sys.orig_argv: os._exit({})\n"
    causes = [("pytest", "raise RuntimeError('broken on purpose')")]
    causes += [("sitecustomize", dies.format(code)) for code in (0, 1, 3)]
    for module, text in causes:
        (broken / f"{module}.py").write_text(text)
        ended = memconform.check(reference, *ONE, environment={"PYTHONPATH": str(broken)})
        (broken / f"{module}.py").unlink()
        assert ended.code == 4, ended.said
        assert "the server is not to blame" in ended.err


def test_a_suite_that_cannot_be_loaded_is_no_verdict(tmp_path: Path, reference: str, memconform: Any) -> None:
    """A suite with a broken file is exit 4, also when the rest of it is green; a test that errs is, too."""
    tree = tmp_path / "tree"
    shutil.copytree(content_root() / "conformance", tree / "conformance", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(content_root() / "schemas", tree / "schemas")
    for extra in (content_root() / "fixtures" / "data",):
        if extra.is_dir():
            shutil.copytree(extra, tree / "fixtures" / "data")
    environment = {"PYTHONPATH": str(tree / "conformance")}
    broken = tree / "conformance" / "suite" / "test_broken.py"
    broken.write_text("import no_such_module\n")
    ended = memconform.check(reference, *ONE, environment=environment)
    assert ended.code == 4, ended.said
    assert "test_broken.py" in ended.err
    bodies = ("assert memory is None", "memory.no_such_verb()", "memory.get('x', headers={'X': 'a\\r\\nb'})")
    broken.write_text(
        "from memconform.requirement import requirement\n"
        + "".join(
            f"@requirement('CORE-13', requests=1)\ndef test_{number}(memory):\n    '''Err.'''\n    {body}\n"
            for number, body in enumerate(bodies)
        )
    )
    ended = memconform.check(reference, *ONE, environment=environment)
    assert ended.code == 4, ended.said
    assert ended.out.count("ERROR CORE-13") == len(bodies)
    assert "the harness failed" in ended.out
    assert validator("conformance").errors(ended.result) == []


# The terminal.


def on_a_terminal(memconform: Any, *words: str) -> str:
    """Run memconform with a terminal as standard output and return what it wrote there."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "memconform", *words],
        cwd=memconform.folder,
        env=memconform.environment({"TERM": "xterm"}),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    seen = b""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if not select.select([ours], [], [], 0.2)[0]:
            continue
        try:
            seen += os.read(ours, 65536)
        except OSError:
            break
    process.wait(10)
    os.close(ours)
    return seen.decode()


def test_colours_and_the_moving_line_are_for_terminals(memconform: Any, reference: str) -> None:
    """A terminal gets both; a pipe gets neither escape sequences nor carriage returns."""
    ended = memconform.check(reference, *ONE)
    assert "\x1b" not in ended.said
    assert "\r" not in ended.said
    seen = on_a_terminal(memconform, "check", reference, *ONE)
    assert "\x1b[32m" in seen
    assert "[1/1]" in seen
    assert "CONFORMANT" in seen
