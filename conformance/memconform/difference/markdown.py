"""A difference as Markdown, for the summary of a CI run or a comment on a merge request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from memconform.difference.compare import Difference
from memconform.difference.telling import (
    TITLES,
    headline,
    measure_words,
    member_words,
    of_kind,
    row_words,
    sign,
    summary,
)
from memconform.report.marking import code, cut, escaped, folded, requirement_name, table

_MOST, _LETTERS = 200, 500
"""So many rows of a list, and letters of a text, are shown."""


def render(told: Difference, specification: str | None = None) -> str:
    """Return the summary; requirements link to the specification site where its address is given."""
    parts = [
        f"## {sign(told)} {headline(told).capitalize()}: {escaped(summary(told))}",
        table(["", "judged", "on", "verdict"], _runs(told), left=4),
        _bullets(f"⚠️ {escaped(cut(caveat, _LETTERS))}" for caveat in told.caveats),
        *_requirements(told, specification),
        _list("Profiles", (f"{change.profile}: {change.words}" for change in told.profiles)),
        _list("Capabilities", map(member_words, told.capabilities)),
        _list("Measures that moved, which is no verdict", map(measure_words, told.measures)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _runs(told: Difference) -> Iterator[list[str]]:
    for word, run in (("before", told.before), ("now", told.now)):
        yield [word, code(cut(run.subject, _LETTERS)), escaped(run.started_at), escaped(run.conformance)]


def _requirements(told: Difference, specification: str | None) -> Iterator[str]:
    for kind, title in TITLES.items():
        rows = of_kind(told, kind)
        cells = [
            [
                requirement_name(row.requirement, specification),
                row.level,
                code(row.profile),
                escaped(cut(row_words(row), _LETTERS)),
            ]
            for row in rows[:_MOST]
        ]
        if rows:
            shown = table(["requirement", "level", "profile", "before → now"], cells, left=4)
            head = f"{title}: {len(rows)}"
            yield f"### {head}\n\n{shown}" if kind == "regression" else folded(head, shown)


def _list(title: str, texts: Iterable[str]) -> str:
    every = list(texts)
    return folded(f"{title}: {len(every)}", _bullets(escaped(cut(text, _LETTERS)) for text in every)) if every else ""


def _bullets(texts: Iterable[str]) -> str:
    every = list(texts)
    more = [f"- … and {len(every) - _MOST} more"] if len(every) > _MOST else []
    return "\n".join([*(f"- {text}" for text in islice(every, _MOST)), *more])
