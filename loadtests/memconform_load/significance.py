"""Is B slower than A, or is that noise? An effect with its interval, from repeated runs or from one run of each.

Requests of one run are no independent samples: a slow moment hits many of them, so tests that take them for such
(Mann-Whitney, Kolmogorov-Smirnov) call two runs of the same server different more often than not. Here a sample is a
run (`welch`), or a stretch of seconds of a run (`block_bootstrap`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Seconds: TypeAlias = Sequence[dict[float, int]]
"""How often each time was seen, for each second of a run."""

Matrix: TypeAlias = NDArray[np.float64]

RESAMPLES = 999
LEAST_BLOCKS, LEAST_SECONDS = 5, 8
_MOST_CORRELATED = 0.9


class TooFew(Exception):
    """There is too little to tell noise from a difference; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Effect:
    """By what factor B differs from A, with an interval: 1.12 is 12 % slower. `shown` when the interval excludes 1."""

    ratio: float
    low: float
    high: float
    confidence: float

    @property
    def shown(self) -> bool:
        """Whether there is a difference beyond noise."""
        return self.low > 1 or self.high < 1

    def slower_than(self, tolerance: float) -> bool:
        """Return whether B is slower than A by more than a share, beyond noise."""
        return self.low > 1 + tolerance

    def said(self) -> str:
        """Return it in words: `slower by 12 % (4 to 21 %)`, or `no difference shown (-3 to +4 %)`."""
        low, high = ((edge - 1) * 100 for edge in (self.low, self.high))
        if not self.shown:
            return f"no difference shown ({low:+.3g} to {high:+.3g} %)"
        word, sign = ("slower", 1) if self.ratio > 1 else ("faster", -1)
        near, far = sorted((sign * low, sign * high))
        return f"{word} by {sign * (self.ratio - 1) * 100:.3g} % ({near:.3g} to {far:.3g} %)"


def welch(a: Sequence[float], b: Sequence[float], confidence: float = 0.95) -> Effect:
    """Compare a figure of several runs of each, such as their p95, by Welch's t on the logarithms.

    Raise `TooFew` for fewer than two runs of either, and for figures that are not above 0.
    """
    if min(len(a), len(b)) < 2:
        raise TooFew(f"there are {len(a)} and {len(b)} runs; expected 2 or more of each, 5 are good")
    if min(*a, *b) <= 0 or not all(map(math.isfinite, (*a, *b))):
        raise TooFew("a run has no such figure: too few of its calls were answered")
    logs = [np.log(np.asarray(each, float)) for each in (a, b)]
    parts = [float(each.var(ddof=1)) / len(each) for each in logs]
    difference, error = float(logs[1].mean() - logs[0].mean()), math.sqrt(sum(parts))
    freedom = sum(parts) ** 2 / max(sum(p**2 / (len(each) - 1) for p, each in zip(parts, logs, strict=True)), 1e-300)
    return _effect(difference, error, max(freedom, 1.0), confidence)


def block_bootstrap(a: Seconds, b: Seconds, q: float = 0.95, confidence: float = 0.95, seed: int = 0) -> Effect:
    """Compare a quantile of one run of each by resampling stretches of seconds. Raise `TooFew` for short runs."""
    generator = np.random.default_rng(seed)
    logs, parts, freedom = [], [], []
    for run in (a, b):
        along = _correlation(run)
        length = _block_length(len(run), along)
        drawn = len(run) // length
        logs.append(_resampled(run, length, q, generator))
        parts.append(float(logs[-1][1:].var(ddof=1)) / _seen_by_blocks(length, along) * drawn / (drawn - 1))
        freedom.append(drawn - 1)
    if not all(np.isfinite(each).all() for each in logs):
        raise TooFew("a run has no such percentile: too few of its calls were answered")
    total = sum(parts)
    together = total**2 / max(sum(p**2 / free for p, free in zip(parts, freedom, strict=True)), 1e-300)
    return _effect(float(logs[1][0] - logs[0][0]), math.sqrt(total), max(together, 1.0), confidence)


def _effect(difference: float, error: float, freedom: float, confidence: float) -> Effect:
    reach = float(stats.t.ppf((1 + confidence) / 2, freedom)) * error
    low, ratio, high = (math.exp(difference + by) for by in (-reach, 0.0, reach))
    return Effect(ratio, low, high, confidence)


def _correlation(run: Seconds) -> float:
    """Return how much a second's mean is like the one before it: 0 not at all, 1 wholly. Raise `TooFew`."""
    if len(run) < LEAST_SECONDS:
        raise TooFew(f"a run has {len(run)} seconds with answers; expected {LEAST_SECONDS} or more")
    means = np.log([_mean(second) for second in run])
    centred = means - means.mean()
    spread = float(centred @ centred)
    seen = float(centred[1:] @ centred[:-1]) / spread if spread > 0 else 0.0
    unbiased = (seen * len(run) + 1) / (len(run) - 3)  # a short series looks less correlated than it is (Kendall 1954)
    return min(max(unbiased, 0.0), _MOST_CORRELATED)


def _mean(second: dict[float, int]) -> float:
    finite = {value: number for value, number in second.items() if math.isfinite(value)}
    return max(sum(value * number for value, number in finite.items()) / max(sum(finite.values()), 1), 1e-9)


def _block_length(seconds: int, along: float) -> int:
    """Return how long a stretch has to be so that a slow moment mostly lies within it (Politis and White 2004)."""
    best: float = (math.sqrt(6) * along / (1 - along**2)) ** (2 / 3) * seconds ** (1 / 3)
    return max(1, min(math.ceil(best), seconds // LEAST_BLOCKS))


def _seen_by_blocks(length: int, along: float) -> float:
    """Return which share of the variance of a run stretches of this length show, where seconds are correlated so."""
    within = 1 + 2 * sum((1 - lag / length) * along**lag for lag in range(1, length))
    return within * (1 - along) / (1 + along)


def _resampled(run: Seconds, length: int, q: float, generator: np.random.Generator) -> Matrix:
    """Return the logarithm of the quantile: of the run itself, then of each resample of its circular stretches."""
    values = sorted({value for second in run for value in second})
    at = {value: index for index, value in enumerate(values)}
    counts = np.zeros((len(run), len(values)))
    for row, second in zip(counts, run, strict=True):
        for value, number in second.items():
            row[at[value]] = number
    starts = len(run)
    drawn = generator.multinomial(starts // length, np.full(starts, 1 / starts), size=RESAMPLES)
    weights = sum((np.roll(drawn, shift, axis=1) for shift in range(1, length)), start=drawn.copy())
    summed = np.cumsum(np.vstack([np.ones(starts), weights]) @ counts, axis=1)
    reached = summed >= summed[:, -1:] * q - 1e-9
    found: Matrix = np.log(np.asarray(values)[reached.argmax(axis=1)])
    return found
