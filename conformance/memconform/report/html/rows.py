"""Every requirement in a few words: outcome, sentence and, where it was not met, why."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from memconform.report.html.known import known
from memconform.report.html.outcomes import GRAVE, ORDER, SAYS, group_of

TOLD = 3
"""So many findings of a requirement are told before it is unfolded."""


@dataclass(frozen=True, slots=True)
class Why:
    """One finding: what was expected and observed, or why nothing is proven; `times` tests found the same."""

    said: tuple[tuple[str, str], ...]
    times: int
    known: str
    """What the baseline says of it; empty where it says nothing."""


@dataclass(frozen=True, slots=True)
class Row:
    """One requirement."""

    id: str
    level: str
    profile: str
    statement: str
    outcome: str
    group: str
    tests: int
    reason: str
    why: tuple[Why, ...]
    more: int
    """So many further findings."""

    @property
    def known(self) -> bool:
        """Whether the baseline knows all of its findings."""
        return bool(self.why) and all(why.known for why in self.why)


@dataclass(frozen=True, slots=True)
class Group:
    """The requirements of one outcome, in the order of the contract; what a baseline does not know comes first."""

    outcome: str
    says: str
    rows: tuple[Row, ...]


def groups(result: Mapping[str, Any]) -> tuple[Group, ...]:
    """Return every requirement by outcome, what needs somebody first."""
    found = _found(result)
    gathered: dict[str, list[Row]] = defaultdict(list)
    for row in result["requirements"]:
        gathered[group_of(row)].append(_row(row, found))
    return tuple(
        Group(outcome, SAYS[outcome], tuple(sorted(gathered[outcome], key=lambda row: row.known)))
        for outcome in ORDER
        if gathered[outcome]
    )


def _row(row: Mapping[str, Any], found: Mapping[tuple[str, str], Sequence[Why]]) -> Row:
    why = found.get((row["id"], row["outcome"]), ()) if row["outcome"] in GRAVE else ()
    since = f"since {row['since']}" if row.get("scored") is False and row.get("since") else ""
    return Row(
        id=row["id"],
        level=row["level"],
        profile=row["profile"],
        statement=row["statement"],
        outcome=row["outcome"],
        group=group_of(row),
        tests=len(row["tests"]),
        reason=", ".join(filter(None, (since, row.get("reason")))),
        why=tuple(why[:TOLD]),
        more=len(why[TOLD:]),
    )


def _found(result: Mapping[str, Any]) -> dict[tuple[str, str], list[Why]]:
    """Return the findings by requirement and outcome, those first that the baseline does not know."""
    counted: dict[tuple[str, str], Counter[tuple[tuple[tuple[str, str], ...], str]]] = defaultdict(Counter)
    for requirement, outcome, record in _findings(result["tests"]):
        said = tuple((name, str(record[name])) for name in ("expected", "observed", "reason") if record.get(name))
        counted[requirement, outcome][said, known(result, record)] += 1
    return {
        key: sorted(
            (Why(said, times, knows) for (said, knows), times in counts.items()), key=lambda why: why.known != ""
        )
        for key, counts in counted.items()
    }


def _findings(tests: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for record in tests:
        if record["outcome"] in GRAVE:
            yield record["requirement"], record["outcome"], record
    for record in tests:
        for wire in record["wire"]:
            yield wire["requirement"], "fail", wire
