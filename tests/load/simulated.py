"""Simulated servers of a known capacity, as trials that take no time."""

from __future__ import annotations

import statistics
from collections.abc import Callable

from memconform_load.arrivals import parse_schedule
from memconform_load.calibration import Law, latencies
from memconform_load.capacity import Seconds, Trial, rises

WARM_UP_S = 2.0


def measured(law: Law, rate: float, seconds: float, seed: int, kind: str) -> list[list[float]]:
    """Return the seconds that calls took, for each second of a stage after its warm-up."""
    times = list(parse_schedule(f"{rate:.6f}", seconds + WARM_UP_S, kind).times(seed))
    found: list[list[float]] = [[] for _ in range(int(seconds))]
    for at, took in zip(times, latencies(law, times), strict=True):
        second = int(at - WARM_UP_S)
        if at >= WARM_UP_S and second < len(found):
            found[second].append(took)
    return found


def trials(law: Law, limit_s: float, seed: int, kind: str = "poisson") -> Callable[[float, float], Trial]:
    """Return trials of `p95 < limit`, each with another seed."""
    seeds = iter(range(seed * 10_000, seed * 10_000 + 10_000))

    def trial(rate: float, seconds: float) -> Trial:
        seen = measured(law, rate, seconds, next(seeds), kind)
        blocks = tuple((len(second), sum(took > limit_s for took in second)) for second in seen)
        medians = [statistics.median(second) for second in seen if second]
        return Trial(rate, seconds, {"p95<limit": Seconds(0.05, blocks)}, rising=rises(medians))

    return trial


def true_capacity(law: Law, limit_s: float, low: float, high: float) -> float:
    """Return the rate of Poisson arrivals at which 95 % are within the limit, from a long run at each rate."""
    while high / low > 1.002:
        middle = (low + high) / 2
        seen = [took for second in measured(law, middle, 2000, 1, "poisson") for took in second]
        over = sum(took > limit_s for took in seen) / len(seen)
        low, high = (middle, high) if over < 0.05 else (low, middle)
    return (low + high) / 2
