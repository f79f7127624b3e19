"""The GitHub Action, run locally step by step: against the reference, against a defect, and where nothing starts."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml

from memconform.contract import validator

from .conftest import ROOT
from .run_action import Ended

ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
SERVE = "memconform serve --no-access-log --port {port}"
ONE = "--requirement CORE-13"
Act = Callable[..., Ended]


def files(ended: Ended) -> Path:
    """Return the folder of the artifact."""
    return Path(ended.outputs["results"])


def test_the_reference_passes(act: Act) -> None:
    """Exit 0, every output, every report, a summary; the artifact is uploaded; the address of the site is linked."""
    ended = act(start=SERVE, budget="smoke", arguments=ONE, specification="https://example.org/spec")
    assert ended.exit_code == 0, ended.say()
    assert ended.outputs["exit-code"] == "0"
    assert ended.outputs["conformance"] == "conformant"
    assert ended.outputs["load-exit-code"] == ""
    result = json.loads(Path(ended.outputs["result"]).read_text())
    assert validator("conformance").errors(result) == []
    assert result["run"]["budget"] == "smoke"
    wanted = {"conformance.json", "conformance.html", "conformance.md", "junit.xml", "conformance.sarif"}
    assert {*wanted, "badge.svg", "badge.json", "server.log"} <= {file.name for file in files(ended).iterdir()}
    assert (files(ended) / "conformance.md").read_text() == ended.summary
    assert ended.summary
    assert [step.outcome for step in ended.steps] == ["listed", "success", "success", "skipped", "listed", "success"]
    upload = ended.step("Keep the files")
    assert upload.uses == "actions/upload-artifact@v4"
    assert (upload.given["name"], upload.given["path"]) == ("memconform", str(files(ended)))


def test_a_restart_is_asked_for_by_an_input(act: Act) -> None:
    """CORE-26 is judged where the input says so, and the server that was started again is ended."""
    start = f"{SERVE} --data memories.db"
    ended = act(start=start, restart="true", arguments="--requirement CORE-26", budget="smoke", specification="x")
    assert ended.exit_code == 0, ended.say()
    assert ended.outputs["conformance"] == "conformant"
    assert "--restart" in json.loads(Path(ended.outputs["result"]).read_text())["run"]["command"].split()


def test_a_defect_fails_the_job_after_the_files_are_kept(act: Act) -> None:
    """Exit 1: JUnit and summary name the requirement, the upload comes before the job fails; the site is made."""
    ended = act(start=f"{SERVE} --defect second-delete-is-204", budget="smoke", arguments=ONE)
    assert (ended.exit_code, ended.outputs["exit-code"]) == (1, "1"), ended.say()
    assert ended.outputs["conformance"] == "not conformant"
    assert "CORE-13" in ended.summary
    junit = ET.parse(files(ended) / "junit.xml").getroot()
    assert [case.get("name") for case in junit.iter("testcase") if case.find("failure") is not None]
    assert ended.step("Judge the server").outcome == "success"
    assert ended.step("Keep the files").outcome == "listed"
    assert "::error title=memconform check::exit code 1" in ended.step("Conclude").output
    assert (files(ended) / "specification" / "requirements.html").is_file()
    assert "specification/requirements.html#CORE-13" in (files(ended) / "conformance.html").read_text()


def test_a_server_that_does_not_start_is_3(act: Act) -> None:
    """Exit 3 with the server's last words; there is no result, and the log of the server is kept."""
    ended = act(start="sh -c 'echo no such database; exit 7' {port}", specification="https://example.org/spec")
    assert (ended.exit_code, ended.outputs["exit-code"]) == (3, "3"), ended.say()
    assert (ended.outputs["result"], ended.outputs["conformance"]) == ("", "")
    assert "no such database" in ended.step("Judge the server").output
    assert (files(ended) / "server.log").read_text() == "no such database\n"
    assert ended.step("Keep the files").outcome == "listed"


def test_a_second_use_in_one_job_has_files_of_its_own(act: Act) -> None:
    """After a server that passed, one that does not start has no verdict, no summary and no file of the first."""
    first = act(start=SERVE, budget="smoke", arguments=ONE, specification="https://example.org/spec")
    second = act(start="sh -c 'exit 7' {port}", specification="https://example.org/spec")
    assert first.outputs["conformance"] == "conformant", first.say()
    assert (second.outputs["conformance"], second.outputs["badge"], second.outputs["result"]) == ("", "", "")
    assert second.outputs["exit-code"] == "3"
    assert second.summary == first.summary  # one file for the job, and nothing added
    assert [file.name for file in files(second).iterdir()] == ["server.log"]
    assert Path(first.outputs["result"]).is_file()


def test_a_long_summary_is_cut_at_a_line(tmp_path: Path) -> None:
    """GitHub drops a summary of more than 1 MiB whole: it ends before, and says where the rest is."""
    (tmp_path / "long.md").write_text("é" * 99 + "\n" + "line of the summary\n" * 60_000)
    code = "import os, pathlib, action; action._summarise(os.environ, pathlib.Path('long.md'))"
    told = {
        "INPUT_SUMMARY": "true",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "PYTHONPATH": str(ROOT / "ci"),
    }
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, **told}, check=True)
    text = (tmp_path / "summary.md").read_text()
    assert len(text.encode()) < 1024 * 1024
    assert text.endswith("\nline of the summary\n\nThe rest is in the files of the artifact.\n")


def test_the_configuration_speaks_where_inputs_do_not(act: Act, tmp_path: Path) -> None:
    """Without an input the job's memconform.toml decides; an input overrides it."""
    (tmp_path / "work" / "memconform.toml").write_text(f'start = "{SERVE}"\nbudget = "smoke"\nprofiles = ["history"]\n')
    (tmp_path / "work" / "service").mkdir()
    ended = act(working_directory="service", profiles="filters, supersession", specification="https://example.org")
    assert ended.exit_code == 0, ended.say()
    run = json.loads(Path(ended.outputs["result"]).read_text())["run"]
    assert run["budget"] == "smoke"
    assert "--profile filters --profile supersession" in run["command"]
    assert "history" not in run["command"]


def test_a_load_test_follows_with_its_objectives(act: Act) -> None:
    """An objective that cannot be met fails the job though the check passed, and both are in the summary.

    The exit code is 1, or 3 where this machine is too busy to measure.
    """
    ended = act(
        start=SERVE, budget="smoke", arguments=ONE, specification="https://example.org/spec", duration="3s", rate="20",
        users="5", slo="violations=0\nsearch.p50 < 1us\n",
    )  # fmt: skip
    assert ended.outputs["exit-code"] == "0", ended.say()
    assert ended.outputs["load-exit-code"] in ("1", "3"), ended.say()
    assert ended.exit_code == int(ended.outputs["load-exit-code"])
    load = json.loads((files(ended) / "load.json").read_text())
    assert len(load["slo"]) == 2
    assert ended.summary.endswith((files(ended) / "load.md").read_text())


def test_an_input_is_no_script(act: Act, tmp_path: Path) -> None:
    """Quotes, substitutions and line ends in inputs are words of one option, not commands of a shell."""
    evil = "$(touch pwned)`touch pwned`\"; touch pwned; '"
    ended = act(url="http://127.0.0.1:9", profiles=evil, budget=evil, slo=evil, rate=evil, specification="x")
    assert ended.outputs["exit-code"] == "2", ended.say()
    assert not list(tmp_path.rglob("pwned"))


def test_what_the_server_says_is_no_command_of_the_runner(act: Act) -> None:
    """Between the two marks the runner obeys no `::command::`, and the mark cannot be guessed."""
    said = act(start="sh -c 'echo ::error::forged; exit 1' {port}", specification="x").step("Judge the server").output
    token = re.search(r"^::stop-commands::([0-9a-f]{32})$", said, re.MULTILINE)
    assert token
    assert said.index(token[0]) < said.index("::error::forged") < said.index(f"\n::{token[1]}::")


def test_a_key_comes_in_the_environment(act: Act) -> None:
    """The key of the step's environment reaches the run and the server, and no file and no output has it."""
    keys = {"MEMCONFORM_API_KEY": "first-key-0123", "MEMCONFORM_SERVER_API_KEYS": "first-key-0123,second-key-4567"}
    ended = act(env=keys, start=SERVE, budget="smoke", arguments=ONE, specification="https://example.org/spec")
    assert ended.exit_code == 0, ended.say()
    assert "first-key" not in ended.say() + ended.summary
    assert not [file for file in files(ended).iterdir() if b"first-key" in file.read_bytes()]


def test_no_summary_and_no_artifact_where_none_is_wanted(act: Act) -> None:
    """summary: false and an empty artifact name leave both out."""
    ended = act(url="http://127.0.0.1:9", arguments=ONE, summary="false", artifact="", specification="x")
    assert (ended.exit_code, ended.summary) == (3, "")
    assert ended.step("Keep the files").outcome == "skipped"


def test_a_step_that_fails_itself_fails_the_job(act: Act) -> None:
    """Where the check could not even run, the job ends with 4, never with 0."""
    ended = act(working_directory=".", arguments="'unbalanced", specification="x")
    assert ended.step("Judge the server").outcome == "failure"
    assert ended.exit_code == 4
    assert "the step itself failed" in ended.step("Conclude").output


def test_inputs_reach_shells_through_the_environment_alone() -> None:
    """No script of the action, and of our workflows, has an expression in it."""
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    steps = [*ACTION["runs"]["steps"], *(step for job in workflow["jobs"].values() for step in job["steps"])]
    assert sum("run" in step for step in steps) > 5
    for step in steps:
        assert "${{" not in step.get("run", "")


def test_every_input_is_used() -> None:
    """No input is declared and forgotten, and each is described."""
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    used = set(re.findall(r"inputs\.([a-z-]+)", text))
    assert used == {*ACTION["inputs"]}
    assert all(row["description"] for row in [*ACTION["inputs"].values(), *ACTION["outputs"].values()])


@pytest.mark.parametrize("script", sorted((ROOT / "ci").glob("*.sh")), ids=lambda file: file.name)
def test_scripts_are_clean(script: Path) -> None:
    """ShellCheck finds nothing, where it is installed; bash at least reads them."""
    assert subprocess.run(["bash", "-n", script]).returncode == 0
    if shutil.which("shellcheck"):
        said = subprocess.run(["shellcheck", script], capture_output=True, text=True)
        assert said.returncode == 0, said.stdout
