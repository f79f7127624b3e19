"""What seconds of calls prove of "at most this share is bad": met, not met, or not decided yet.

Calls of one second are alike, and so are seconds that follow each other: a queue that is long stays long for a while.
The interval is that of so many independent calls as would scatter from second to second as these do.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Block: TypeAlias = tuple[int, int]
"""Calls that were intended in one second, and how many of them were bad: too slow, failed or never answered."""

LEAST_BLOCKS = 5
_LENGTHS = (1, 2, 4)
"""So many seconds together are taken for one sample; the length that scatters most counts."""


_RISES, _SURE = 1.5, 0.99
"""By what factor, and how surely, the last third of a stage has to be slower than the first one to be called rising."""


class Decision(StrEnum):
    """What is known."""

    MET = "met"
    NOT_MET = "not met"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Criterion:
    """One objective at one rate: the share of bad calls has to be below `share`."""

    objective: str
    share: float
    stages: tuple[tuple[Block, ...], ...]
    """The seconds of each stage at this rate."""
    innocent: bool = False
    """Whether it is met where no call was bad, however few there were: so for errors, which nobody can prove absent."""

    @property
    def calls(self) -> int:
        """How many calls there were."""
        return sum(calls for stage in self.stages for calls, _ in stage)

    @property
    def seen(self) -> float:
        """The share of bad calls; 1 where there were none at all."""
        calls = self.calls
        return sum(bad for stage in self.stages for _, bad in stage) / calls if calls else 1.0

    @property
    def leaning(self) -> Decision:
        """What the share that was seen says, whatever its interval."""
        return Decision.MET if self.seen < self.share else Decision.NOT_MET

    def decision(self, confidence: float = 0.95) -> Decision:
        """Return what is proven."""
        if self.innocent and self.seen == 0:
            return Decision.MET
        low, high = self.interval(confidence)
        if high < self.share:
            return Decision.MET
        return Decision.NOT_MET if low > self.share else Decision.OPEN

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Return between which shares the true one lies: Wilson's interval for the effective number of calls."""
        blocks = sum(len(stage) for stage in self.stages)
        if blocks < LEAST_BLOCKS:
            return 0.0, 1.0
        effective = self.calls / max(1.0, *(_scatter(self.stages, length, self.seen) for length in _LENGTHS))
        reach = float(stats.t.ppf((1 + confidence) / 2, blocks - 1))
        return _wilson(self.seen, max(effective, 1.0), reach)


def _wilson(seen: float, calls: float, reach: float) -> tuple[float, float]:
    square = reach**2 / calls
    middle = (seen + square / 2) / (1 + square)
    half = reach / (1 + square) * math.sqrt(seen * (1 - seen) / calls + square / (4 * calls))
    return max(middle - half, 0.0), min(middle + half, 1.0)


def _scatter(stages: Iterable[Sequence[Block]], length: int, seen: float) -> float:
    """Return how many times more the blocks scatter than independent calls would."""
    sums = [joined for stage in stages for joined in _joined(stage, length)]
    calls, bad = np.asarray(sums, float).reshape(-1, 2).T
    if len(calls) < LEAST_BLOCKS or not 0 < seen < 1:
        return 1.0
    off: NDArray[np.float64] = bad - seen * calls
    return float((off**2).sum() / (len(calls) - 1) / (calls.mean() * seen * (1 - seen)))


def _joined(stage: Sequence[Block], length: int) -> list[Block]:
    groups = (stage[first : first + length] for first in range(0, len(stage) - length + 1, length))
    return [(sum(calls for calls, _ in group), sum(bad for _, bad in group)) for group in groups]


def rises(latencies: Sequence[float]) -> bool:
    """Return whether a figure of each second rose all through a stage (Kendall's tau), and by half or more."""
    third = len(latencies) // 3
    if third < 2 or np.mean(latencies[-third:]) <= _RISES * np.mean(latencies[:third]):
        return False
    return bool(stats.kendalltau(range(len(latencies)), latencies).pvalue < 1 - _SURE)
