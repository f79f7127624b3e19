"""The GitLab template and the pre-commit hooks: valid, and their commands run as the hosts run them."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from .conftest import ROOT, environment

JOBS = yaml.safe_load((ROOT / "ci" / "gitlab.yml").read_text(encoding="utf-8"))
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
Job = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def job(tmp_path: Path, installed: Path) -> Job:
    """Return a function that runs the script of a job in a checkout, with these CI/CD variables."""
    (tmp_path / ".git").mkdir()
    shutil.copytree(installed, tmp_path / ".memconform", symlinks=True)

    def run(name: str, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
        own = JOBS[name]
        values = {**JOBS[".memconform"]["variables"], **own["variables"], "MEMCONFORM_PACKAGE": "memconform"}
        path = f"{installed / 'bin'}:{environment()['PATH']}"
        return subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", "\n".join(own["script"])],
            cwd=tmp_path,
            env={**environment(), **values, "PATH": path, **variables},
            capture_output=True,
            text=True,
            timeout=200,
        )

    return run


@pytest.mark.parametrize(("options", "code"), [("", 0), (" --defect second-delete-is-204", 1)], ids=["good", "defect"])
def test_the_job_ends_with_the_verdict(job: Job, tmp_path: Path, options: str, code: int) -> None:
    """Variables are the options; the JUnit report lies where the job says; the exit code is that of the check."""
    variables = {
        "MEMCONFORM_CHECK_START": f"memconform serve --no-access-log --port {{port}}{options}",
        "MEMCONFORM_CHECK_REQUIREMENTS": "CORE-13",
        "MEMCONFORM_CHECK_BUDGET": "smoke",
    }
    ended = job(".memconform", variables)
    assert ended.returncode == code, ended.stdout + ended.stderr
    junit = tmp_path / JOBS[".memconform"]["artifacts"]["reports"]["junit"]
    assert bool(list(ET.parse(junit).getroot().iter("failure"))) is bool(code)
    run = json.loads((tmp_path / "memconform-results" / "conformance.json").read_text())["run"]
    assert (run["budget"], run["requests"]["total"] > 0) == ("smoke", True)


def test_the_load_job_has_its_objectives_in_a_variable(job: Job, tmp_path: Path) -> None:
    """One objective a line, with blanks; one that is not met is exit 1, or 3 where this machine is too busy to tell."""
    variables = {
        "MEMCONFORM_LOAD_START": "memconform serve --no-access-log --port {port}",
        "MEMCONFORM_LOAD_SLO": "violations = 0\nsearch.p50 < 1us",
        "MEMCONFORM_LOAD_DURATION": "3s",
        "MEMCONFORM_LOAD_RATE": "20",
    }
    ended = job(".memconform-load", variables)
    assert ended.returncode in (1, 3), ended.stdout + ended.stderr
    objectives = json.loads((tmp_path / "memconform-results" / "load.json").read_text())["slo"]
    assert [each["objective"] for each in objectives] == ["violations = 0", "search.p50 < 1us"]


def test_a_failing_job_fails_the_pipeline() -> None:
    """allow_failure is off, and files are kept whatever the verdict."""
    assert JOBS[".memconform"]["allow_failure"] is False
    assert JOBS[".memconform"]["artifacts"]["when"] == "always"
    assert JOBS[".memconform-load"]["extends"] == ".memconform"


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("ci/gitlab.yml", "vendor.gitlab-ci"),
        ("action.yml", "vendor.github-actions"),
        (".github/workflows/ci.yml", "vendor.github-workflows"),
    ],
)
def test_files_are_what_the_hosts_take(file: str, name: str) -> None:
    """The established schemas accept them."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", name, str(ROOT / file)]
    said = subprocess.run(command, capture_output=True, text=True)
    assert said.returncode == 0, said.stdout + said.stderr


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: str(hook["id"]))
def test_hooks_run_as_pre_commit_runs_them(hook: dict[str, Any], installed: Path, tmp_path: Path) -> None:
    """The entry with many file names: quiet and 0 for good and foreign ones, 1 with a line for a bad one."""
    (tmp_path / "memconform.toml").write_text("seed = 1\n")
    (tmp_path / "package.json").write_text('{"name": "x"}\n')
    (tmp_path / "schema.json").write_text('{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": 3}\n')
    command, *words = shlex.split(hook["entry"])

    def run(*names: str) -> subprocess.CompletedProcess[str]:
        line = [str(installed / "bin" / command), *words, *names]
        return subprocess.run(line, cwd=tmp_path, env=environment(), capture_output=True, text=True)

    good = run("memconform.toml", "package.json")
    assert (good.returncode, good.stdout, good.stderr) == (0, "", "")
    bad = run("memconform.toml", "schema.json")
    assert bad.returncode == 1
    assert bad.stdout.startswith("schema.json:1: /type: ")
