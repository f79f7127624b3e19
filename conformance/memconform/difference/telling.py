"""A difference in words: the headline, and a sentence for each thing that changed."""

from __future__ import annotations

import json
from collections.abc import Sequence

from memconform.difference.compare import Difference
from memconform.difference.documents import Member
from memconform.difference.measured import Moved
from memconform.difference.outcomes import Kind, Row

TITLES: dict[Kind, str] = {
    "regression": "Regressions",
    "inconclusive now": "Inconclusive now",
    "no longer tested": "No longer tested",
    "newly tested": "Newly tested",
    "improvement": "Improvements",
}
"""The kinds of changes, the gravest first."""
_LETTERS = 120
_FEW = 5


def headline(told: Difference) -> str:
    """Return what matters in one line."""
    if told.regressions:
        number = len(told.regressions)
        return f"{number} {'regression' if number == 1 else 'regressions'}"
    if not anything(told):
        return "no difference"
    new = _newly_failing(told)
    return f"no regression, but {new} newly tested {'fails' if new == 1 else 'fail'}" if new else "no regression"


def sign(told: Difference) -> str:
    """Return the sign of the headline: green only where nothing fails that did not fail before."""
    return "❌" if told.regressions else "⚠️" if _newly_failing(told) else "✅"


def _newly_failing(told: Difference) -> int:
    return sum(row.scored and row.now == "fail" for row in of_kind(told, "newly tested"))


def anything(told: Difference) -> bool:
    """Return whether anything changed, caveats aside."""
    return bool(told.rows or told.profiles or told.capabilities or told.measures or told.badge[0] != told.badge[1])


def summary(told: Difference) -> str:
    """Return verdict and badge before and now."""
    said = [
        f"{told.now.conformance} as before"
        if told.before.conformance == told.now.conformance
        else f"{told.before.conformance}, now {told.now.conformance}"
    ]
    before, now = (badge.capitalize() if badge else "none" for badge in told.badge)
    if told.badge != (None, None):
        said.append(f"badge {now}" if before == now else f"badge {before}, now {now}")
    return "; ".join(said)


def row_words(row: Row) -> str:
    """Return how a requirement's outcome changed."""
    before, now = (outcome.replace("_", " ") for outcome in (row.before, row.now))
    unscored = "" if row.scored else " (not scored)"
    return f"{before} → {now}{f': {row.reason}' if row.reason else ''}{unscored}"


def of_kind(told: Difference, kind: Kind) -> list[Row]:
    """Return the rows of one kind, those first that fail now."""
    return sorted((row for row in told.rows if row.kind == kind), key=lambda row: row.now != "fail")


def alike(rows: Sequence[Row]) -> list[list[Row]]:
    """Return rows in groups that are told at once, in the order of the first of each: many that changed in one way.

    Each that fails now is a group of its own, and so is each of a few.
    """
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.requirement if row.now == "fail" else row_words(row), []).append(row)
    return [part for group in groups.values() for part in ([group] if len(group) > _FEW else [[row] for row in group])]


def member_words(member: Member) -> str:
    """Return what became of a member of the capability document."""
    if not member.before:
        return f"{member.pointer} is new: {_value(member.now[0])}"
    if not member.now:
        return f"{member.pointer} is gone (it was {_value(member.before[0])})"
    return f"{member.pointer}: {_value(member.before[0])}, now {_value(member.now[0])}"


def measure_words(measure: Moved) -> str:
    """Return how far a measure moved; times in milliseconds."""
    factor, unit = (1000.0, "ms") if measure.unit == "s" else (1.0, measure.unit)
    median = " (median)" if measure.unit == "s" else ""
    times = f", {measure.ratio:.2g} times as much" if measure.ratio and measure.ratio > 0 else ""
    figures = f"{measure.before * factor:.4g}, now {measure.now * factor:.4g} {unit}".rstrip()
    return f"{measure.requirement} {measure.name}{median}: {figures}{times}"


def _value(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LETTERS else f"{text[:_LETTERS]}…"
