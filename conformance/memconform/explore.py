"""Property tests over HTTP: Hypothesis chooses the examples, the budget bounds them, the seed repeats them.

Shrinking is bounded too: past a fixed number of smaller candidates every further one counts as passing, and a candidate
that failed before fails again from memory. So a failing property costs little more than a passing one.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import hypothesis
from hypothesis import HealthCheck, Phase
from hypothesis.strategies import SearchStrategy

from memconform.budget import Budget
from memconform.exchange import Exchange
from memconform.verdict import NotApplicable, NotMet

T = TypeVar("T")

CANDIDATES = 40
"""How many smaller candidates are tried after a failure."""


@dataclass(frozen=True, slots=True)
class Explorer:
    """Checks a property on generated examples. `name` makes two tests of one seed see different examples."""

    budget: Budget
    seed: int
    name: str
    latest: Callable[[], Sequence[Exchange]] = tuple
    """Returns the exchange that a finding without any is about: the last one so far."""

    def __call__(
        self, strategy: SearchStrategy[T], check: Callable[[T], None], *, examples: tuple[int, int, int]
    ) -> None:
        """Run `check` on examples of the strategy; raise what it raises on the smallest failing one.

        A budget whose number of examples is 0 has no room for the property: `NotApplicable`.
        """
        if self.budget.of(*examples) == 0:
            raise NotApplicable(f"generated examples need a larger budget than {self.budget.size}")
        trial = _Trial(check, self.latest)
        settings = hypothesis.settings(
            max_examples=self.budget.of(*examples),
            database=None,
            deadline=None,
            derandomize=False,
            print_blob=False,
            report_multiple_bugs=False,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        )
        seed = self.seed * 0x1_0000_0000 + zlib.crc32(self.name.encode())
        prepared: Any = hypothesis.given(strategy)(trial.run)
        try:
            hypothesis.seed(seed)(settings(prepared))()
        except NotMet:
            raise trial.smallest() from None
        if trial.stopped is not None:
            raise trial.stopped


@dataclass
class _Trial:
    """Runs one property; remembers failures so that replaying one costs no request."""

    check: Callable[[Any], None]
    latest: Callable[[], Sequence[Exchange]]
    failed: dict[str, NotMet] = field(default_factory=dict)
    stopped: BaseException | None = None
    candidates: int = 0

    def run(self, example: Any) -> None:
        """Judge one example."""
        key = repr(example)
        if key in self.failed:
            raise self.failed[key]
        if self.stopped is not None or self.candidates >= CANDIDATES:
            return
        self.candidates += bool(self.failed)
        try:
            self.check(example)
        except NotMet as finding:
            finding.see = finding.see or tuple(self.latest())
            self.failed[key] = finding
            raise
        except Exception as other:  # noqa: BLE001 - kept and raised by the explorer, unshrunk
            self.stopped = other

    def smallest(self) -> NotMet:
        """Return the finding of the shortest failing example."""
        return self.failed[min(self.failed, key=lambda key: (len(key), key))]
