"""The shapes that load takes, as functions that give a schedule. Rates are arrivals a second, times are seconds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from memconform_load.arrivals.schedule import Kind, Schedule, Stage
from memconform_load.arrivals.trace import read_trace, since_first


def constant(rate: float, seconds: float) -> Schedule:
    """Return arrivals at even distances, the first at once."""
    return Schedule("constant", (Stage(rate, rate, seconds),))


def poisson(rate: float, seconds: float) -> Schedule:
    """Return arrivals of many people who know nothing of each other: exponential gaps."""
    return Schedule("poisson", (Stage(rate, rate, seconds),))


def gamma_bursts(rate: float, seconds: float, cv: float) -> Schedule:
    """Return arrivals in bursts: gaps with a gamma distribution and this coefficient of variation (1 is Poisson)."""
    return Schedule("gamma", (Stage(rate, rate, seconds),), cv)


def stages(steps: Sequence[tuple[float, float]], kind: Kind = "poisson", cv: float = 1.0) -> Schedule:
    """Return arrivals at one rate after another: pairs of a rate and its seconds."""
    return Schedule(kind, tuple(Stage(rate, rate, seconds) for rate, seconds in steps), cv)


def ramp(a: float, b: float, s: float, kind: Kind = "poisson", cv: float = 1.0) -> Schedule:
    """Return arrivals at a rate that goes from `a` to `b` in a straight line, in `s` seconds."""
    return Schedule(kind, (Stage(a, b, s),), cv)


def spike(
    base: float,
    peak: float,
    before_s: float,
    during_s: float,
    after_s: float,
    kind: Kind = "poisson",
    cv: float = 1.0,
) -> Schedule:
    """Return arrivals at a base rate with a peak in it; what comes after the peak shows how the server recovers."""
    return stages([(base, before_s), (peak, during_s), (base, after_s)], kind, cv)


def trace(path_or_times: str | Path | Iterable[float], speed: float = 1.0, column: str | None = None) -> Schedule:
    """Return arrivals as they were recorded, counted from the first; at speed 2, in half the time.

    The path is a file as `read_trace` takes it; raise `memconform.settings.UsageError` where it is none.
    """
    if isinstance(path_or_times, str | Path):
        path_or_times = read_trace(Path(path_or_times), column)
    return Schedule("trace", recorded=since_first(path_or_times, speed))
