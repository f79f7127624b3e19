"""What changed between two results: a regression is a worse judgement, and nothing else is."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from memconform.cli.diff import command
from memconform.contract import requirements, schema, validator
from memconform.difference import difference, requirement_rows
from memconform.difference.markdown import render
from memconform.settings import UsageError

from .markdown_soundness import must_be_sound
from .report_results import ATTACK, client, hostile, judged, real

SITE = "https://spec.example"


def row(outcome: str, **members: Any) -> list[dict[str, Any]]:
    """Return the rows of a result with one requirement."""
    return [{"id": "CORE-13", "level": "MUST", "profile": "core", "outcome": outcome, **members}]


@pytest.mark.parametrize(
    ("before", "now", "kind"),
    [
        ("pass", "fail", "regression"),
        ("pass", "warn", "regression"),
        ("warn", "fail", "regression"),
        ("fail", "pass", "improvement"),
        ("fail", "warn", "improvement"),
        ("warn", "pass", "improvement"),
        ("pass", "inconclusive", "inconclusive now"),
        ("fail", "error", "inconclusive now"),
        ("skip", "inconclusive", "inconclusive now"),
        ("inconclusive", "fail", "newly tested"),
        ("inconclusive", "pass", "newly tested"),
        ("skip", "fail", "newly tested"),
        ("not_selected", "pass", "newly tested"),
        ("pass", "skip", "no longer tested"),
        ("fail", "not_selected", "no longer tested"),
        ("error", "not_run", "no longer tested"),
        ("pass", "pass", None),
        ("skip", "not_selected", None),
        ("inconclusive", "error", None),
    ],
)
def test_each_change_has_its_kind(before: str, now: str, kind: str | None) -> None:
    """Only two judgements can be worse than each other; what was not known before is no regression."""
    rows = requirement_rows(row(before), row(now))
    assert [each.kind for each in rows] == ([kind] if kind else [])
    assert any(each.regressed for each in rows) == (kind == "regression")


def test_requirements_of_one_suite_alone_are_told() -> None:
    """A newer suite's are newly tested, those that it has no more are no longer tested, and the other one is absent."""
    (came,) = requirement_rows([], row("pass"))
    assert (came.kind, came.before, came.now) == ("newly tested", "absent", "pass")
    (went,) = requirement_rows(row("pass"), [])
    assert (went.kind, went.before, went.now) == ("no longer tested", "pass", "absent")


def test_what_is_not_scored_regresses_nothing() -> None:
    """It is told, and counts for nothing."""
    (each,) = requirement_rows(row("pass"), row("fail", scored=False))
    assert (each.kind, each.scored, each.regressed) == ("regression", False, False)


def test_a_reason_tells_why_it_is_not_judged_now() -> None:
    """A dropped profile is told as such."""
    (each,) = requirement_rows(row("pass"), row("skip", reason="the server does not declare the profile core"))
    assert each.reason == "the server does not declare the profile core"


def test_a_result_does_not_differ_from_itself() -> None:
    """Nothing of any real server's result differs, and no caveat is told."""
    for result in [*real(), client()]:
        told = difference(result, copy.deepcopy(result))
        assert (told.rows, told.profiles, told.capabilities, told.measures, told.caveats) == ((), (), (), (), ())
        assert told.exit_code == 0


def test_profiles_and_badge_are_compared() -> None:
    """Declared, dropped, and with another verdict."""
    before = judged(("CORE-01", "pass"), ("SEARCH-10", "pass"), ("KEYED-01", "skip"), badge="full")
    now = judged(("CORE-01", "fail"), ("SEARCH-10", "skip"), ("KEYED-01", "pass"), badge=None)
    told = difference(before, now)
    assert {change.profile: change.words for change in told.profiles} == {
        "core": "conformant, now not conformant",
        "search": "declared no longer (it was conformant)",
        "keyed": "declared now: conformant",
    }
    assert told.badge == ("full", None)
    assert [each.requirement for each in told.regressions] == ["CORE-01"]


def test_capabilities_are_compared_member_by_member() -> None:
    """By JSON pointer; a list is one value; true is not 1; what is absent is not null."""
    before, now = judged(("CORE-01", "pass")), judged(("CORE-01", "pass"))
    before["server"]["capabilities"] = {"a/b": {"c": 1, "same": [1]}, "list": [1, 2], "gone": None, "flag": 1}
    now["server"]["capabilities"] = {"a/b": {"c": 2, "same": [1]}, "list": [2, 1], "new": {"x": 1}, "flag": True}
    assert [member.to_json() for member in difference(before, now).capabilities] == [
        {"pointer": "/a~1b/c", "before": 1, "now": 2},
        {"pointer": "/list", "before": [1, 2], "now": [2, 1]},
        {"pointer": "/gone", "before": None},
        {"pointer": "/flag", "before": 1, "now": True},
        {"pointer": "/new", "now": {"x": 1}},
    ]


@pytest.mark.parametrize(
    ("unit", "before", "now", "moves"),
    [
        ("s", 0.010, 0.016, True),
        ("s", 0.016, 0.010, True),
        ("s", 0.010, 0.014, False),
        ("s", 0.0002, 0.0008, False),
        ("of 1", 0.9, 0.5, True),
        ("of 1", 0.9, 0.8, False),
        ("of 1", 0.0, 0.1, True),
        ("of 1", 0.0, 0.0, False),
    ],
)
def test_measures_that_moved_are_told_and_judge_nothing(unit: str, before: float, now: float, moves: bool) -> None:
    """By half or more, and times by more than a millisecond; whatever they do, it is no regression."""
    results = []
    for figure in (before, now):
        result = judged(("SEARCH-09", "pass"))
        times = {"samples": 3, "min": 0, "p50": figure, "p95": 9, "p99": 9, "max": 9}
        result["tests"][0]["measures"] = [
            {"name": "m", "unit": unit, **(times if unit == "s" else {"value": figure})},
        ]
        results.append(result)
    told = difference(*results)
    assert [(each.before, each.now) for each in told.measures] == ([(before, now)] if moves else [])
    assert told.exit_code == 0


def unlike() -> list[tuple[str, str, dict[str, Any]]]:
    """Return results that are not fairly compared with a plain one, each with a word of the caveat."""
    cases = []
    for name, words, path, value in (
        ("budget", "the budget was smoke, now it is full", ("run", "budget"), "full"),
        ("seed", "the seed was 0, now it is 7", ("run", "seed"), 7),
        ("contract", "another contract version: 1.0, now 1.1", ("contract",), "1.1"),
        ("suite", "another suite, memconform: 0.1.0, now 0.2.0", ("tool", "version"), "0.2.0"),
        ("machine", "another machine", ("tool", "platform"), "Darwin arm64"),
        ("order", "are the files in the right order?", ("run", "started_at"), "2025-01-01T00:00:00.000Z"),
        ("stopped", "the second run ended early: interrupted", ("run", "stopped"), "interrupted"),
        ("selection", "selected different requirements", ("run", "selection", "requirements"), ["CORE-02"]),
        ("name", "calls itself nothing, now other", ("server", "capabilities"), {"service": {"name": "other"}}),
        ("address", "other addresses", ("server", "url"), "http://127.0.0.1:1"),
    ):
        result = judged(("CORE-01", "pass"))
        node: Any = result
        for step in path[:-1]:
            node = node[step]
        node[path[-1]] = value
        cases.append((name, words, result))
    return cases


@pytest.mark.parametrize(("words", "now"), [case[1:] for case in unlike()], ids=[case[0] for case in unlike()])
def test_an_unfair_comparison_is_told(words: str, now: dict[str, Any]) -> None:
    """Each circumstance that may make the difference is one sentence, and it alone is told."""
    (caveat,) = difference(judged(("CORE-01", "pass")), now).caveats
    assert words in caveat


def test_another_version_of_the_same_server_is_what_one_compares() -> None:
    """It is no caveat, wherever it listens; nor is another version of a client."""
    before, now = (judged(("CORE-01", "pass"), service=("mine", version)) for version in ("1.0", "1.1"))
    now["server"]["url"] = "http://127.0.0.1:1"
    assert difference(before, now).caveats == ()
    upgraded = client()
    upgraded["client"]["identity"] = "me/my_plugin:0.2.0"
    assert difference(client(), upgraded).caveats == ()
    upgraded["client"] |= {"identity": "me/another:0.2.0", "deadline_s": 3}
    assert len(difference(client(), upgraded).caveats) == 2


def test_a_server_is_not_compared_with_a_client() -> None:
    """The message says so."""
    with pytest.raises(UsageError, match="of different kinds"):
        difference(judged(("CORE-01", "pass")), client())


def test_the_difference_is_data() -> None:
    """It is valid by its schema, of every two real results, and says whether something regressed."""
    first, *others = [*real(), judged(("CORE-01", "pass"))]
    for other in others:
        for told in (difference(first, other), difference(other, first)):
            document = json.loads(json.dumps(told.to_json()))
            assert [str(error) for error in validator("difference").errors(document)] == []
            assert document["regressed"] == any(each["kind"] == "regression" for each in document["requirements"])


@pytest.mark.parametrize(
    ("path", "value", "keyword"),
    [
        (("format",), "memconform.difference/2", "const"),
        (("requirements", 0, "kind"), "worse", "enum"),
        (("requirements", 0, "now"), "gone", "enum"),
        (("requirements", 0, "scored"), True, "const"),
        (("capabilities", 0), {"pointer": "/a"}, "required"),
        (("now", "bagde"), "full", "additionalProperties"),
    ],
)
def test_the_schema_is_closed(path: tuple[str | int, ...], value: Any, keyword: str) -> None:
    """A misspelt or impossible member is found."""
    document = copy.deepcopy(schema("difference")["examples"][0])
    node = document
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = value
    assert keyword in {error.keyword for error in validator("difference").errors(document)}


def test_markdown_tells_the_regressions_first_and_nothing_breaks_out() -> None:
    """A table of regressions with links, the rest folded away, no element and no link of a server's."""
    before, now = judged(("CORE-01", "pass"), ("CORE-13", "pass"), ("SEARCH-10", "fail")), hostile()
    now["server"]["capabilities"][ATTACK] = {ATTACK: ATTACK}
    text = render(difference(before, now), SITE)
    assert text.startswith("## ❌ 1 regression: ")
    assert (
        "| [CORE-01](https://spec.example/requirements.html#CORE-01) | MUST | <code>core</code> | pass → fail |" in text
    )
    must_be_sound(text, SITE)


# The command


def called(folder: Path, before: Any, now: Any, *words: str) -> Any:
    """Run the command on two documents."""
    files = [folder / "a.json", folder / "b.json"]
    for file, document in zip(files, (before, now), strict=True):
        file.write_text(json.dumps(document))
    return CliRunner().invoke(command, [*map(str, files), *words])


def test_a_regression_is_exit_code_1(tmp_path: Path) -> None:
    """It is told last, where one looks; the files are written."""
    before, now = judged(("CORE-01", "pass"), ("CORE-13", "fail")), judged(("CORE-01", "fail"), ("CORE-13", "pass"))
    files = [tmp_path / "d.json", tmp_path / "d.md"]
    ended = called(tmp_path, before, now, "--json", str(files[0]), "--markdown", str(files[1]))
    assert ended.exit_code == 1
    lines = ended.stdout.splitlines()
    assert lines[-1].startswith("1 REGRESSION — not conformant")
    assert "regression       CORE-01 (MUST) pass → fail" in lines[-2]
    assert any("improvement      CORE-13 (MUST) fail → pass" in line for line in lines)
    assert validator("difference").errors(json.loads(files[0].read_text())) == []
    assert files[1].read_text().startswith("## ❌ 1 regression")


def test_all_else_is_exit_code_0(tmp_path: Path) -> None:
    """Improvements, what is newly tested and fails, what is inconclusive now: told, and no regression."""
    before = judged(("CORE-01", "fail"), ("CORE-02", "skip"), ("CORE-13", "pass"))
    now = judged(("CORE-01", "pass"), ("CORE-02", "fail"), ("CORE-13", "inconclusive"))
    ended = called(tmp_path, before, now)
    assert ended.exit_code == 0
    assert "newly tested     CORE-02 (MUST) skip → fail" in ended.stdout
    assert ended.stdout.splitlines()[-1].startswith("NO REGRESSION")
    assert "NO REGRESSION, BUT 1 NEWLY TESTED FAILS — " in ended.stdout
    assert called(tmp_path, before, before).stdout.splitlines()[-1].startswith("NO DIFFERENCE")


def test_many_that_changed_alike_are_told_at_once(tmp_path: Path) -> None:
    """What is newly tested and passes takes a line in all; each that fails has its own, near the headline."""
    names = [row.id for row in requirements().values() if row.profile == "core"][:9]
    before = judged(*((name, "skip") for name in names))
    now = judged(*((name, "fail" if name in (names[2], names[5]) else "pass") for name in names))
    ended = called(tmp_path, before, now, "--markdown", str(tmp_path / "d.md"))
    assert ended.exit_code == 0
    told = [line for line in ended.stdout.splitlines() if line.startswith("  newly tested")]
    kept = [name for name in names if name not in (names[2], names[5])]
    assert told == [
        f"  newly tested     7 skip → pass: {', '.join(kept)}",
        f"  newly tested     {names[2]} (MUST) skip → fail",
        f"  newly tested     {names[5]} (MUST) skip → fail",
    ]
    assert "NO REGRESSION, BUT 2 NEWLY TESTED FAIL — " in ended.stdout
    text = (tmp_path / "d.md").read_text()
    assert text.startswith("## ⚠️ No regression, but 2 newly tested fail: ")
    assert text.index(names[2]) < text.index(names[5]) < text.index(names[0])


@pytest.mark.parametrize(
    ("now", "message"),
    [
        ({}, "no member 'format'"),
        (schema("load")["examples"][0], "Try: memconform compare"),
        (client(), "of different kinds"),
    ],
    ids=["nothing", "load", "client"],
)
def test_bad_use_is_told(now: Any, message: str, tmp_path: Path) -> None:
    """Exit 2, in words."""
    ended = called(tmp_path, judged(("CORE-01", "pass")), now)
    assert ended.exit_code == 2
    assert message in " ".join(ended.stderr.split())


def test_what_cannot_be_written_is_ours(tmp_path: Path) -> None:
    """Exit 4, so that no verdict is read from it."""
    result = judged(("CORE-01", "pass"))
    ended = called(tmp_path, result, result, "--json", "/dev/full")
    assert ended.exit_code == 4
    assert "cannot be written" in ended.stderr


def test_nothing_steers_the_terminal(tmp_path: Path) -> None:
    """What servers said is printed without control characters."""
    now = hostile()
    now["server"]["capabilities"][ATTACK] = {ATTACK: ATTACK}
    ended = called(tmp_path, judged(("CORE-01", "pass")), now)
    assert all(line.isprintable() for line in ended.stdout.splitlines())


def test_the_requirements_of_these_tests_exist() -> None:
    """The ids are the contract's, so that levels and profiles are real."""
    assert {"CORE-01", "CORE-02", "CORE-13", "SEARCH-09", "SEARCH-10", "KEYED-01"} <= set(requirements())
