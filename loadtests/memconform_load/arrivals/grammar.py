"""Schedules as the command line writes them.

    50                      a steady rate, for the whole duration
    10..100                 a rate that goes from 10 to 100 in a straight line
    50:30s,100:30s          one stage after another; one of them may have no time: it lasts what the others leave
    10..100:1m,100          a ramp, then its peak
    spike 20..200:10s       a rate of 20 with a peak of 200 for 10 s, after a third of the rest of the duration
    trace FILE              recorded arrivals; `trace FILE#COLUMN` of a CSV or NDJSON file; `trace FILE x10` faster

Rates are a second, unless they say otherwise: `50`, `50/s`, `3000/min`.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import replace
from typing import get_args

from memconform.settings import UsageError
from memconform_load.arrivals.builders import trace
from memconform_load.arrivals.schedule import Kind, Schedule, Stage
from memconform_load.quantities import duration, number, rate

BURSTY = 3.0
"""Coefficient of variation of `gamma` without a number."""
HIGHEST_RATE = 1e6
_EXAMPLES = "such as 50, 10..100, 50:30s,100:30s, 'spike 20..200:10s' or 'trace FILE'"


def parse_schedule(text: str, duration_s: float, kind: str = "poisson") -> Schedule:
    """Return the schedule that a text describes; raise `UsageError` where it describes none.

    `kind` is how arrivals scatter: `poisson`, `constant`, `gamma` or `gamma:CV` (coefficient of variation of the gaps).
    """
    words = text.strip()
    if not 0 < duration_s < 366 * 86400:
        raise UsageError(f"the duration is {duration_s:g} s; expected more than 0 s and at most a year")
    if words == "trace" or words.startswith("trace "):
        return replace(_trace(words.removeprefix("trace").strip()), source=words)
    spacing, cv = _spacing(kind)
    if words == "spike" or words.startswith("spike "):
        stages = _spike(words.removeprefix("spike").strip(), duration_s)
    else:
        stages = _stages(words, duration_s)
    expected = sum(stage.expected for stage in stages)
    if expected < 1:
        raise UsageError(f"the rate {words!r} brings less than one arrival in {duration_s:g} s: raise one of them")
    return Schedule(spacing, stages, cv, source=words)


def _spacing(kind: str) -> tuple[Kind, float]:
    name, colon, cv = kind.strip().lower().partition(":")
    spacings = [each for each in get_args(Kind) if each != "trace"]
    if name not in spacings:
        near = difflib.get_close_matches(name, spacings, 1)
        hint = f"do you mean {near[0]}?" if near else f"expected {', '.join(spacings)}; a recorded one is 'trace FILE'"
        raise UsageError(f"there are no {kind!r} arrivals; {hint}")
    if colon and name != "gamma":
        raise UsageError(f"{name} arrivals take no number; only gamma does: gamma:{BURSTY:g}")
    value = number(cv, what="the coefficient of variation of gamma arrivals") if colon else BURSTY
    if name == "gamma" and not 0.01 <= value <= 100:
        raise UsageError(f"the coefficient of variation of gamma arrivals is {value:g}; expected 0.01 to 100")
    return name, value if name == "gamma" else 1.0  # type: ignore[return-value]  # one of the spacings


def _stages(text: str, duration_s: float) -> tuple[Stage, ...]:
    pairs = [part.partition(":") for part in text.split(",")]
    times = [duration(time, what=f"the time of stage {text!r}") if colon else None for _, colon, time in pairs]
    if times.count(None) > 1:
        raise UsageError(f"the rate is {text!r}: only one stage may do without a time; write RATE:TIME,RATE:TIME")
    left = duration_s - sum(time for time in times if time is not None)
    if None in times and left <= 0:
        raise UsageError(f"the stages of {text!r} leave nothing of {duration_s:g} s for the one without a time")
    shares = [left if time is None else time for time in times]
    return tuple(_stage(rates, seconds, text) for (rates, _, _), seconds in zip(pairs, shares, strict=True))


def _stage(rates: str, seconds: float, text: str) -> Stage:
    first, dots, last = rates.partition("..")
    try:
        begin = rate(first)
        end = rate(last) if dots else begin
    except UsageError:
        raise UsageError(f"the rate is {text!r}; expected rates {_EXAMPLES}") from None
    if max(begin, end) > HIGHEST_RATE or seconds <= 0:
        raise UsageError(f"the rate is {text!r}; expected rates up to {HIGHEST_RATE:,.0f}/s and times above 0 s")
    return Stage(begin, end, seconds)


def _spike(text: str, duration_s: float) -> tuple[Stage, ...]:
    rates, colon, time = text.partition(":")
    if not colon or ".." not in rates:
        raise UsageError(f"the rate is 'spike {text}'; expected BASE..PEAK:SECONDS, such as 'spike 20..200:10s'")
    during = duration(time, what="the time of the spike")
    rest = duration_s - during
    if during <= 0 or rest <= 0:
        raise UsageError(f"a spike of {during:g} s does not fit into the duration of {duration_s:g} s")
    shape = _stage(rates, during, text)
    base, peak = shape.rate_from, shape.rate_to
    return Stage(base, base, rest / 3), Stage(peak, peak, during), Stage(base, base, rest * 2 / 3)


def _trace(text: str) -> Schedule:
    match = re.fullmatch(r"(?P<file>[^#]+?)(?:#(?P<column>.+?))?(?:\s+x(?P<speed>\S+))?", text)
    if match is None:
        raise UsageError("which trace? Expected 'trace FILE', 'trace FILE#COLUMN' or 'trace FILE x10'")
    speed = number(match["speed"], what="the speed of the trace") if match["speed"] else 1.0
    return trace(match["file"], speed, match["column"])
