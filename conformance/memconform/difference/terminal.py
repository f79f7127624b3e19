"""A difference on a terminal: what changed by its gravity, the headline last."""

from __future__ import annotations

from collections.abc import Iterator

import click

from memconform.difference.compare import Difference, Run
from memconform.difference.outcomes import Kind
from memconform.difference.telling import (
    TITLES,
    headline,
    measure_words,
    member_words,
    of_kind,
    row_words,
    summary,
)
from memconform.report.terminal import plain

_COLOURS: dict[Kind, str] = {"regression": "red", "improvement": "green", "inconclusive now": "yellow"}


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
        for row in of_kind(told, kind):
            mark = click.style(f"{kind:<16}", fg=_COLOURS.get(kind))
            yield f"  {mark} {row.requirement} ({row.level}) {plain(row_words(row))}"
    head = click.style(headline(told).upper(), fg="red" if told.regressions else "green", bold=True)
    yield f"{head} — {summary(told)}"


def _runs(told: Difference) -> tuple[tuple[str, Run], ...]:
    return ("before", told.before), ("now", told.now)
