"""`memconform plugin check` as people run it: the verdict, the evidence, the file, the exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from memconform.clients.bends import reference_plugin
from memconform.clients.mapping import NAME
from memconform.clients.run import client_tests
from memconform.contract import requirements, validator

Run = Callable[..., "subprocess.CompletedProcess[str]"]

ROOT = Path(__file__).parents[2]
REFERENCE = str(reference_plugin())
OTHER = str(ROOT / "fixtures/plugins/httpx_per_call")


def written(path: Path) -> dict[str, Any]:
    """Return the result file, which has to be valid against its schema."""
    result: dict[str, Any] = json.loads(path.read_text())
    assert validator("client").errors(result) == []
    return result


def test_the_reference_plugin_is_conformant(run: Run, tmp_path: Path) -> None:
    """Exit 0, every requirement of clients passes, and the file says the same."""
    ended = run("plugin", "check", REFERENCE, "--json", str(tmp_path / "result.json"))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    result = written(tmp_path / "result.json")
    assert result["verdict"] == {"conformance": "conformant", "partial": False, "counts": {"pass": 10}, "exit_code": 0}
    assert result["client"]["identity"] == "memconform/memory_api:0.1.0"
    assert [len(test["wire"]) for test in result["tests"]] == [0] * len(client_tests())
    assert result["run"]["calls"] > 1000
    assert "CONFORMANT — " in ended.stdout


def test_another_plugin_is_judged_by_its_own_mapping(run: Run, tmp_path: Path) -> None:
    """A plugin with httpx's habits: no deadline over the whole, a client for each call, killed by 20 MiB."""
    ended = run("plugin", "check", OTHER, "--json", str(tmp_path / "result.json"))
    assert ended.returncode == 1, ended.stdout + ended.stderr
    result = written(tmp_path / "result.json")
    outcomes = {row["id"]: row["outcome"] for row in result["requirements"]}
    assert {name for name, outcome in outcomes.items() if outcome == "fail"} == {"CLIENT-05", "CLIENT-06"}
    assert outcomes["CLIENT-09"] == "warn"
    assert {outcomes[name] for name in ("CLIENT-01", "CLIENT-02", "CLIENT-03", "CLIENT-07", "CLIENT-08")} == {"pass"}
    assert "5,242,880" in " ".join(result["client"]["deaths"])
    for part in ("FAIL CLIENT-05 (MUST)", "expected", "observed", "curl ", "again     memconform plugin check"):
        assert part in ended.stdout


def test_one_requirement_alone(run: Run, tmp_path: Path) -> None:
    """Only its tests run, and the verdict is about what was selected."""
    ended = run("plugin", "check", REFERENCE, "--requirement", "client-09", "--json", str(tmp_path / "result.json"))
    assert (ended.returncode, "CONFORMANT in what was selected" in ended.stdout) == (0, True), ended.stdout
    result = written(tmp_path / "result.json")
    assert {test["requirement"] for test in result["tests"]} == {"CLIENT-09"}
    assert result["verdict"]["counts"] == {"not_selected": 9, "pass": 1}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((REFERENCE, "--requirement", "CORE-01"), 2, "no test of clients is selected"),
        ((REFERENCE, "--requirement", "CLIENT-99"), 2, "is no requirement of the contract"),
        ((REFERENCE, "--map", "nowhere.yaml"), 2, "nowhere.yaml is not there"),
        ((REFERENCE, "--map", f"{OTHER}/{NAME}", "--upstream", "not a url"), 2, "not a url"),
        ((str(ROOT / "schemas"), "--map", f"{OTHER}/{NAME}"), 3, "manifest.yaml"),
        (
            (OTHER, "--map", f"{REFERENCE}/{NAME}"),
            2,
            "the mapping names tools that the plugin does not have: add_memory",
        ),
    ],
)
def test_what_cannot_be_checked_is_said(run: Run, words: tuple[str, ...], code: int, said: str) -> None:
    """One sentence, no traceback, the exit code of who is to blame."""
    ended = run("plugin", "check", *words)
    assert ended.returncode == code, ended.stdout + ended.stderr
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_server_behind_that_is_not_there_is_no_fault_of_the_client(run: Run) -> None:
    """Exit 3, and no verdict."""
    ended = run("plugin", "check", REFERENCE, "--requirement", "CLIENT-01", "--upstream", "http://127.0.0.1:9")
    assert ended.returncode == 3, ended.stdout + ended.stderr
    assert "the server behind, http://127.0.0.1:9, does not work: no connection" in ended.stderr
    assert "CONFORMANT" not in ended.stdout


def test_ctrl_c_keeps_the_verdict_so_far(tmp_path: Path) -> None:
    """The file is written, the plugin is gone, the exit code is that of an incomplete run."""
    file = tmp_path / "result.json"
    words = [sys.executable, "-m", "memconform", "plugin", "check", REFERENCE, "--json", str(file)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}) as run:
        assert run.stdout is not None
        while "tests " not in run.stdout.readline():
            pass
        time.sleep(3)
        run.send_signal(signal.SIGINT)
        said = run.stdout.read()
        assert run.wait(30) == 2, said
    result = written(file)
    assert result["run"]["stopped"] == "interrupted"
    assert "INCOMPLETE" in said
    assert result["verdict"]["conformance"] == "incomplete"


def test_every_requirement_of_clients_has_tests() -> None:
    """Each has one at least, with a promise."""
    tested = {test.requirement for test in client_tests()}
    assert tested == {row.id for row in requirements().values() if row.profile == "client"}
    assert all(test.promise.endswith(".") for test in client_tests())
