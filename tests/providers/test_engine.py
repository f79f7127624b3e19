"""How providers are started: what they get, what is said when they do not start, and that nothing of them is left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from memconform.ports import free_port
from memconform.providers import Definition, NotStarted, ProviderFailed, Started, Unfit, bridged, definition, started
from memconform.providers.definition import Server, _definition
from memconform.providers.installing import installed, interpreter
from memconform.providers.judging import changes, judged
from memconform.providers.services import postgres

WHO = """
import json, os, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps(dict(os.environ)).encode()
        self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
"""A server that tells its environment."""


def wanted(folder: Path, **more: Any) -> Definition:
    """Return a definition whose provider is the reference server itself, in the bridge's process."""
    given = {"title": "A provider 1.0", "version": "1.0", "page": "mem0.md", "runs": "ci", "store": "sqlite"} | more
    return Definition(name="a-provider", folder=folder, **given)


def served(script: str, *, within_s: float = 20, **environment: str) -> Server:
    """Return a server that is a Python script, with its port as argument."""
    return Server((sys.executable, "-c", script, "{port}"), environment, "/", within_s)


@contextmanager
def said_by(server: Server, folder: Path, **more: Any) -> Iterator[Started]:
    """Start a definition with that server."""
    with started(wanted(folder, server=server, upstream="http://127.0.0.1:{port}", **more)) as provider:
        yield provider


def read(url: str) -> Any:
    """Return the JSON at a URL."""
    import httpx

    return httpx.get(url, trust_env=False).json()


def test_a_provider_gets_what_its_definition_lists_and_nothing_of_the_caller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No key and no setting of the user's reaches a provider; its home is a folder that goes with it."""
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    with said_by(served(WHO, DATA="{folder}/x"), tmp_path) as provider:
        seen = read(provider.upstream or "")
        assert set(seen) <= {"PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "HOME", "NO_PROXY", "DATA"}
        assert seen["DATA"] == f"{provider.folder}/x"
        assert Path(seen["HOME"]).is_relative_to(provider.folder)
        folder = provider.folder
    assert not folder.exists()
    assert provider.server is not None
    assert provider.server.popen.poll() is not None


def test_the_children_of_a_provider_end_with_it(tmp_path: Path) -> None:
    """A process that the provider started is gone when the block ends."""
    child = (
        "import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid)\n"
    )
    with said_by(served(child + "sys.stdout.flush()\n" + WHO), tmp_path) as provider:
        assert provider.server is not None
        pid = int(provider.server.log.read_text().split()[0])
        os.kill(pid, 0)
    until = time.monotonic() + 5
    while Path(f"/proc/{pid}").exists() and "State:\tZ" not in Path(f"/proc/{pid}/status").read_text():
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("script", "within_s", "message"),
    [
        ("print('no such table'); raise SystemExit(3)", 20, r"ended with exit code 3.*no such table"),
        ("import time; print('waiting', flush=True); time.sleep(60)", 1, r"was not ready after 1 s.*waiting"),
    ],
)
def test_what_a_provider_said_last_is_quoted(tmp_path: Path, script: str, within_s: float, message: str) -> None:
    """One that ends, and one that is never ready, are errors with its own last words."""
    with pytest.raises(NotStarted, match=f"(?s){message}"), said_by(served(script, within_s=within_s), tmp_path):
        pass


def test_a_command_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A definition whose command does not exist is an error, not a traceback."""
    server = Server(("/nowhere/server",), {}, "/", 5)
    with pytest.raises(NotStarted, match="could not be started"), said_by(server, tmp_path):
        pass


def test_a_placeholder_that_stands_for_nothing_is_named(tmp_path: Path) -> None:
    """A typing error in a definition is found before anything is started."""
    with pytest.raises(Unfit, match=r"\{prot\}.*port"), said_by(Server(("x", "{prot}"), {}, "/", 5), tmp_path):
        pass


def test_what_is_started_by_hand_says_so(tmp_path: Path) -> None:
    """Without an address it cannot be judged; with one, it is not started."""
    by_hand = wanted(tmp_path, runs="by hand", server=Server(("/nowhere",), {}, "/", 5))
    with pytest.raises(Unfit, match=r"as docs/providers/mem0\.md says.*--upstream"), started(by_hand):
        pass
    with started(by_hand, upstream="http://127.0.0.1:1") as provider:
        assert (provider.upstream, provider.server) == ("http://127.0.0.1:1", None)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"stroe": "sqlite"}, "unknown member: stroe"),
        ({"runs": "weekly"}, "runs is 'weekly', none of ci, scheduled, by hand"),
        ({"needs": ["redis"]}, "unknown service: redis"),
        ({"server": {"command": ["x"], "redy": {}}}, "unknown member of server: redy"),
    ],
)
def test_a_definition_that_makes_no_sense_is_refused(tmp_path: Path, more: dict[str, Any], message: str) -> None:
    """A misspelt member is an error that names it."""
    given = {"title": "t", "version": "1", "page": "p.md", "runs": "ci", "store": "sqlite"} | more
    with pytest.raises(ValueError, match=message):
        _definition(tmp_path / "x" / "provider.yaml", given)


def test_an_unknown_provider_has_near_names() -> None:
    """A misspelt name gets the names that are near."""
    with pytest.raises(Unfit, match=r"'mem00'.*Near: .*mem0"):
        definition("mem00")


def test_an_interpreter_that_is_missing_is_named() -> None:
    """A lock for a Python that is not there says which one to install."""
    with pytest.raises(Unfit, match=r"Python 3\.99 is needed"):
        interpreter("3.99")


def test_node_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Node lock without Node.js on PATH says what to install."""
    (tmp_path / "package.json").write_text("{}")
    (tmp_path / "package-lock.json").write_text("{}")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unfit, match=r"needs Node\.js with npm"):
        installed(wanted(tmp_path), lambda _: None)


def test_a_lock_that_cannot_be_installed_quotes_the_installer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing half-built is used, and the installer's last words are told."""
    monkeypatch.setenv("MEMCONFORM_PROVIDER_ENVIRONMENTS", str(tmp_path / "environments"))
    (tmp_path / "requirements.lock.txt").write_text("no-hash==1.0\n")
    with pytest.raises(Unfit, match=r"(?s)a-provider could not be built.*hash"):
        installed(wanted(tmp_path), lambda _: None)
    assert not list((tmp_path / "environments").rglob("installed"))


def test_postgresql_that_is_missing_names_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the wheel the message says what to install."""
    monkeypatch.setattr("memconform.providers.services.importlib.util.find_spec", lambda _: None)
    with pytest.raises(Unfit, match=r"pip install 'memconform\[postgres\]'"), postgres(tmp_path, {}):
        pass


def test_a_provider_is_judged_behind_its_bridge(tmp_path: Path) -> None:
    """Provider, bridge and check run as processes; the result is kept, and has no difference to itself."""
    file = tmp_path / "result.json"
    result = judged(wanted(tmp_path, api_keys=2), file, budget="smoke")
    assert result["verdict"]["conformance"] == "conformant"
    assert "tenancy" in result["server"]["capabilities"]["profiles"]
    assert json.loads(file.read_text()) == result
    assert changes(wanted(tmp_path), result, result) == []


def test_a_failure_that_comes_or_goes_is_a_change(tmp_path: Path) -> None:
    """Other outcomes than failures may differ, and so may what is known to vary."""

    def result(**outcomes: str) -> dict[str, Any]:
        rows = [{"id": name, "level": "MUST", "profile": "core", "outcome": word} for name, word in outcomes.items()]
        return {"requirements": rows}

    before = result(A="pass", B="fail", C="pass", D="fail")
    now = result(A="fail", B="pass", C="inconclusive", D="pass")
    varying = replace(wanted(tmp_path), varies={"D": "threads"})
    assert [(each.requirement, each.before, each.now) for each in changes(varying, before, now)] == [
        ("A", "pass", "fail"),
        ("B", "fail", "pass"),
    ]


def test_a_bridge_that_does_not_start_says_why(tmp_path: Path) -> None:
    """An address where nothing listens is told by the bridge, before anything is judged."""
    unreachable = wanted(tmp_path, runs="by hand", store="mem0-rest")
    with (
        started(unreachable, upstream=f"http://127.0.0.1:{free_port()}") as provider,
        pytest.raises(NotStarted, match=r"(?s)bridge to A provider 1\.0 did not start.*cannot be reached"),
        bridged(provider),
    ):
        pass


def test_the_commands_say_what_is_wrong() -> None:
    """No name, an unknown name, and a command that is gone are usage errors with the next step."""

    def run(*words: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "memconform", "providers", *words],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stderr

    assert run("check") == (2, run("check")[1])
    assert "memconform providers list" in run("check")[1]
    assert "Near:" in run("check", "mem00")[1]
    code, said = run("matrix")
    assert (code, "the commands are list, start, check" in said) == (2, True)
    assert issubclass(Unfit, ProviderFailed)


def test_a_library_is_served_with_data_that_stay(tmp_path: Path) -> None:
    """Nothing of what 'providers start' prints for it lies in the folder that goes when the command ends."""
    with started(wanted(tmp_path, store="langgraph")) as provider:
        assert not provider.runs
        assert provider.serve_options("kept.db") == ["--store", "langgraph", "--data", "kept.db"]
    done = subprocess.run(
        [sys.executable, "-m", "memconform", "providers", "start", "langgraph-sqlite"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "runs in the process of its bridge, which needs memconform[langgraph]" in done.stdout
    assert "serve --store langgraph --data langgraph-sqlite.db --option backend=sqlite" in done.stdout
