"""`memconform init`: what it sees, what it asks, what it writes, and what it leaves alone."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from memconform.baseline.file import read_baseline
from memconform.cli import main
from memconform.configuration import find_file, read_configuration
from memconform.project import look

FASTAPI = 'from fastapi import FastAPI\n\napp = FastAPI(title="memory")\n'
COMMIT = "commit -q --allow-empty -m first"
START = ("--start", "serve --port {port}")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a project with a repository of its own."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def init(*words: str) -> Result:
    """Run `memconform init` where nobody can answer."""
    return CliRunner().invoke(main, ["init", *words])


def remote(url: str) -> None:
    """Give the repository a remote."""
    subprocess.run(["git", "remote", "add", "origin", url], check=True)


def files(folder: Path) -> set[str]:
    """Return what is in a project, its repository apart."""
    found = (file.relative_to(folder) for file in folder.rglob("*") if file.is_file())
    return {str(file) for file in found if file.parts[0] != ".git"}


def test_a_new_project_gets_three_files(folder: Path) -> None:
    """Configuration, baseline, workflow: each is sound, and the next command is told."""
    said = init("--yes", *START)
    assert said.exit_code == 0, said.output
    assert files(folder) == {"memconform.toml", "memconform-baseline.toml", ".github/workflows/memconform.yml"}
    table = read_configuration(folder / "memconform.toml").table
    assert table == {"start": "serve --port {port}", "budget": "smoke", "baseline": "memconform-baseline.toml"}
    assert read_baseline(folder / "memconform-baseline.toml").entries == ()
    assert "Next: memconform check" in said.output


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_pyproject_keeps_its_comments_and_its_form(folder: Path, end: str) -> None:
    """Our table comes at the end, and not a byte of the rest changes."""
    before = end.join(["# mine", "[project]", 'name="x"   # why', "", "[tool.other] # o", "a = [", "  1,", "]", ""])
    (folder / "pyproject.toml").write_bytes(before.encode())
    assert init("--yes", *START).exit_code == 0
    after = (folder / "pyproject.toml").read_bytes().decode()
    assert after.startswith(before)
    assert tomllib.loads(after)["tool"]["memconform"]["budget"] == "smoke"
    assert find_file(folder) == folder / "pyproject.toml"
    assert not (folder / "memconform.toml").exists()


def test_nothing_is_overwritten_without_force(folder: Path) -> None:
    """What is there is kept and said so; --force replaces it, but never a baseline."""
    init("--yes", *START)
    places = [
        folder / "memconform.toml",
        folder / "memconform-baseline.toml",
        folder / ".github/workflows/memconform.yml",
    ]
    for place in places:
        place.write_text("# mine\n", encoding="utf-8")
    said = init("--yes", *START)
    assert said.output.count("kept") == 3
    assert {place.read_text() for place in places} == {"# mine\n"}
    assert init("--yes", "--force", *START).exit_code == 0
    assert [place.read_text() == "# mine\n" for place in places] == [False, True, False]


def test_a_table_in_pyproject_is_kept_until_forced(folder: Path) -> None:
    """The table alone is replaced; its neighbours stay."""
    (folder / "pyproject.toml").write_text("[tool.memconform]\nseed = 3\n\n[tool.z]\nb = 1 # b\n")
    assert "--force replaces it" in init("--yes", *START).output
    assert read_configuration(folder / "pyproject.toml").table == {"seed": 3}
    init("--yes", "--force", *START)
    assert read_configuration(folder / "pyproject.toml").table["start"] == "serve --port {port}"
    assert "[tool.z]\nb = 1 # b\n" in (folder / "pyproject.toml").read_text()


def test_there_are_never_two_configurations(folder: Path) -> None:
    """The file that is there is taken; asking for the other one is refused."""
    (folder / "pyproject.toml").write_text('[project]\nname = "x"\n')
    assert init("--yes", "--in", "memconform.toml", *START).exit_code == 0
    assert "kept         memconform.toml" in init("--yes", *START).output
    refused = init("--yes", "--in", "pyproject.toml", *START)
    assert (refused.exit_code, "is there already" in refused.output) == (2, True)
    (folder / "memconform.toml").unlink()
    init("--yes", *START)
    refused = init("--yes", "--in", "memconform.toml", *START)
    assert (refused.exit_code, "already" in refused.output) == (2, True)


def test_a_dry_run_writes_nothing(folder: Path) -> None:
    """It shows each file with what it would hold."""
    said = init("--yes", "--dry-run", *START)
    assert (said.exit_code, files(folder)) == (0, set())
    assert said.output.count("would write") == 3
    assert '+start = "serve --port {port}"' in said.output


def test_without_a_hint_it_asks_for_one(folder: Path) -> None:
    """Where nobody can answer and nothing suggests a start, exit 2 names the options, and nothing is written."""
    said = init()
    assert (said.exit_code, files(folder)) == (2, set())
    assert "--start" in said.output
    assert "--url" in said.output


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("--url", "ftp://x"), "http"),
        (("--url", "http://user:secret@host"), "MEMCONFORM_API_KEY"),
        (("--url", "http://127.0.0.1:9", "--restart"), "give --start, too"),
        (("--start", "x", "--action", "a/b@v1\n      - run: evil"), "OWNER/REPOSITORY@REF"),
    ],
)
def test_what_makes_no_sense_is_refused(folder: Path, words: tuple[str, ...], part: str) -> None:
    """Exit 2 before anything is written; no secret is repeated."""
    said = init("--yes", *words)
    assert (said.exit_code, files(folder)) == (2, set())
    assert part in said.output
    assert "secret@" not in said.output


@pytest.mark.parametrize(
    ("name", "text", "start"),
    [
        ("main.py", FASTAPI, "uvicorn main:app --port {port}"),
        ("service/api.py", "import starlette\nasgi: object = starlette.applications.Starlette()\n",
         "uvicorn service.api:asgi --port {port}"),
        ("src/memo/main.py", FASTAPI, "uvicorn --app-dir src memo.main:app --port {port}"),
        ("package.json", '{"scripts": {"start": "node server.js"}}', "PORT={port} npm start"),
        ("tests/test_app.py", FASTAPI, None),
        (".venv/lib/app.py", FASTAPI, None),
        ("main.py", "app = (", None),
        ("main.py", "def make():\n    app = FastAPI()\n", None),
        ("package.json", "[", None),
    ],
)  # fmt: skip
def test_the_start_is_seen(folder: Path, name: str, text: str, start: str | None) -> None:
    """An app of FastAPI or Starlette at the top of a module, or a start script of Node; never one of tests."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    assert look(folder).start == start


@pytest.mark.parametrize(
    ("url", "ci"),
    [("git@gitlab.com:a/b.git", "gitlab"), ("https://github.com/a/b", "github"), (None, "github")],
)
def test_the_host_is_seen_by_the_remote(folder: Path, url: str | None, ci: str) -> None:
    """GitLab by its name in the remote, or by its file; GitHub else."""
    if url:
        remote(url)
    assert look(folder).ci == ci


@pytest.mark.parametrize(
    ("commands", "branches"),
    [
        (["symbolic-ref HEAD refs/heads/trunk"], ["trunk"]),
        (["symbolic-ref HEAD refs/heads/c++"], ["c\\+\\+"]),
        (["symbolic-ref HEAD refs/heads/on"], ["on"]),
        ([COMMIT, "branch -M master", "checkout -q -b topic"], ["master"]),
        (
            [
                COMMIT,
                "update-ref refs/remotes/origin/next HEAD",
                "symbolic-ref refs/remotes/origin/HEAD refs/remotes/origin/next",
            ],
            ["next"],
        ),
        ([COMMIT, "branch -M topic", "checkout -q --detach"], None),
    ],
    ids=["unborn", "pattern", "yaml", "master", "remote", "detached"],
)
def test_pushes_to_the_default_branch_are_judged(folder: Path, commands: list[str], branches: list[str] | None) -> None:
    """The remote's, else main or master, else the current one; every branch where there is none."""
    for command in commands:
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b.example", *command.split()], check=True)
    assert init("--yes", "--ci", "github", *START).exit_code == 0
    workflow = yaml.load((folder / ".github/workflows/memconform.yml").read_text(), yaml.BaseLoader)
    assert workflow["on"]["push"] == ({"branches": branches} if branches else "")


def test_gitlab_gets_a_job_and_an_include(folder: Path) -> None:
    """A new .gitlab-ci.yml includes the job; one that is there is kept, and the line to add is told."""
    remote("https://gitlab.example/a/b.git")
    assert init("--yes", *START).exit_code == 0
    assert yaml.safe_load((folder / ".gitlab-ci.yml").read_text()) == {"include": [{"local": ".gitlab/memconform.yml"}]}
    assert "- local" not in init("--yes", *START).output
    (folder / ".gitlab-ci.yml").write_text("stages: [test]\n")
    assert "- local: .gitlab/memconform.yml" in init("--yes", *START).output
    assert (folder / ".gitlab-ci.yml").read_text() == "stages: [test]\n"
    job = yaml.safe_load((folder / ".gitlab" / "memconform.yml").read_text())["memconform"]
    assert job["artifacts"]["reports"]["junit"] in " ".join(job["script"])


@pytest.mark.parametrize("project", ["python", "node", "unknown"])
@pytest.mark.parametrize("action", [None, "owner/memconform@v1"])
def test_workflows_are_what_the_hosts_take(folder: Path, project: str, action: str | None) -> None:
    """Both are valid by the established schemas, for each kind of project."""
    if project == "python":
        (folder / "requirements.txt").write_text("fastapi\n")
    if project == "node":
        (folder / "package.json").write_text("{}")
    words = ["--action", action] if action else []
    for ci, file, name in (
        ("github", ".github/workflows/memconform.yml", "vendor.github-workflows"),
        ("gitlab", ".gitlab/memconform.yml", "vendor.gitlab-ci"),
    ):
        assert init("--yes", "--ci", ci, *START, *words).exit_code == 0
        command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", name, file]
        said_of_it = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        assert said_of_it.returncode == 0, said_of_it.stdout


@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_what_nobody_can_see_is_told(folder: Path, ci: str) -> None:
    """Where nothing tells how the server's packages are installed, the CI file has a hole, and `init` says so."""
    assert "To do: say in the CI file" in init("--yes", "--ci", ci, *START).output
    (folder / "requirements.txt").write_text("fastapi\n")
    assert "To do" not in init("--yes", "--force", "--ci", ci, *START).output


def test_keys_of_both_principals_reach_the_run(folder: Path) -> None:
    """Without the second one tenancy would be inconclusive, and a right server's first push red."""
    assert init("--yes", *START).exit_code == 0
    job = yaml.safe_load((folder / ".github" / "workflows" / "memconform.yml").read_text())["jobs"]["conformance"]
    assert {*job["env"]} == {"MEMCONFORM_API_KEY", "MEMCONFORM_SECOND_API_KEY"}


def test_whether_it_may_be_restarted_is_written(folder: Path) -> None:
    """Only where it was said, for only its user knows whether the command finds its data again."""
    assert init("--yes", "--restart", *START).exit_code == 0
    assert read_configuration(folder / "memconform.toml").table["restart"] is True


def test_ci_none_writes_no_pipeline(folder: Path) -> None:
    """Configuration and baseline only."""
    assert init("--yes", "--ci", "none", *START).exit_code == 0
    assert files(folder) == {"memconform.toml", "memconform-baseline.toml"}


def test_on_a_terminal_it_asks_little(folder: Path) -> None:
    """Two questions, each with what was seen as its default."""
    (folder / "main.py").write_text(FASTAPI)
    own, other = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "memconform", "init"], cwd=folder, stdin=other, stdout=other, stderr=other
    )
    os.close(other)
    said, answers = "", {"Command [uvicorn main:app --port {port}]:": b"\n", "[github]:": b"none\n"}
    while select.select([own], [], [], 20)[0]:
        try:
            said += os.read(own, 4096).decode()
        except OSError:
            break
        for question in [each for each in answers if each in said]:
            os.write(own, answers.pop(question))
    os.close(own)
    assert process.wait(20) == 0, said
    assert not answers
    assert read_configuration(folder / "memconform.toml").table["start"] == "uvicorn main:app --port {port}"
    assert not (folder / ".github").exists()
