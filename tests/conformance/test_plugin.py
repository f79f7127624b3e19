"""The pytest plugin: nothing without a server, a good guest in another project's run with one."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from memconform.contract import validator
from memconform.serving import served

THEIRS = {
    "conftest.py": """
        import pytest

        @pytest.fixture(autouse=True)
        def memory():
            return "theirs"

        @pytest.fixture(autouse=True)
        def scope(memory):
            yield memory
        """,
    "tests/test_search.py": """
        def test_search(memory, scope):
            assert memory == scope == "theirs"
        """,
    "pytest.ini": """
        [pytest]
        testpaths = tests
        python_files = check_*.py test_search.py
        python_functions = test_search
        filterwarnings = error
        """,
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Write another project with tests, fixtures and settings of its own, some named like ours."""
    for name, text in THEIRS.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip())
    return tmp_path


def run_pytest(memconform: Any, *words: str, installed: bool = False) -> subprocess.CompletedProcess[str]:
    """Run pytest in the test's folder as its owner would; `installed`: with every plugin that is installed here."""
    plugins = [] if installed else ["-p", "memconform.plugin"] + ["-p", "xdist"] * ("-n" in words)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *plugins, *words],
        cwd=memconform.folder,
        env=memconform.environment({} if installed else {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}),
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_without_a_server_the_plugin_is_not_there(memconform: Any, project: Path) -> None:
    """No test of ours, no fixture, no word in the report."""
    assert project == memconform.folder
    ran = run_pytest(memconform, "-v", installed=True)
    assert ran.returncode == 0, ran.stdout
    assert "1 passed" in ran.stdout
    assert "conformance" not in ran.stdout.split("collected", 1)[1]
    fixtures = run_pytest(memconform, "--fixtures", "--collect-only", installed=True).stdout
    assert "memconform" not in fixtures.split("collected", 1)[1]


def test_without_a_server_nothing_heavy_is_imported() -> None:
    """Every pytest run of everybody who has us installed loads the plugin: it must cost next to nothing."""
    code = (
        "import pytest, sys; before = set(sys.modules); import memconform.plugin\n"
        "print(*sorted({name.split('.')[0] for name in set(sys.modules) - before}))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"httpx", "httpcore", "hypothesis", "jsonschema", "jsonschema_rs", "yaml", "schemathesis", "click", "numpy"}
    assert not heavy & set(loaded)


def test_both_suites_run_side_by_side(memconform: Any, project: Path, reference: str) -> None:
    """Their fixtures named like ours, their naming rules and strict warnings change nothing; -k and junit work."""
    ran = run_pytest(
        memconform, f"--memory-url={reference}", "--memory-budget=smoke", "-k", "CORE-13 or test_search",
        "--memory-json=out/result.json", "--junitxml=junit.xml", "-v", installed=True,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout
    assert re.search(r"test_search\.py::test_search PASSED", ran.stdout)
    assert "memory API conformance" in ran.stdout
    assert "CONFORMANT in what was selected" in ran.stdout
    assert "\x1b" not in ran.stdout
    result = json.loads((project / "out" / "result.json").read_text())
    assert validator("conformance").errors(result) == []
    assert {test["requirement"] for test in result["tests"]} >= {"CORE-13"}
    assert result["verdict"]["partial"] is True
    assert 'value="CORE-13"' in (project / "junit.xml").read_text()


def test_a_finding_fails_their_run(memconform: Any, project: Path) -> None:
    """A broken requirement fails the run and is told in words, in the report and in the junit file; -m selects it."""
    with served(["--defect", "second-delete-is-204"], {"MEMCONFORM_SERVER_API_KEYS": ",".join(memconform.keys)}) as url:
        (project / "pytest.ini").write_text(f"[pytest]\ntestpaths = tests\nmemory_url = {url}\nmemory_budget = smoke\n")
        ran = run_pytest(memconform, "-m", "requirement", "--memory-requirement=core-13", "--junitxml=junit.xml")
    assert ran.returncode == 1, ran.stdout
    assert "1 failed" in ran.stdout
    assert "expected" in ran.stdout
    assert "curl" in ran.stdout
    junit = (project / "junit.xml").read_text()
    assert "observed" in junit
    assert "204" in junit


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("--memory-requirement=CORE-99", "no requirement of the contract"),
        ("--memory-profile=serach", "did you mean search"),
        ("--memory-url=nowhere", "http"),
        ("--memory-timeout=0", "timeout"),
    ],
)
def test_bad_use_stops_their_run(memconform: Any, project: Path, word: str, message: str) -> None:
    """A misspelt name selects nothing, and a run that selects nothing must not look green."""
    assert project.is_dir()
    ran = run_pytest(memconform, "--memory-url=http://127.0.0.1:1", word)
    assert ran.returncode == pytest.ExitCode.USAGE_ERROR, ran.stdout
    assert message in ran.stderr
    assert "Traceback" not in ran.stderr


def test_two_processes_give_the_verdict_of_one(memconform: Any, project: Path, reference: str) -> None:
    """Under xdist the same tests come to the same verdict; each process lives the shared stories; nothing is left."""
    (project / "tests" / "test_search.py").unlink()
    results = []
    for name, words in (("one", ()), ("two", ("-n", "2"))):
        ran = run_pytest(
            memconform, f"--memory-url={reference}", "--memory-budget=smoke", f"--memory-json={name}.json",
            "--memory-requirement=CORE-13", "--memory-requirement=CORE-20", "--memory-requirement=CORE-28", *words,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stdout
        results.append(json.loads((project / f"{name}.json").read_text()))
    one, two = results
    assert two["verdict"] == one["verdict"]
    sent, bounds = ([each["run"]["requests"][name] for each in results] for name in ("tests", "bound"))
    assert sent[0] <= sent[1] <= 2 * sent[0]
    assert bounds[0] < bounds[1] <= 2 * bounds[0]
    assert all(requests <= bound for requests, bound in zip(sent, bounds, strict=True))
    assert two["run"]["planned_tests"] == one["run"]["planned_tests"] > 2
    assert sorted(test["test"] for test in two["tests"]) == sorted(test["test"] for test in one["tests"])
    assert two["leaks"] == one["leaks"] == []
    assert memconform.ledgers() == []
