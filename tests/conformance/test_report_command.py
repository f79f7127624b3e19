"""`memconform report`: any result in any form, at any time; what is no result is refused in words, and early."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from memconform.cli import main
from memconform.cli.plugin.check import command as plugin_check
from memconform.cli.report import command
from memconform.contract import schema
from memconform.report import markdown
from memconform.report.files import STEP_SUMMARY_BYTES
from memconform.report.forms import FORMS
from memconform.report.next_steps import next_steps
from memconform.report.terminal import verdict_lines

from .report_results import client, judged, with_baseline


def written(folder: Path, document: Any) -> Path:
    """Write a document as JSON and return its file."""
    file = folder / "result.json"
    file.write_text(json.dumps(document))
    return file


def called(*words: object) -> Result:
    """Run the command."""
    return CliRunner().invoke(command, [str(word) for word in words])


def refused(*words: object) -> str:
    """Run the command, which must refuse, and return what it said, on one line."""
    ended = called(*words)
    assert ended.exit_code == 2, ended.output
    assert "Traceback" not in ended.output
    return " ".join(ended.stderr.split())


def test_it_prints_the_verdict_as_check_did(memconform: Any, reference: str, tmp_path: Path) -> None:
    """Line by line what the check printed after its plan, whatever the verdict was, with exit code 0."""
    checked = memconform.check(reference, "--requirement", "CORE-13", "--budget", "smoke")
    said = called(written(tmp_path, checked.result))
    assert said.exit_code == 0
    assert said.stdout.strip()
    assert checked.out.endswith(f"\n{said.stdout}")
    assert "\x1b" not in said.stdout


def test_it_reports_a_failure_without_failing(tmp_path: Path) -> None:
    """Reporting worked: the exit code is not that of the verdict."""
    ended = called(written(tmp_path, judged(("CORE-13", "fail"))))
    assert ended.exit_code == 0
    for part in ("FAIL CORE-13 (MUST)", "observed", "curl", "again", "NOT CONFORMANT"):
        assert part in ended.stdout


def test_it_writes_every_form_at_once(tmp_path: Path) -> None:
    """A file for each form, folders made where they are missing, and all of them are named at the end."""
    folder = tmp_path / "new" / "deep"
    options = [word for form in FORMS for word in (form.option, folder / form.option.strip("-"))]
    for result in (judged(("CORE-13", "fail")), client()):
        ended = called(written(tmp_path, result), *options, "--specification", "https://spec.example")
        assert ended.exit_code == 0, ended.output
        for form in FORMS:
            file = folder / form.option.strip("-")
            assert str(file) in ended.stdout
            assert file.stat().st_size > 100
            file.unlink()


def test_results_of_clients_are_reported(tmp_path: Path) -> None:
    """As `plugin check` prints them."""
    ended = called(written(tmp_path, client()))
    assert "FAIL CLIENT-04 (MUST)" in ended.stdout
    assert "NOT CONFORMANT" in ended.stdout


def test_clients_are_reported_by_their_own_check_too() -> None:
    """`memconform plugin check` has every form that `check` has."""
    options = {name for each in plugin_check.params if isinstance(each, click.Option) for name in each.opts}
    assert {form.option for form in FORMS} | {"--specification", "--json"} <= options


def test_a_load_test_is_sent_on(tmp_path: Path) -> None:
    """The message is the command that reports it."""
    file = written(tmp_path, schema("load")["examples"][0])
    assert f"Try: memconform load report {file}" in refused(file)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ('{"format": "memconform.conf', "is no JSON, or only a part of it"),
        ("[]", "no member 'format'"),
        ('{"format": "memconform.conformance/9"}', "newer memconform"),
        ('{"format": "memconform.conformance/1"}', "damaged"),
        ("\x00", "is no JSON"),
    ],
)
def test_what_is_no_result_is_refused(text: str, message: str, tmp_path: Path) -> None:
    """Exit 2, one message that says what is wrong, and no form is written."""
    file = tmp_path / "result.json"
    file.write_text(text)
    assert message in refused(file, "--badge", tmp_path / "badge.svg")
    assert not (tmp_path / "badge.svg").exists()


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    """Before anything is read where that can be known (exit 2), else as a failure of ours (exit 4)."""
    file = written(tmp_path, client())
    assert "cannot be written" in refused(file, "--junit", "/proc/nowhere/junit.xml")
    ended = called(file, "--junit", "/dev/full")
    assert ended.exit_code == 4
    assert "cannot be written: No space left" in ended.stderr


def test_a_baseline_has_its_say(tmp_path: Path) -> None:
    """The headline says what it tolerates, and the entries are told."""
    ended = called(written(tmp_path, with_baseline(judged(("CORE-13", "fail")), "CORE-13")))
    assert "NOT CONFORMANT, as the baseline knows: 1 known failure until 2027-02-25" in ended.stdout
    assert "ours to mend" in ended.stdout
    assert "FAIL CORE-13" not in ended.stdout


def test_what_is_not_scored_is_marked() -> None:
    """A failure that counts for nothing does not look like one that does."""
    result = judged(("CORE-13", "fail"))
    result["requirements"][0] |= {"scored": False, "since": "1.1"}
    lines = [click.unstyle(line) for line in verdict_lines(result)]
    assert "  unscored CORE-13 (fail): newer than contract 1.0, which counts here" in lines
    assert not any(line.startswith("FAIL") for line in lines)


def poisoned() -> dict[str, Any]:
    """Return a result in which two requirements are unproven by one list, and a third for another reason."""
    result = judged(("CORE-02", "inconclusive"), ("CORE-06", "inconclusive"), ("CORE-08", "inconclusive"))
    for number, record in enumerate(result["tests"]):
        record["reason"] = f"control: expected 200; observed 500 for mcf-66804909_{number}_0"
    result["tests"][1]["reason"] = "another reason, and status 404"
    return result


def test_what_is_unproven_for_one_reason_is_told_once() -> None:
    """Requirements that one control leaves open share a block: other ids are no other reason, other statuses are."""
    heads = [line for line in map(click.unstyle, verdict_lines(poisoned())) if line.startswith("INCONCLUSIVE")]
    assert len(heads) == 2
    assert heads[0].startswith("INCONCLUSIVE CORE-02, CORE-08 (2 requirements): ")
    assert heads[1].startswith("INCONCLUSIVE CORE-06 (MUST): ")
    text = markdown.render(poisoned())
    assert text.count("#### ") == 2
    assert "#### ⚠️ CORE-02, CORE-08 (2 requirements)" in text


def test_what_a_baseline_knows_hides_nothing_that_it_does_not_know() -> None:
    """Of two requirements with one reason the one that is in no entry is told."""
    said = [click.unstyle(line) for line in verdict_lines(with_baseline(poisoned(), "CORE-02", exit_code=2))]
    heads = [line for line in said if line.startswith("INCONCLUSIVE")]
    assert [head.split()[1] for head in heads] == ["CORE-06", "CORE-08"]


def test_a_list_that_fails_is_to_be_mended_before_the_cleanup() -> None:
    """What is left behind because it could not be listed is not found by `cleanup` either."""
    result = judged(("CORE-13", "fail"))
    result["leaks"] = [{"scope": {}, "principal": "first", "why": "the list answered 500"}]
    said = [click.unstyle(line) for line in verdict_lines(result)]
    assert any("mend the list first" in line and "memconform cleanup --run-id" in line for line in said)
    result["leaks"] = [{"id": "m", "principal": "first", "why": "DELETE answered 500"}]
    assert not any("mend the list" in line for line in verdict_lines(result))


def test_the_next_commands_are_those_that_help() -> None:
    """A failure is explained and tried again; what was left out is run; else nothing is said."""
    explain, again = next_steps(judged(("CORE-01", "pass"), ("CORE-13", "fail"), ("SEARCH-10", "fail")))
    assert explain.startswith("memconform explain CORE-13 ")
    assert again.startswith("memconform check http://127.0.0.1:8765 --requirement CORE-13 --budget smoke --seed 0 ")
    (unproven,) = next_steps(judged(("CORE-02", "inconclusive")))
    assert unproven.startswith("memconform explain CORE-02 ")
    assert next_steps(judged(("CORE-01", "pass"))) == []
    part = judged(("CORE-01", "pass"))
    part["verdict"]["partial"] = True
    assert next_steps(part) == ["memconform check http://127.0.0.1:8765 --budget smoke --seed 0  (the whole verdict)"]
    later = judged(("CORE-01", "pass"), ("CORE-24", "skip"))
    later["requirements"][1]["reason"] = "needs a larger budget than smoke"
    (larger,) = next_steps(later)
    assert "--budget standard" in larger
    assert next_steps(with_baseline(judged(("CORE-13", "fail")), "CORE-13")) == []


@pytest.fixture
def summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file of a step's summary, as GitHub names it, in which another command has written."""
    file = tmp_path / "step" / "summary"
    file.parent.mkdir()
    file.write_text("## An earlier command")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(file))
    return file


def test_every_command_appends_to_the_summary_of_a_step(summary: Path, tmp_path: Path) -> None:
    """`report`, `diff`, `matrix` and `load report`, one after the other, in any spelling of the path: all is there."""
    failed, met = tmp_path / "a.json", tmp_path / "b.json"
    failed.write_text(json.dumps(judged(("CORE-13", "fail"))))
    met.write_text(json.dumps(judged(("CORE-13", "pass"))))
    load = tmp_path / "load.json"
    load.write_text(json.dumps(schema("load")["examples"][0]))
    spelt = summary.parent / ".." / "step" / "summary"
    for words in (
        ["report", failed],
        ["report", met],
        ["diff", failed, met],
        ["matrix", failed, met],
        ["load", "report", load],
    ):
        ended = CliRunner().invoke(main, [*map(str, words), "--markdown", str(spelt)])
        assert ended.exit_code == 0, ended.output
    said = summary.read_text()
    headings = [line for line in said.splitlines() if line.startswith("## ")]
    assert headings[0] == "## An earlier command"
    assert headings[1].startswith("## ❌ Not conformant")
    assert headings[2].startswith("## ✅ Conformant")
    assert headings[3].startswith("## ✅ No regression")
    assert "\n## Requirements\n" in said
    assert headings[-1].startswith("## ✅ Load test met")
    assert all(f"\n\n{line}\n" in said for line in headings[1:])


def test_any_other_file_is_replaced_whole(summary: Path, tmp_path: Path) -> None:
    """Another file of Markdown, and another form in the file of the summary, hold the last result alone."""
    result = written(tmp_path, judged(("CORE-13", "fail")))
    for option, file in (("--markdown", tmp_path / "summary.md"), ("--junit", summary)):
        for _ in range(2):
            assert called(result, option, file).exit_code == 0
        once = file.read_text()
        assert called(result, option, file).exit_code == 0
        assert file.read_text() == once
        assert "An earlier command" not in once


def test_a_summary_that_is_full_says_so(summary: Path, tmp_path: Path) -> None:
    """GitHub drops a whole summary that is too long: the verdict is added, and that the rest did not fit."""
    summary.write_text("x" * (STEP_SUMMARY_BYTES - 300))
    assert called(written(tmp_path, judged(("CORE-13", "fail"))), "--markdown", summary).exit_code == 0
    before, heading, note = summary.read_text().strip().split("\n\n")
    assert set(before) == {"x"}
    assert heading.startswith("## ❌ Not conformant")
    assert "did not fit" in note
    assert summary.stat().st_size <= STEP_SUMMARY_BYTES
