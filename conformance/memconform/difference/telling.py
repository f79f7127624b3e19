"""A difference in words: the headline, and a sentence for each thing that changed."""

from __future__ import annotations

import json
from collections.abc import Iterator

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


def headline(told: Difference) -> str:
    """Return what matters in one line."""
    if told.regressions:
        number = len(told.regressions)
        return f"{number} {'regression' if number == 1 else 'regressions'}"
    return "no regression" if anything(told) else "no difference"


def anything(told: Difference) -> bool:
    """Return whether anything changed, caveats aside."""
    return bool(told.rows or told.profiles or told.capabilities or told.measures or told.badge[0] != told.badge[1])


def summary(told: Difference) -> str:
    """Return verdict and badge before and now."""
    said = [
        told.now.conformance
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


def of_kind(told: Difference, kind: Kind) -> Iterator[Row]:
    """Yield the rows of one kind."""
    return (row for row in told.rows if row.kind == kind)


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
