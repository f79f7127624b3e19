"""How outcomes add up: to requirements, to profiles, to a badge, to an exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from memconform.capabilities import Capabilities
from memconform.collector import Collector
from memconform.contract import badge_profiles, requirements, validator
from memconform.plot import Plot
from memconform.requirement import Mark
from memconform.session import Session
from memconform.settings import RunSettings
from memconform.verdict import Conformance, Outcome, conclude, gravest

CORE = [row for row in requirements().values() if row.profile == "core" and not row.not_tested]
MUST = next(row.id for row in CORE if row.level == "MUST")
SHOULD = next(row.id for row in CORE if row.level == "SHOULD")


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep ledgers away from the user's."""
    monkeypatch.setenv("MEMCONFORM_STATE", str(tmp_path))


def record(requirement: str, outcome: str, wire: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """Return what a finished test tells."""
    told = {"test": f"t::{requirement}", "promise": "p", "requirement": requirement, "outcome": outcome}
    if outcome in ("fail", "warn"):
        told |= {"expected": "x", "observed": "y"}
    return {**told, "seconds": 0.0, "requests": 1, "wire": wire or []}


def concluded(
    outcomes: dict[str, str | None],
    *,
    declared: tuple[str, ...] = ("core",),
    every: tuple[str, ...] = ("core",),
    stopped: str | None = None,
    broken: bool = False,
    **settings: Any,
) -> dict[str, Any]:
    """Return the result of a run: every tested requirement of `every` passes but for `outcomes` (None: it did not run).

    The result is always valid against its schema.
    """
    session = Session(RunSettings("http://127.0.0.1:1", **settings), "0123abcd")
    session.capabilities = Capabilities({"profiles": list(declared)})
    collector = Collector(session, stopped=stopped, broken=broken)
    ids = [row.id for row in requirements().values() if row.profile in every and not row.not_tested]
    for each in [*ids, *(name for name in outcomes if name not in ids)]:
        collector.plan([(f"test_{each}", Mark(each, 1))])
        outcome = outcomes.get(each, "pass")
        if outcome is not None:
            collector.add(record(each, outcome))
    result = collector.finished
    assert validator("conformance").errors(result) == []
    return result


def said(result: dict[str, Any]) -> tuple[str, int]:
    """Return verdict and exit code."""
    return result["verdict"]["conformance"], result["verdict"]["exit_code"]


def test_all_green_is_conformant_and_earns_the_badge() -> None:
    """Every core requirement met is exit 0 and the badge Core."""
    result = concluded({})
    assert said(result) == ("conformant", 0)
    assert result["verdict"]["badge"] == "core"
    assert result["run"]["finished"] is True


@pytest.mark.parametrize(
    ("outcome", "verdict", "code"),
    [
        ("fail", "not conformant", 1),
        ("inconclusive", "incomplete", 2),
        ("error", "incomplete", 4),
        (None, "incomplete", 2),
        ("skip", "conformant", 0),
    ],
)
def test_one_must_decides(outcome: str | None, verdict: str, code: int) -> None:
    """A single MUST that failed, stayed open, broke the harness or never ran takes verdict, exit code and badge."""
    result = concluded({MUST: outcome})
    assert said(result) == (verdict, code)
    assert result["verdict"]["badge"] == ("core" if code == 0 else None)


def test_a_should_only_warns() -> None:
    """A SHOULD that is not met, or stays open, costs neither the verdict nor the badge."""
    for outcome in ("warn", "inconclusive", "skip"):
        result = concluded({SHOULD: outcome})
        assert said(result) == ("conformant", 0)
        assert result["verdict"]["badge"] == "core"


def test_a_server_that_died_of_a_should_is_not_conformant() -> None:
    """A SHOULD fails only when its test took the server down, and that is no matter of taste."""
    assert said(concluded({SHOULD: "fail"}, stopped="the server stopped answering")) == ("not conformant", 1)


def test_failures_outweigh_everything() -> None:
    """What was shown stays shown, whatever else is open or broken."""
    others = [row.id for row in CORE if row.level == "MUST"][1:4]
    result = concluded({MUST: "fail", others[0]: "inconclusive", others[1]: "error", others[2]: None})
    assert said(result) == ("not conformant", 1)


def test_a_finding_on_the_wire_counts_for_its_own_requirement() -> None:
    """An exchange that breaks CORE-28 in the test of something else fails CORE-28, and only it."""
    session = Session(RunSettings("http://127.0.0.1:1", requirements=(MUST,)), "0123abcd")
    collector = Collector(session)
    collector.plan([("test_x", Mark(MUST, 1))])
    collector.add(record(MUST, "pass", [{"requirement": "CORE-28", "expected": "x", "observed": "y", "exchanges": []}]))
    rows = {row["id"]: row["outcome"] for row in collector.finished["requirements"]}
    assert (rows[MUST], rows["CORE-28"]) == ("pass", "fail")
    assert said(collector.finished) == ("not conformant", 1)


def test_a_declared_profile_that_fails_fails_the_server() -> None:
    """Search is not core, but it was promised."""
    result = concluded({"SEARCH-01": "fail"}, declared=("core", "search"), every=("core", "search"))
    assert said(result) == ("not conformant", 1)
    verdicts = {profile["name"]: profile["conformance"] for profile in result["profiles"]}
    assert (verdicts["core"], verdicts["search"], verdicts["tenancy"]) == (
        "conformant",
        "not conformant",
        "not declared",
    )
    assert result["verdict"]["badge"] == "core"


def test_an_undeclared_profile_is_no_pass() -> None:
    """Skipped requirements of what was never promised neither help nor harm."""
    result = concluded({"SEARCH-01": "skip", "TENANCY-01": "skip"})
    assert said(result) == ("conformant", 0)
    search = next(profile for profile in result["profiles"] if profile["name"] == "search")
    assert search["conformance"] == "not declared"
    assert "pass" not in search["counts"]


def test_a_badge_needs_every_profile_of_it() -> None:
    """Core alone is not Standard, however green."""
    assert set(badge_profiles("core")) < set(badge_profiles("standard")) < set(badge_profiles("full"))
    result = concluded({}, declared=("core", "search", "tenancy"), every=("core", "search", "tenancy"))
    assert result["verdict"]["badge"] == "core"


def test_a_part_is_judged_as_a_part() -> None:
    """What was selected and passed is exit 0, is said to be partial, and earns no badge."""
    result = concluded({MUST: "pass"}, every=(), requirements=(MUST,))
    assert said(result) == ("conformant", 0)
    assert (result["verdict"]["partial"], result["verdict"]["badge"]) == (True, None)
    assert said(concluded({MUST: "fail"}, every=(), requirements=(MUST,)))[1] == 1
    assert said(concluded({MUST: "inconclusive"}, every=(), requirements=(MUST,)))[1] == 2
    assert said(concluded({SHOULD: "pass"}, every=(), level="SHOULD")) == ("conformant", 0)
    assert said(concluded({SHOULD: "warn"}, every=(), level="SHOULD")) == ("conformant", 0)


def test_nothing_shown_is_never_green() -> None:
    """No test at all, or only tests that did not apply, is exit 2."""
    assert said(concluded({}, every=(), requirements=(MUST,)))[1] == 2
    assert said(concluded({"SEARCH-01": "skip"}, every=(), requirements=("SEARCH-01",)))[1] == 2
    assert said(concluded({"CORE-26": "skip"}, every=(), requirements=("CORE-26",)))[1] == 2


def test_an_interrupted_run_is_incomplete() -> None:
    """A run that was stopped is exit 2 even when all that ran was green; what did not run is called so."""
    last = CORE[-1].id
    result = concluded({last: None}, stopped="interrupted (Ctrl-C)")
    assert said(result)[1] == 2
    assert (result["run"]["finished"], result["run"]["stopped"]) == (False, "interrupted (Ctrl-C)")
    row = next(row for row in result["requirements"] if row["id"] == last)
    assert row["outcome"] == "not_run"
    assert said(concluded({MUST: "fail", last: None}, stopped="interrupted (Ctrl-C)"))[1] == 1


@pytest.mark.parametrize(("first", "outcome"), [("pass", "not_run"), ("skip", "not_run"), ("fail", "fail")])
def test_a_requirement_is_met_only_when_all_its_tests_ran(first: str, outcome: str) -> None:
    """One green test of three is no green requirement, and the run says that it did not finish."""
    session = Session(RunSettings("http://127.0.0.1:1", requirements=(MUST,)), "0123abcd")
    collector = Collector(session)
    collector.plan((f"test_{number}", Mark(MUST, 1)) for number in range(3))
    collector.add(record(MUST, first))
    result = collector.finished
    assert next(row["outcome"] for row in result["requirements"] if row["id"] == MUST) == outcome
    assert result["run"]["finished"] is False
    assert said(result)[1] == (1 if first == "fail" else 2)


def test_a_broken_harness_is_never_green() -> None:
    """A suite that could not be loaded whole is exit 4, unless a failure was shown."""
    assert said(concluded({}, broken=True))[1] == 4
    assert said(concluded({MUST: "fail"}, broken=True))[1] == 1


def test_the_bound_counts_what_may_run() -> None:
    """Tests of profiles that are not declared cost nothing; a shared story costs once in each process."""
    session = Session(RunSettings("http://127.0.0.1:1"), "0123abcd")
    session.capabilities = Capabilities({"profiles": ["core"]})
    collector = Collector(session)
    told, other = (Plot("told", (0, 5, 50)),), (Plot("of search", 300),)
    core = [("a", Mark(MUST, (1, 10, 100), told)), ("b", Mark(MUST, stories=told))]
    collector.plan([*core, ("c", Mark("SEARCH-01", 1000, other)), ("d", Mark(MUST, 7, needs=("search",)))])
    assert collector.bound == 10 + 5
    collector.processes = 3
    assert collector.bound == 10 + 3 * 5


def test_the_gravest_outcome_speaks_for_all() -> None:
    """One failure among passes is a failure; nothing at all is a skip."""
    assert gravest([Outcome.PASS, Outcome.FAIL, Outcome.ERROR]) is Outcome.FAIL
    assert gravest([Outcome.SKIP, Outcome.PASS]) is Outcome.PASS
    assert gravest([Outcome.PASS, Outcome.INCONCLUSIVE, Outcome.WARN]) is Outcome.INCONCLUSIVE
    assert gravest([]) is Outcome.SKIP


def test_a_profile_without_a_pass_is_not_conformant() -> None:
    """Skips alone prove nothing about a profile."""
    assert conclude([]) is Conformance.NOT_TESTED
    assert conclude([Outcome.SKIP]) is Conformance.NOT_TESTED
    assert conclude([Outcome.SKIP, Outcome.PASS]) is Conformance.CONFORMANT
    assert conclude([Outcome.PASS, Outcome.ERROR]) is Conformance.INCOMPLETE
    assert conclude([Outcome.PASS, Outcome.ERROR, Outcome.FAIL]) is Conformance.NOT_CONFORMANT
