"""The smaller commands: what they print, and that every one of them explains itself."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner, Result

from memconform.cli import _COMMANDS, main
from memconform.cli.plugin import _COMMANDS as PLUGIN
from memconform.clients.bends import plugin_defects, plugin_variants
from memconform.contract import requirements
from memconform_server.defects import defects
from memconform_server.defects_under_load import defects_under_load, variants_under_load
from memconform_server.variants import variants


def run(*words: str) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(main, list(words))


@pytest.mark.parametrize("words", [(name,) for name in _COMMANDS] + [("plugin", name) for name in PLUGIN], ids=" ".join)
def test_every_command_explains_itself(words: tuple[str, ...]) -> None:
    """--help of each is exit 0, describes every option and keeps the lines of its examples."""
    said = run(*words, "--help")
    assert said.exit_code == 0, said.output
    assert said.output.startswith("Usage: ")
    assert "\\b" not in said.output
    assert run(*words, "--no-such-option").exit_code == 2


def test_the_list_of_commands_is_quick() -> None:
    """--help imports nothing heavy, and names each command."""
    code = "import sys\nfrom memconform.cli import main\ntry: main(['--help'])\nexcept SystemExit: print(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert all(f"\n  {name} " in said for name in _COMMANDS)
    loaded = set(said.splitlines()[-1].split())
    assert not {"pytest", "hypothesis", "httpx", "yaml", "memconform_server", "jsonschema"} & loaded
    assert run("--version").output.startswith("main ") or "memconform" in run("--version").output


def test_an_unknown_command_is_refused() -> None:
    """Exit 2 and the name."""
    said = run("chekc")
    assert said.exit_code == 2
    assert "chekc" in said.output


@pytest.mark.parametrize("name", requirements())
def test_every_requirement_can_be_explained(name: str) -> None:
    """Statement, reason and source of each; tests and defects of those that have them."""
    said = run("explain", name.lower(), "--json")
    assert said.exit_code == 0, said.output
    told = json.loads(said.output)
    assert (told["id"], bool(told["statement"]), bool(told["why"])) == (name, True, True)
    breakers = [each.name for each in defects().values() if each.breaks == name]
    breakers += [each.name for each in plugin_defects().values() if each.breaks == name]
    assert breakers
    assert [each["name"] for each in told["defects"]] == breakers


def test_an_explanation_is_readable() -> None:
    """The words for people have the statement, how it is tested, the tests and the defects, in lines that fit."""
    said = run("explain", "CORE-16").output
    for part in ("CORE-16 (MUST, profile core)", "statement", "why", "how", "test ", "defect "):
        assert part in said
    assert max(map(len, said.splitlines())) <= 110
    near = run("explain", "CORE16")
    assert (near.exit_code, "did you mean CORE-16" in near.output) == (2, True)


def test_the_list_of_requirements_is_whole() -> None:
    """One line each; those that are not tested are in brackets; a profile or a level narrows it."""
    lines = run("requirements").output.splitlines()
    assert len(lines) == len(requirements())
    for line, row in zip(lines, requirements().values(), strict=True):
        assert line.split()[0] == (f"({row.id})" if row.not_tested else row.id)
    assert len(json.loads(run("requirements", "--json").output)) == len(lines)
    should = run("requirements", "--profile", "core", "--level", "should")
    assert {line.split()[1] for line in should.output.splitlines()} == {"SHOULD"}
    unknown = run("requirements", "--profile", "serach")
    assert (unknown.exit_code, "search" in unknown.output) == (2, True)


def test_the_list_of_defects_is_whole() -> None:
    """Every defect with what it breaks or what finds it, every variant; one requirement narrows it."""
    rows = json.loads(run("defects", "--json").output)
    always = {*defects(), *variants(), *plugin_defects(), *plugin_variants()}
    assert {row["name"] for row in rows} == always | {*defects_under_load(), *variants_under_load()}
    assert {row["name"] for row in rows if row.get("found_by")} == {*defects_under_load()}
    lines = run("defects").output.splitlines()
    assert len(lines) == len(rows)
    assert {line.split()[0] for line in run("defects", "--requirement", "core-13").output.splitlines()} == {"CORE-13"}


def test_cleanup_without_a_run_lists_what_is_left(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    """Nothing left is said in words, also where no run ever was; a run that is not known is exit 2."""
    monkeypatch.setenv("MEMCONFORM_STATE", f"{tmp_path}/never")
    said = run("cleanup")
    assert (said.exit_code, said.output) == (0, "no run left anything behind\n")
    for name in ("0123abcd", "../../etc", "*", ""):
        assert run("cleanup", "--run-id", name).exit_code == 2
