"""Brings a baseline up to date with a result: adds what fails, removes what holds again, keeps all else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from memconform.baseline.blocks import edited
from memconform.baseline.comparing import compare
from memconform.baseline.entry import Entry
from memconform.baseline.file import Baseline
from memconform.verdict import Outcome


@dataclass(frozen=True, slots=True)
class Update:
    """What an update changes."""

    added: tuple[Entry, ...]
    removed: tuple[Entry, ...]
    kept: tuple[Entry, ...]
    expired: tuple[Entry, ...]
    """Of those kept: what has to be decided anew, by people."""
    left_out: tuple[str, ...]
    """The requirements of what is inconclusive and in no entry, where that was not to be added."""

    def apply(self, text: str, baseline: Baseline) -> str:
        """Return the file's text with the changes; raise `UsageError` where it cannot be edited without loss."""
        return edited(text, baseline, self.removed, self.added)

    def with_reasons(self, reason_for: Callable[[Entry], str]) -> Update:
        """Return the update with a reason for each entry that is added."""
        return replace(self, added=tuple(replace(entry, reason=reason_for(entry)) for entry in self.added))


def update(
    result: Mapping[str, Any], baseline: Baseline, today: date, expires: date, *, inconclusive: bool = False
) -> Update:
    """Return what has to change for this result; reasons are still to be given.

    One entry is added for each failing test, and one for each fault that exchanges show, so that none hides another.
    What is inconclusive is left out, unless it is asked for: as a rule the set-up should be mended.
    """
    said = compare(result, baseline, today)
    wanted = [each for each in said["unexpected"] if inconclusive or each["outcome"] == Outcome.FAIL]
    removed = _named(baseline, said["stale"])
    return Update(
        added=tuple(_entry(each, result, expires) for each in wanted),
        removed=removed,
        kept=tuple(entry for entry in baseline.entries if entry not in removed),
        expired=_named(baseline, said["expired"]),
        left_out=tuple(dict.fromkeys(each["requirement"] for each in said["unexpected"] if each not in wanted)),
    )


def _named(baseline: Baseline, rows: list[dict[str, Any]]) -> tuple[Entry, ...]:
    said = [{name: value for name, value in row.items() if name not in ("seen", "found_now")} for row in rows]
    return tuple(entry for entry in baseline.entries if entry.to_json() in said)


def _entry(failure: Mapping[str, Any], result: Mapping[str, Any], expires: date) -> Entry:
    test = failure.get("test")
    return Entry(
        requirement=failure["requirement"],
        reason="",
        expires=expires,
        test=test,
        expected=None if test else failure["expected"],
        outcome=Outcome(failure["outcome"]),
        budget=result["run"].get("budget"),
        found=failure.get("found"),
    )
