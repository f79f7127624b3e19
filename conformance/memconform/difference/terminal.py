"""A difference on a terminal: what changed by its gravity, the headline last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from memconform.difference.compare import Difference, Run
from memconform.difference.outcomes import Kind, Row
from memconform.difference.telling import (
    TITLES,
    alike,
    headline,
    measure_words,
    member_words,
    of_kind,
    row_words,
    sign,
    summary,
)
from memconform.report.terminal import plain

_COLOURS: dict[Kind, str] = {"regression": "red", "improvement": "green", "inconclusive now": "yellow"}
_SIGNS = {"❌": "red", "⚠️": "yellow", "✅": "green"}


def lines(told: Difference) -> Iterator[str]:
    """Yield the lines of a difference."""
    yield from (plain(f"{word:<7}{run.subject}, {run.started_at}") for word, run in _runs(told))
    for caveat in told.caveats:
        yield click.style(plain(f"  beware: {caveat}"), fg="yellow")
    for change in told.profiles:
        yield plain(f"  profile {change.profile}: {change.words}")
    for member in told.capabilities:
        yield plain(f"  capability {member_words(member)}")
    for measure in told.measures:
        yield plain(f"  measured {measure_words(measure)}")
    for kind in reversed(TITLES):
        for group in sorted(alike(of_kind(told, kind)), key=lambda group: group[0].now == "fail"):
            yield f"  {click.style(f'{kind:<16}', fg=_COLOURS.get(kind))} {_requirements(group)}"
    head = click.style(headline(told).upper(), fg=_SIGNS[sign(told)], bold=True)
    yield f"{head} — {summary(told)}"


def _requirements(group: Sequence[Row]) -> str:
    words = plain(row_words(group[0]))
    if len(group) == 1:
        return f"{group[0].requirement} ({group[0].level}) {words}"
    return f"{len(group)} {words}: {', '.join(row.requirement for row in group)}"


def _runs(told: Difference) -> tuple[tuple[str, Run], ...]:
    return ("before", told.before), ("now", told.now)
