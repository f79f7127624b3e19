"""How long latency takes to be again what it was before a peak."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from memconform_load.conclusions import LEAST, Figure, Result, figure, latencies
from memconform_load.histogram import Histogram

Rows = Mapping[int, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Recovery:
    """How long latency took to be what it was before a peak; `seconds` is None where it never was again."""

    seconds: int | None
    before_ms: float
    limit_ms: float
    during_ms: float


_ROOM, _ROOM_S = 1.5, 0.005
"""What counts as recovered: within so many times what it was before, or within 5 ms of it."""
_STEADY_S = 3
"""So many seconds together have to be good."""


def recovery(timeline: Sequence[Mapping[str, Any]], begin_s: float, end_s: float, until_s: float) -> Recovery | None:
    """Return how latency recovers after a peak from `begin_s` to `end_s`; None where there is nothing to compare with.

    It counts whole seconds from the end of the peak until three seconds together have a p95 as before, and no failures.
    """
    rows = {row["second"]: row for row in timeline}
    before = _together(rows, range(math.floor(begin_s)))
    after = range(math.ceil(end_s), math.floor(until_s))
    if before.count < LEAST or not after:
        return None
    during = _together(rows, range(math.floor(begin_s), math.ceil(end_s)))
    usual = before.quantile(0.95)
    limit = max(usual * _ROOM, usual + _ROOM_S)
    found = next((second - after.start for second in after if _good(rows, second, after, limit)), None)
    return Recovery(found, usual * 1e3, limit * 1e3, during.quantile(0.95) * 1e3 if during.counts else math.nan)


def _good(rows: Rows, second: int, after: range, limit_s: float) -> bool:
    some = range(second, min(second + _STEADY_S, after.stop))
    seen = _together(rows, some)
    failed = any(rows[each]["failed"] or rows[each]["dropped"] for each in some if each in rows)
    return bool(seen.counts) and not failed and seen.quantile(0.95) <= limit_s


def _together(rows: Rows, seconds: range) -> Histogram:
    whole = Histogram()
    for second in seconds:
        if second in rows:
            whole.merge(latencies(rows[second]))
    return whole


def after_peak(result: Result) -> list[Figure]:
    """Return the recovery time after the highest stage of a run's schedule, and p95 before and in it, as figures."""
    stages, lead = (result["plan"]["schedule"] or {}).get("stages", ()), result["plan"]["warm_up_s"]
    rates = [(stage["rate_from"] + stage["rate_to"]) / 2 for stage in stages]
    if len(rates) < 3 or max(rates) in (rates[0], rates[-1]):
        return [figure("recovery time", None, "s", "the schedule has no peak, such as --rate 'spike 10..100:10s'")]
    peak = rates.index(max(rates))
    begin = sum(stage["seconds"] for stage in stages[:peak]) - lead
    found = recovery(result["timeline"], begin, begin + stages[peak]["seconds"], result["load_s"])
    if found is None:
        said = f"too few calls before the peak, or no second after it: expected {LEAST} calls, and 3 s after it"
        return [figure("recovery time", None, "s", said)]
    times = f"{max(rates) / rates[0]:.3g} times the rate"
    limits = f"p95 was {found.before_ms:.3g} ms before, {found.during_ms:.3g} ms in it"
    back = "did not come back" if found.seconds is None else f"was back {found.seconds} s after its end"
    if found.seconds == 0:
        back = "was back at once"
    said = f"after a peak of {times} latency {back} within {found.limit_ms:.3g} ms ({limits})"
    return [
        figure("recovery time", found.seconds, "s", said),
        figure("p95 before the peak", found.before_ms, "ms", limits),
        figure("p95 in the peak", found.during_ms, "ms", limits),
    ]
