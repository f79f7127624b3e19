"""The documents say what is true: their commands run, their links lead somewhere, their tables are complete."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from memconform.cli import main
from memconform.cli.manual import pages

from .command_lines import fault
from .links import broken
from .reading import DOCS, ROOT, documents, read, run_documents
from .running import Stage

HAND_WRITTEN = ("tutorial", "how-to", "reference", "explanation")


@pytest.fixture(scope="module")
def reference_server() -> Iterator[int]:
    """Yield the port of an open reference server, for all documents whose reader has a server."""
    command = [sys.executable, "-m", "memconform", "serve", "--port", "0", "--no-access-log"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"http://127\.0\.0\.1:(\d+)", process.stdout.readline())
            assert found, "the reference server did not start"
            yield int(found[1])
        finally:
            process.terminate()


@pytest.mark.parametrize("path", run_documents(), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_what_a_document_shows_happens(path: Path, tmp_path: Path, reference_server: int) -> None:
    """Each command of a tutorial or a how-to runs, prints the lines that the page shows, and ends as it says."""
    document = read(path)
    with Stage(tmp_path, {document.server: reference_server} if document.server else {}) as stage:
        stage.play(document)


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_command_line_exists(path: Path) -> None:
    """Commands, groups and options of memconform, and targets of make, are there, those that cannot be run here too."""
    document = read(path)
    wrong = [
        f"line {block.line}: {command.line}: {found}"
        for block in document.consoles()
        for command in block.commands()
        if (found := fault(command.line))
    ]
    assert wrong == []


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(path: Path) -> None:
    """Files are there, and anchors are headings of them."""
    assert broken(path) == []


@pytest.mark.parametrize("path", run_documents(), ids=lambda path: path.stem)
def test_what_is_not_run_has_a_reason(path: Path) -> None:
    """A block of commands that is left out says why."""
    reasons = [block.marks["not run"] for block in read(path).blocks if "not run" in block.marks]
    assert all(len(reason.split()) >= 3 for reason in reasons), reasons


def test_the_map_names_every_page() -> None:
    """docs/README.md links each page of the four folders."""
    shown = (DOCS / "README.md").read_text("utf-8")
    pages = [path.relative_to(DOCS).as_posix() for name in HAND_WRITTEN for path in sorted((DOCS / name).glob("*.md"))]
    assert [page for page in pages if f"]({page})" not in shown] == []


@pytest.mark.parametrize("name", ["commands.md", "configuration.md"])
def test_pages_that_are_made_are_up_to_date(name: str) -> None:
    """They are what the program's own help and the schema of the configuration say now."""
    again = "run: python -m memconform.cli.manual docs/reference"
    assert (DOCS / "reference" / name).read_text("utf-8") == pages()[name], again


def test_every_variable_is_listed() -> None:
    """The page of environment variables has each one that the sources name, and no other."""
    folders = ("conformance", "fixtures", "loadtests")
    named = {
        name
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        for name in re.findall(r"\bMEMCONFORM_[A-Z_]+\b", path.read_text("utf-8"))
    }
    of_options = tuple(f"MEMCONFORM_{name}_" for name in ("CHECK", "LOAD", "CAPACITY", "COMPARE", "CLEANUP"))
    internal = {"MEMCONFORM_LOAD", "MEMCONFORM_STARTED"}  # from a command to what it starts
    wanted = {name for name in named - internal if not name.startswith(of_options)}
    rows = re.findall(
        r"^\| `(MEMCONFORM_[A-Z_]+)` \|", (DOCS / "reference/environment.md").read_text("utf-8"), re.MULTILINE
    )
    assert sorted(rows) == sorted(wanted)


def test_every_result_file_is_listed() -> None:
    """Each schema of a result has its row, with its format."""
    page = (DOCS / "reference/result-files.md").read_text("utf-8")
    for path in sorted((ROOT / "schemas/results").glob("*.schema.json")):
        written = json.loads(path.read_text("utf-8"))["properties"]["format"]["const"]
        assert f"| `{written}` | " in page, written
        assert f"schemas/results/{path.name})" in page, path.name


def test_the_workflow_that_is_shown_is_one() -> None:
    """What the page about CI gives to the action are inputs that it has; the job of GitLab and the hook are there."""
    shown = [
        yaml.safe_load(block.text) for block in read(DOCS / "how-to/check-in-ci.md").blocks if block.language == "yaml"
    ]
    github, gitlab, hooks = shown
    step = github["jobs"]["check"]["steps"][-1]
    assert step["uses"].startswith("OWNER/memconform@")
    assert set(step["with"]) <= set(yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))["inputs"])
    assert gitlab["memconform"]["extends"] in yaml.safe_load((ROOT / "ci/gitlab.yml").read_text("utf-8"))
    offered = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))}
    assert {hook["id"] for hook in hooks["repos"][0]["hooks"]} <= offered


def test_the_baseline_that_is_shown_is_one(tmp_path: Path) -> None:
    """The example of the reference page is read without a complaint."""
    (text,) = (block.text for block in read(DOCS / "reference/baseline.md").blocks if block.language == "toml")
    file = tmp_path / "baseline.toml"
    file.write_text(text, "utf-8")
    said = CliRunner().invoke(main, ["baseline", "show", "--baseline", str(file)])
    assert said.exit_code == 0, said.output
    assert "CORE-13" in said.output


def test_the_readme_is_read_in_three_minutes() -> None:
    """What it shows and says stays short; the detail is in docs/."""
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 150
