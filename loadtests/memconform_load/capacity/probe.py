"""Stages of load at one rate, and what they say together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from memconform_load.capacity.evidence import Block, Criterion, Decision


@dataclass(frozen=True, slots=True)
class Seconds:
    """What one objective saw in a stage: the seconds, and the share of bad calls that it allows."""

    share: float
    blocks: tuple[Block, ...]
    innocent: bool = False


@dataclass(frozen=True, slots=True)
class Trial:
    """One stage: so many arrivals a second for so many seconds, and what came of it."""

    rate: float
    seconds: float
    objectives: Mapping[str, Seconds] = field(default_factory=dict)
    """By the text of the objective: those that count calls."""
    wholes: Mapping[str, bool] = field(default_factory=dict)
    """By the text of the objective: those that are met or not by the stage as a whole."""
    rising: bool = False
    """Whether latency still rose when the stage ended: a longer one would say something else."""
    invalid: tuple[str, ...] = ()
    """Why the generator, not the server, was the limit."""
    achieved: float | None = None
    figures: Mapping[str, float | None] = field(default_factory=dict)
    """What the curve shows: `p50_ms`, `p95_ms`, `p99_ms`, `errors` (a share), `calls_per_s` (of all operations)."""


@dataclass(slots=True)
class Probe:
    """All stages at one rate."""

    rate: float
    trials: list[Trial] = field(default_factory=list)

    @property
    def valid(self) -> list[Trial]:
        """The stages in which the generator kept up."""
        return [trial for trial in self.trials if not trial.invalid]

    @property
    def invalid(self) -> tuple[str, ...]:
        """Why there is no valid stage; () where there is one, or where none was tried."""
        return self.trials[-1].invalid if self.trials and not self.valid else ()

    @property
    def seconds(self) -> float:
        """How long it was measured."""
        return sum(trial.seconds for trial in self.valid)

    def criteria(self) -> list[Criterion]:
        """Return the objectives that count calls, over all stages."""
        first = self.valid[0].objectives if self.valid else {}
        return [
            Criterion(text, each.share, tuple(t.objectives[text].blocks for t in self.valid), each.innocent)
            for text, each in first.items()
        ]

    @property
    def decision(self) -> Decision:
        """What is proven of all objectives."""
        if not self.valid:
            return Decision.OPEN
        parts = [each.decision() for each in self.criteria()]
        parts += [Decision.MET if met else Decision.NOT_MET for met in self._wholes().values()]
        if Decision.NOT_MET in parts:
            return Decision.NOT_MET
        return Decision.OPEN if Decision.OPEN in parts or self.valid[-1].rising else Decision.MET

    @property
    def leaning(self) -> Decision:
        """What the figures say, proven or not; OPEN only without a valid stage."""
        if not self.valid:
            return Decision.OPEN
        met = all(each.leaning is Decision.MET for each in self.criteria()) and all(self._wholes().values())
        return Decision.MET if met else Decision.NOT_MET

    def _wholes(self) -> dict[str, bool]:
        """Return each whole objective by what most stages say; a draw is not met."""
        names = self.valid[0].wholes
        votes = {name: sum(1 if trial.wholes[name] else -1 for trial in self.valid) for name in names}
        return {name: vote > 0 for name, vote in votes.items()}

    def why(self) -> str:
        """Return how it was decided, in a few words."""
        if self.invalid:
            return f"the generator was the limit: {self.invalid[0]}"
        if not self.valid:
            return "not measured"
        worst = max(self.criteria(), key=lambda each: each.seen / each.share, default=None)
        missed = [name for name, met in self._wholes().items() if not met]
        if worst is None or (missed and worst.leaning is Decision.MET):
            return f"{missed[0]} is not met" if missed else "met as a whole"
        low, high = worst.interval()
        rising = ", latency still rising" if self.valid[-1].rising else ""
        return (
            f"{worst.objective}: {worst.seen:.2%} of {worst.calls} calls miss it "
            f"({low:.2%} to {high:.2%}), allowed {worst.share:.4g}{rising}"
        ).replace(f"allowed {worst.share:.4g}", f"allowed {worst.share * 100:.4g}%")

    def as_json(self) -> dict[str, Any]:
        """Return a point of the curve."""
        last = self.trials[-1] if self.trials else None
        return {
            "rate": round(self.rate, 3),
            "seconds": round(self.seconds, 1),
            "stages": len(self.trials),
            "decision": str(self.decision),
            "why": self.why(),
            "achieved": last.achieved if last else None,
            **(dict(last.figures) if last else {}),
        }
