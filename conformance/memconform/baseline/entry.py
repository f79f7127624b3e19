"""One entry of a baseline: which failure it is about, why that is tolerated, and until when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from memconform.baseline.failures import Failure
from memconform.verdict import Outcome


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known; the narrower it is told, the less it can hide."""

    requirement: str
    reason: str
    expires: date
    """The last day, in UTC, on which it is tolerated."""
    test: str | None = None
    expected: str | None = None
    """How the expectation of the failure begins."""
    outcome: Outcome = Outcome.FAIL
    budget: str | None = None
    """The budget of the run that showed it."""
    flaky: bool = False
    found: str | None = None
    """The gist of the failure that it was written for: a note for people, which covers no less and no more."""

    @classmethod
    def of(cls, row: Mapping[str, Any], *, flaky: bool) -> Entry:
        """Return the entry that a row of a baseline, or of a comparison with one, describes."""
        texts = {name: row.get(name) for name in ("test", "expected", "budget", "found")}
        expires, outcome = date.fromisoformat(row["expires"]), Outcome(row.get("outcome", Outcome.FAIL))
        return cls(row["requirement"], row["reason"], expires, outcome=outcome, flaky=flaky, **texts)

    @property
    def of_exchanges(self) -> bool:
        """Whether it is about a fault that any test's exchanges may show."""
        return self.test is None and self.expected is not None

    @property
    def subject(self) -> str:
        """What it is about, for people."""
        about = self.test or (f"({self.expected})" if self.expected else "")
        return f"{self.requirement} {about}".rstrip()

    def covers(self, failure: Failure) -> bool:
        """Return whether this failure is the one that is known."""
        return (
            self.requirement == failure.requirement
            and self.test in (None, failure.test)
            and (self.expected is None or (failure.expected or "").startswith(self.expected))
            and (self.flaky or self.outcome == failure.outcome)
        )

    def to_json(self) -> dict[str, Any]:
        """Return it as the file has it, the date as text; of a flaky one neither outcome nor budget."""
        said: dict[str, Any] = {"requirement": self.requirement, "test": self.test, "expected": self.expected}
        if not self.flaky:
            said |= {"outcome": self.outcome.value, "budget": self.budget}
        said |= {"found": self.found, "reason": self.reason, "expires": self.expires.isoformat()}
        return {name: value for name, value in said.items() if value is not None}
