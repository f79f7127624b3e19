"""What did not hold in a result, as a baseline tells one failure from another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from memconform.baseline.gist import gist
from memconform.verdict import Outcome

LEAK = "CORE-27"
"""The requirement whose expectation is one sentence for all faults: what was seen tells them apart."""

EVERY_EXCHANGE = (LEAK, "CORE-28")
"""The requirements that the exchanges of all tests are held to: with fewer tests less is seen of them."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One test that did not hold, or one fault that exchanges showed, in whichever tests that was.

    `test` is None for the latter: which test meets such a fault first depends on what else is selected, so `expected`
    tells one from another.
    """

    requirement: str
    outcome: Outcome
    test: str | None
    expected: str | None
    counts: bool = True
    """Whether the verdict suffers: an inconclusive SHOULD does not count."""
    found: str | None = None
    """The gist of what a test said; None of what exchanges showed, whose expectation says it."""

    def to_json(self) -> dict[str, Any]:
        """Return it as `schemas/toolkit/baseline-comparison.schema.json` describes it."""
        said = {"requirement": self.requirement, "test": self.test, "expected": self.expected, "outcome": self.outcome}
        said["found"] = self.found
        return {name: str(value) for name, value in said.items() if value is not None}


def failures(result: Mapping[str, Any]) -> list[Failure]:
    """Return what failed or was inconclusive among the requirements that are scored, in the order of the result."""
    levels = {row["id"]: row["level"] for row in result["requirements"] if row.get("scored", True)}
    shown = dict.fromkeys(_shown(result))
    found = [_of_exchanges(*fault) for fault in shown if fault[0] in levels]
    for record in result["tests"]:
        requirement, outcome = record["requirement"], record["outcome"]
        fault = (requirement, expectation(record))
        if requirement in levels and outcome in (Outcome.FAIL, Outcome.INCONCLUSIVE) and fault not in shown:
            counts = outcome == Outcome.FAIL or levels[requirement] == "MUST"
            found.append(Failure(requirement, Outcome(outcome), record["test"], fault[1], counts, gist(record)))
    return found


def expectation(finding: Mapping[str, Any]) -> str | None:
    """Return what a finding expected, such that two faults of a server give two expectations."""
    expected: str | None = finding.get("expected")
    if finding["requirement"] == LEAK and expected is not None:
        return f"{expected}: {finding['observed'].partition(':')[0]}"
    return expected


def _shown(result: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    for record in result["tests"]:
        for finding in record["wire"]:
            yield finding["requirement"], expectation(finding)


def _of_exchanges(requirement: str, expected: str | None) -> Failure:
    return Failure(requirement, Outcome.FAIL, None, expected)
