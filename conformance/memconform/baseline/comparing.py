"""Compares a result with a baseline: what is known, what is not, and which entries should go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from memconform.baseline.entry import Entry
from memconform.baseline.failures import EVERY_EXCHANGE, Failure, expectation, failures
from memconform.baseline.file import Baseline
from memconform.budget import SIZES
from memconform.verdict import ExitCode, Outcome, gravest

UNSCORED = "unscored"
ABSENT = "absent"
HOLDS = (Outcome.PASS, Outcome.WARN)


def compare(result: Mapping[str, Any], baseline: Baseline, today: date) -> dict[str, Any]:
    """Return what the baseline says of a result, as `schemas/toolkit/baseline-comparison.schema.json` describes it."""
    found = failures(result)
    parts: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("known", "flaky", "unexpected", "stale", "expired", "not_judged")
    }
    for entry in baseline.entries:
        covered = [failure for failure in found if entry.covers(failure)]
        seen = gravest(each.outcome for each in covered).value if covered else _seen(result, entry)
        row = {**entry.to_json(), "seen": seen, **_otherwise(entry, covered)}
        parts[_part(result, entry, seen, today, covered)].append(row)
    parts["unexpected"] = [
        failure.to_json()
        for failure in found
        if failure.counts and not any(entry.covers(failure) for entry in baseline.entries)
    ]
    return {
        "file": baseline.file,
        "today": today.isoformat(),
        **parts,
        "exit_code": _exit_code(result, parts),
    }


def covering(result: Mapping[str, Any], finding: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the entry, as the comparison in a result has it, that knows a test's record or a finding in exchanges.

    None where none does, where it did not fail, and where the result was compared with no baseline.
    """
    said = result.get("baseline", {})
    outcome = Outcome(finding.get("outcome", Outcome.FAIL))
    if outcome not in (Outcome.FAIL, Outcome.INCONCLUSIVE):
        return None
    failure = Failure(finding["requirement"], outcome, finding.get("test"), expectation(finding))
    for part in ("known", "flaky"):
        for row in said.get(part, ()):
            if Entry.of(row, flaky=part == "flaky").covers(failure):
                found: Mapping[str, Any] = row
                return found
    return None


def exit_code(result: Mapping[str, Any]) -> int:
    """Return what a command ends with for a result: the baseline's word where there is one, else the verdict's."""
    code: int = result.get("baseline", result["verdict"])["exit_code"]
    return code


def _otherwise(entry: Entry, covered: Sequence[Failure]) -> dict[str, str]:
    """Return what was found now, where that is not what the entry was written for: it may be another fault."""
    if entry.found is None:
        return {}
    return next(({"found_now": each.found} for each in covered if each.found not in (None, entry.found)), {})


def _part(result: Mapping[str, Any], entry: Entry, seen: str, today: date, covered: Sequence[Failure]) -> str:
    """Return where an entry belongs. One that holds is stale, whatever its date: it should go, not be renewed."""
    if not entry.flaky and not covered and _stale(result, entry, seen):
        return "stale"
    if entry.expires < today:
        return "expired"
    if covered:
        return "flaky" if entry.flaky else "known"
    return "flaky" if entry.flaky and seen in HOLDS else "not_judged"


def _stale(result: Mapping[str, Any], entry: Entry, seen: str) -> bool:
    """Return whether the entry's requirement was judged, at least as hard as when it failed, and holds now."""
    sizes: Sequence[str] = SIZES
    ran = result["run"].get("budget")
    if entry.budget and ran and sizes.index(ran) < sizes.index(entry.budget):
        return False
    if seen == ABSENT or entry.of_exchanges or entry.requirement in EVERY_EXCHANGE:
        return _whole(result) and seen in (*HOLDS, ABSENT)
    return seen in HOLDS


def _whole(result: Mapping[str, Any]) -> bool:
    return bool(result["run"]["finished"]) and not result["verdict"]["partial"]


def _seen(result: Mapping[str, Any], entry: Entry) -> str:
    """Return how that ended which no failure of this run is about."""
    row = next((row for row in result["requirements"] if row["id"] == entry.requirement), None)
    if row is None:
        return "not_selected"
    if not row.get("scored", True):
        return UNSCORED
    outcome: str = row["outcome"]
    if entry.test is not None and outcome in set(Outcome) - {Outcome.SKIP}:
        own = [Outcome(record["outcome"]) for record in result["tests"] if record["test"] == entry.test]
        return gravest(own).value if own else ABSENT
    if entry.of_exchanges and outcome == Outcome.FAIL:
        return Outcome.PASS.value  # it fails by other faults: this one was not seen
    return outcome


def _exit_code(result: Mapping[str, Any], parts: Mapping[str, Sequence[Mapping[str, Any]]]) -> int:
    failed = [each for each in parts["unexpected"] if each["outcome"] == Outcome.FAIL]
    if failed or parts["stale"] or parts["expired"]:
        return ExitCode.NOT_CONFORMANT
    verdict, run = result["verdict"], result["run"]
    if verdict["exit_code"] > ExitCode.USAGE or verdict["counts"].get(Outcome.ERROR):
        return ExitCode.HARNESS
    tolerated = [each for each in (*parts["known"], *parts["flaky"]) if each["seen"] not in HOLDS]
    if parts["unexpected"] or not run["finished"] or (verdict["exit_code"] == ExitCode.USAGE and not tolerated):
        return ExitCode.USAGE
    return ExitCode.CONFORMANT
