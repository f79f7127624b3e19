"""What some people's load does to others: windows with and without a disturbance, and what differs between them."""

from __future__ import annotations

import math

from memconform_load.conclusions import LEAST, Figure, Result, figure, measured
from memconform_load.histogram import Histogram, middle_us

ALONE, BESIDE = "alone", "beside"
_SETTLING = 0.1
"""The share of a window in which what went before may still show."""
_RESOLUTION_S = 1e-6


def window(at: float, width_s: float) -> str | None:
    """Return whether a moment of the load belongs to a window without the disturbance, `ALONE`, or `BESIDE` it.

    Windows take turns, so that what drifts falls on both alike; None just after a change.
    """
    number, share = divmod(at / width_s, 1.0)
    if share < _SETTLING and number:
        return None
    return BESIDE if disturbed(at, width_s) else ALONE


def disturbed(at: float, width_s: float) -> bool:
    """Tell whether the disturbance is on."""
    return int(at // width_s) % 2 == 1


def isolation(result: Result, name: str, what: str, beside: str) -> list[Figure]:
    """Return how much slower `what` is beside a disturbance, from the times `NAME alone` and `NAME beside`."""
    calm, busy = measured(result, f"{name} {ALONE}"), measured(result, f"{name} {BESIDE}")
    if min(calm.count, busy.count) < LEAST:
        said = f"{what}: {calm.count} without and {busy.count} with {beside}; expected {LEAST} of each: run longer"
        return [figure("slowdown", None, "", said)]
    low, high = _quantile_range(calm), _quantile_range(busy)
    ratio, least, most = high[1] / low[1], high[0] / low[2], high[2] / low[0]
    shown = f"{ratio:.3g} times as long" if least > 1 or most < 1 else "no difference shown"
    both = f"p95 {low[1] * 1e3:.3g} ms, {high[1] * 1e3:.3g} ms beside {beside}"
    said = f"{what}: {both}: {shown} ({least:.3g} to {most:.3g})"
    return [
        figure("slowdown", ratio, "", said),
        figure("p95 alone", low[1] * 1e3, "ms", f"{what}: 95 % within {low[1] * 1e3:.3g} ms without {beside}"),
        figure("p95 beside", high[1] * 1e3, "ms", f"{what}: 95 % within {high[1] * 1e3:.3g} ms beside {beside}"),
    ]


def _quantile_range(times: Histogram, q: float = 0.95) -> tuple[float, float, float]:
    """Return low end, value and high end of the 95 % interval of a quantile, by the ranks that it may have."""
    reach = 1.96 * math.sqrt(q * (1 - q) / times.count)
    low, value, high = times.quantiles((q - reach, q, min(q + reach, 1.0)))
    return max(low, _RESOLUTION_S), max(value, _RESOLUTION_S), max(high, _RESOLUTION_S)


def fairness(shares: Histogram) -> float | None:
    """Return Jain's index of what people get: 1 where all get the same, near 0 where one gets all; None of nobody."""
    total = shares.count
    values = [(middle_us(index), number) for index, number in shares.counts.items()]
    squares = sum(value * value * number for value, number in values)
    return sum(value * number for value, number in values) ** 2 / (total * squares) if squares else None
