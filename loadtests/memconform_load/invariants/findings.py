"""What was found, in numbers and with witnesses; adds up over processes."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from memconform_load.histogram import Histogram
from memconform_load.invariants.laws import Law

WITNESSES = 4
"""Of each law so many cases are kept with their witness; all are counted."""
MOST_LINES = 12
"""Lines of a witness."""


@dataclass(slots=True)
class Case:
    """One breach: the timeline that shows it, and the same as data."""

    law: Law
    witness: list[str]
    example: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Return witness and example."""
        return {"witness": self.witness[:MOST_LINES], "example": self.example}


@dataclass
class Findings:
    """Counts of breaches and of what was looked at. A judge fills one; a master merges those of all judges."""

    source: str = field(default_factory=lambda: uuid.uuid4().hex)
    total: int = 0
    counts: Counter[Law] = field(default_factory=Counter)
    cases: dict[Law, list[Case]] = field(default_factory=dict)
    checked: Counter[str] = field(default_factory=Counter)
    suspended: Counter[str] = field(default_factory=Counter)
    own_measured: dict[str, Histogram] = field(default_factory=dict)
    _others: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    # While it is judged

    def add(self, case: Case) -> None:
        """Count a breach, and keep it while there are few of its law."""
        self.total += 1
        self.counts[case.law] += 1
        kept = self.cases.setdefault(case.law, [])
        if len(kept) < WITNESSES:
            kept.append(case)

    def renamed(self, case: Case, law: Law, line: str) -> None:
        """Turn a case into one of another law, because of what a later line of its timeline shows."""
        self.counts[case.law] -= 1
        self.counts[law] += 1
        kept = self.cases.get(case.law, [])
        if case in kept:
            kept.remove(case)
        case.law = law
        case.witness.append(line)
        others = self.cases.setdefault(law, [])
        if len(others) < WITNESSES:
            others.append(case)

    def measure(self, name: str, seconds: float) -> None:
        """Add to a distribution."""
        self.own_measured.setdefault(name, Histogram()).record(seconds)

    # Over processes

    def delta(self) -> dict[str, Any]:
        """Return all of it so far as JSON values, with a name of its own so that a newer one replaces it."""
        found = {law.value: [case.as_json() for case in self.cases.get(law, [])] for law in self._laws()}
        return {
            "source": self.source,
            "total": self.total,
            "counts": {law.value: self.counts[law] for law in self._laws()},
            "cases": found,
            "checked": dict(self.checked),
            "suspended": dict(self.suspended),
            "measured": {name: histogram.encoded() for name, histogram in self.own_measured.items()},
        }

    def merge(self, delta: Mapping[str, Any]) -> None:
        """Take what a judge's `delta` gave; a later one of the same judge replaces it."""
        self._others[delta["source"]] = delta

    def violations(self) -> dict[str, Any]:
        """Return `{"total", "checked", "found", "suspended"}`, as the result tells it."""
        counts: Counter[str] = Counter()
        checked: Counter[str] = Counter()
        suspended: Counter[str] = Counter()
        cases: dict[str, list[Mapping[str, Any]]] = {}
        for each in self._all():
            counts.update(each["counts"])
            checked.update(each["checked"])
            suspended.update(each["suspended"])
            for law, some in each["cases"].items():
                cases.setdefault(law, []).extend(some)
        found = [_row(law, counts[law], cases.get(law, [])) for law in map(str, Law) if counts[law] > 0]
        told = [reason if times <= 1 else f"{reason} ({times} times)" for reason, times in sorted(suspended.items())]
        return {"total": sum(counts.values()), "checked": dict(checked), "found": found, "suspended": told}

    @property
    def measured(self) -> dict[str, Histogram]:
        """The distributions of all processes together."""
        whole: dict[str, Histogram] = {}
        for each in self._all():
            for name, encoded in each["measured"].items():
                whole.setdefault(name, Histogram()).merge(Histogram.from_encoded(encoded))
        return whole

    def _laws(self) -> Iterator[Law]:
        return (law for law in Law if self.counts[law] > 0)

    def _all(self) -> Iterator[Mapping[str, Any]]:
        yield self.delta()
        yield from self._others.values()


def _row(law: str, count: int, cases: list[Mapping[str, Any]]) -> dict[str, Any]:
    first = cases[0] if cases else {"witness": [], "example": {}}
    others = [each["witness"] for each in cases[1:WITNESSES]]
    example = {**first["example"], **({"others": others} if others else {})}
    return {"law": law, "count": count, "witness": first["witness"], "example": example}
