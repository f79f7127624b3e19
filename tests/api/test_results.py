"""Results as objects: what they say, how they are kept and read again, and the forms that are made of them."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path
from typing import Any, get_args

import pytest

from memconform import Conformance, ConformanceResult, Outcome, PluginResult, UsageError, check_server
from memconform.api.judged import Form
from memconform.contract import content_root, schema
from memconform.report.forms import FORMS

REAL = sorted((content_root() / "docs" / "providers" / "results").glob("*.json"))
CLIENT = schema("client")["examples"][0]


@pytest.fixture(scope="module")
def wrong(wrong_server: str) -> ConformanceResult:
    """Judge the wrong server once."""
    keys = {"api_key": "key-of-alice-0123456789", "second_api_key": "key-of-bob-9876543210"}
    return check_server(wrong_server, requirements=["CORE-13"], budget="smoke", **keys)  # type: ignore[arg-type]  # a dict


def test_a_saved_result_is_read_again(wrong: ConformanceResult, tmp_path: Path) -> None:
    """`save` and `read` are a pair, and the file is what `memconform check --json` writes."""
    file = wrong.save(tmp_path / "results" / "one.json")
    again = ConformanceResult.read(file)
    assert again.to_json() == wrong.to_json() == json.loads(file.read_text())
    assert (again.failures, again.profiles, again.measures) == (wrong.failures, wrong.profiles, wrong.measures)
    assert (again.run, again.server) == (wrong.run, wrong.server)
    assert str(again) == str(wrong)


@pytest.mark.parametrize("file", REAL, ids=lambda file: file.stem)
def test_results_of_real_servers_are_read(file: Path) -> None:
    """What the objects say is what the file says, requirement by requirement."""
    result = ConformanceResult.read(file)
    document = json.loads(file.read_text())
    said = [row.outcome or row.untried for row in result.requirements]
    assert said == [row["outcome"] for row in document["requirements"]]
    assert [row.id for row in result.failures] == [
        row["id"] for row in document["requirements"] if row["outcome"] == "fail"
    ]
    assert all(row.findings for row in result.failures)
    grave = [Outcome.FAIL, Outcome.ERROR, Outcome.INCONCLUSIVE, Outcome.WARN]
    ranks = [grave.index(finding.outcome) for finding in result.findings]
    assert ranks == sorted(ranks)
    assert result.conformance == document["verdict"]["conformance"]
    assert result.exit_code == document["verdict"]["exit_code"]
    assert len(result.measures) == sum(len(test.get("measures", ())) for test in document["tests"])
    assert result.run.requests == document["run"]["requests"]["total"]
    assert all(str(finding).startswith(finding.requirement) for finding in result.findings)


def test_the_real_results_are_seen() -> None:
    """The test above looks at something."""
    assert len(REAL) > 15


def test_a_result_says_what_it_is(wrong: ConformanceResult) -> None:
    """Short where pytest shows it, long where somebody prints it, no colour in either."""
    assert repr(wrong) == f"<ConformanceResult of {wrong.server.url}: not conformant, 1 failed>"
    assert "FAIL CORE-13 (MUST)" in str(wrong)
    assert "NOT CONFORMANT in what was selected" in str(wrong).splitlines()[-1]
    assert "\x1b" not in str(wrong)


def test_a_name_is_looked_up_in_any_case(wrong: ConformanceResult) -> None:
    """One that is not there is a `LookupError` that says where names are listed."""
    assert wrong.requirement("core-13") is wrong.failures[0]
    assert wrong.profile("CORE").conformance is Conformance.NOT_CONFORMANT
    assert (wrong.requirement("CORE-12").outcome, wrong.requirement("CORE-12").untried) == (None, "not_selected")
    for look in (wrong.requirement, wrong.profile):
        with pytest.raises(LookupError, match="lists them"):
            look("CORE-99")


def test_a_result_is_not_changed_by_whoever_has_it(wrong: ConformanceResult) -> None:
    """Attributes cannot be set, and `to_json` gives a copy; a result goes through pickle."""
    with pytest.raises(AttributeError):
        wrong.exit_code = 0  # type: ignore[misc]  # that is the point
    wrong.to_json()["verdict"].clear()
    assert wrong.to_json()["verdict"]
    assert pickle.loads(pickle.dumps(wrong)).failures == wrong.failures


@pytest.mark.parametrize("form", get_args(Form))
def test_every_form_is_written(wrong: ConformanceResult, form: Any, tmp_path: Path) -> None:
    """A result writes what `memconform report` writes."""
    file = wrong.write(tmp_path / "folder" / "file", form)
    assert file.read_text()


def test_the_forms_are_those_of_the_command_line(wrong: ConformanceResult, tmp_path: Path) -> None:
    """A form that is added to the one is added to the other; another is refused with those there are."""
    assert get_args(Form) == ("json", *(form.option.removeprefix("--") for form in FORMS))
    with pytest.raises(UsageError, match="junit"):
        wrong.write(tmp_path / "file", "pdf")  # type: ignore[arg-type]  # that is the point


def test_a_form_links_to_the_specification(wrong: ConformanceResult, tmp_path: Path) -> None:
    """The address of the specification site is in what was written."""
    text = wrong.write(tmp_path / "file.md", "markdown", specification="https://spec.invalid").read_text()
    assert "https://spec.invalid/requirements.html#CORE-13" in text


@pytest.mark.parametrize(
    ("content", "said"),
    [("", "is empty"), ("{", "no JSON"), ("{}", "no member 'format'"), (json.dumps(CLIENT), "another command")],
    ids=["empty", "cut", "other", "client"],
)
def test_a_file_that_is_no_result_is_refused(content: str, said: str, tmp_path: Path) -> None:
    """In words, whatever it is."""
    file = tmp_path / "result.json"
    file.write_text(content)
    with pytest.raises(UsageError, match=said):
        ConformanceResult.read(file)


def test_what_became_worse_is_told(wrong: ConformanceResult, open_server: str) -> None:
    """Against an earlier result: what failed since, nothing the other way round."""
    good = check_server(open_server, requirements=["CORE-13"], budget="smoke")
    assert wrong.regressions(good) == wrong.failures
    assert good.regressions(wrong) == ()
    assert wrong.regressions(wrong) == ()


def test_what_is_newer_than_the_servers_contract_is_no_failure(wrong: ConformanceResult) -> None:
    """A row that is not scored is neither a failure nor a finding; it is still there to be looked at."""
    document = wrong.to_json()
    next(row for row in document["requirements"] if row["id"] == "CORE-13")["scored"] = False
    result = ConformanceResult.from_json(document)
    assert (result.failures, result.findings) == ((), ())
    assert (result.requirement("CORE-13").scored, result.requirement("CORE-13").outcome) == (False, Outcome.FAIL)


def test_a_baseline_decides_the_exit_code_and_never_the_verdict(wrong: ConformanceResult) -> None:
    """What is known fails no test of the caller's, but stays not conformant."""
    document = wrong.to_json()
    nothing: list[Any] = []
    known = {"requirement": "CORE-13", "outcome": "fail", "reason": "mended in 2.4", "expires": "2027-01-01"}
    document["baseline"] = {
        "file": "memconform-baseline.toml", "today": "2026-11-27", "exit_code": 0, "known": [{**known, "seen": "fail"}],
        "flaky": nothing, "unexpected": nothing, "stale": nothing, "expired": nothing, "not_judged": nothing,
    }  # fmt: skip
    result = ConformanceResult.from_json(document)
    assert (result.conformant, result.exit_code) == (False, 0)
    result.assert_conformant()


def test_a_result_of_a_plugin_has_the_same_ways(tmp_path: Path) -> None:
    """Failures, findings, lookup and files, from the schema's own example."""
    result = PluginResult.from_json(copy.deepcopy(CLIENT))
    assert (result.identity, result.conformance, result.exit_code) == ("me/my_plugin:0.1.0", "not conformant", 1)
    assert [row.id for row in result.failures] == ["CLIENT-04"]
    assert result.findings[0].again.endswith("--requirement CLIENT-04")
    assert PluginResult.read(result.save(tmp_path / "client.json")).to_json() == CLIENT
    with pytest.raises(AssertionError, match=r"me/my_plugin:0\.1\.0 is not conformant"):
        result.assert_conformant()
    with pytest.raises(UsageError, match="another command"):
        ConformanceResult.read(tmp_path / "client.json")
