"""Straight lines through what was measured: whether it grows with size or time, or only scatters.

Neighbours in time are alike, so a line through a course of time counts for fewer points than it has.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Vector: TypeAlias = NDArray[np.float64]

LEAST = 4
"""Points of a line, at least."""
BLOCKS = 60
"""A course of time is averaged into so many stretches at most."""
WARM_UP = 0.2
"""The share of a course that is left out at its start: caches fill, pools open."""
_MOST_CORRELATED = 0.9


@dataclass(frozen=True, slots=True)
class Line:
    """How much y changes with each unit of x, and the interval that holds the truth with 95 % confidence."""

    slope: float
    low: float
    high: float
    start: float
    """y at the smallest x, on the line."""
    end: float
    """y at the largest x, on the line."""

    @property
    def rises(self) -> bool:
        """Whether it rises beyond noise."""
        return self.low > 0


def fitted(
    x: Sequence[float], y: Sequence[float], weights: Sequence[float] | None = None, *, in_time: bool = False
) -> Line | None:
    """Return the line of least squares, None of fewer than `LEAST` points or of one x; `in_time` where x is time."""
    if len(x) < LEAST or min(x) == max(x):
        return None
    across, up = np.asarray(x, float), np.asarray(y, float)
    weigh = np.ones(len(x)) if weights is None else np.asarray(weights, float) / np.mean(weights)
    middle = np.average(across, weights=weigh)
    spread = float(np.sum(weigh * (across - middle) ** 2))
    slope = float(np.sum(weigh * (across - middle) * up)) / spread
    level = float(np.average(up, weights=weigh)) - slope * middle
    left = up - level - slope * across
    from scipy import stats  # half a second to import, and a run may have no line to draw

    points = _independent(left) if in_time else float(len(x))
    freedom = max(points - 2, 1.0)
    error = math.sqrt(float(np.sum(weigh * left**2)) / freedom / spread)
    reach = float(stats.t.ppf(0.975, freedom)) * error
    return Line(slope, slope - reach, slope + reach, level + slope * min(x), level + slope * max(x))


def _independent(left: Vector) -> float:
    """Return for how many independent points those of a course count, by how much neighbours' residuals are alike."""
    total = float(left @ left)
    along = float(left[1:] @ left[:-1]) / total if total > 0 else 0.0
    n = len(left)
    unbiased = min(max((along * n + 1) / max(n - 3, 1), 0.0), _MOST_CORRELATED)
    return max(n * (1 - unbiased) / (1 + unbiased), 3.0)


def course(seconds: Sequence[float], values: Sequence[float]) -> Line | None:
    """Return the change an hour of a gauge that was looked at at these seconds, without what came while it warmed up.

    It rises only where the last third lies above the middle one as well: what has levelled off is no leak.
    """
    if not seconds:
        return None
    begin = seconds[0] + WARM_UP * (seconds[-1] - seconds[0])
    kept = [(at / 3600, value) for at, value in zip(seconds, values, strict=True) if at >= begin]
    size = max(1, math.ceil(len(kept) / BLOCKS))
    blocks = [kept[at : at + size] for at in range(0, len(kept), size)]
    x = [sum(at for at, _ in block) / len(block) for block in blocks]
    y = [sum(value for _, value in block) / len(block) for block in blocks]
    line = fitted(x, y, in_time=True)
    third = len(y) // 3
    if line is None or not line.rises or sum(y[-third:]) > sum(y[third : 2 * third]):
        return line
    return Line(line.slope, min(line.low, 0.0), line.high, line.start, line.end)
