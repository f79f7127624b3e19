"""A schedule: which rate when, and how arrivals scatter around it; the same seed gives the same instants anywhere.

Arrivals of a process of rate one are laid on the integral of the wanted rate (a time change): this is exact for any
shape of the rate, needs no thinning, and keeps even spacing even where the rate changes.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from itertools import accumulate
from typing import Any, Literal, get_args

from memconform_load.arrivals.processes import instants

Kind = Literal["constant", "poisson", "gamma", "trace"]
KINDS: tuple[Kind, ...] = get_args(Kind)
_ROUNDING = 1e-9
"""Arrivals by which an integral of rates may miss a whole number because of binary fractions."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of a schedule: the rate goes in a straight line, in arrivals a second."""

    rate_from: float
    rate_to: float
    seconds: float

    def __post_init__(self) -> None:
        numbers = (self.rate_from, self.rate_to, self.seconds)
        if not all(math.isfinite(number) and number >= 0 for number in numbers) or self.seconds == 0:
            raise ValueError(f"a stage needs rates of 0 or more and a time above 0 s; got {numbers}")

    @property
    def expected(self) -> float:
        """The expected number of arrivals."""
        return (self.rate_from + self.rate_to) / 2 * self.seconds

    def reached(self, arrivals: float) -> float:
        """Return the seconds from the stage's start until so many arrivals are expected."""
        if arrivals <= 0:
            return 0.0
        slope = (self.rate_to - self.rate_from) / self.seconds
        # The root that keeps its digits when the slope is small; it may dip below 0 at the end of a fall to rate 0.
        root = math.sqrt(max(self.rate_from * self.rate_from + 2 * slope * arrivals, 0.0))
        return min(2 * arrivals / (self.rate_from + root), self.seconds)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When calls arrive, in seconds from the start of the load. Build one with the functions beside it."""

    kind: Kind
    stages: tuple[Stage, ...] = ()
    cv: float = 1.0
    """Coefficient of variation of the gaps of a gamma schedule, at a steady rate: 1 is Poisson, above it bursts."""
    recorded: tuple[float, ...] = ()
    """The instants of a trace, ascending."""
    source: str = ""
    """The text that it was made of, where `parse_schedule` made it."""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"a schedule is one of {', '.join(KINDS)}; got {self.kind!r}")
        if not (math.isfinite(self.cv) and self.cv > 0):
            raise ValueError(f"a coefficient of variation is a number above 0; got {self.cv}")
        if any(later < earlier for earlier, later in zip((0.0, *self.recorded), self.recorded, strict=False)):
            raise ValueError("the instants of a trace ascend from 0 or more")
        if (self.kind == "trace") != bool(self.recorded) or (self.kind == "trace") == bool(self.stages):
            raise ValueError("a trace has recorded instants, any other schedule has stages")
        if not self.expected:
            raise ValueError("a schedule without any arrival")

    @property
    def duration_s(self) -> float:
        """Seconds from its start to its end; a trace ends with its last arrival."""
        return self.recorded[-1] if self.kind == "trace" else math.fsum(stage.seconds for stage in self.stages)

    @property
    def expected(self) -> float:
        """The expected number of arrivals; the exact one of a trace."""
        return len(self.recorded) if self.kind == "trace" else math.fsum(stage.expected for stage in self.stages)

    def intended_rate(self, at: float) -> float:
        """Return arrivals a second at an instant; of a trace, those of its second; 0 beyond both ends."""
        if self.kind == "trace":
            return float(bisect_left(self.recorded, math.floor(at) + 1) - bisect_left(self.recorded, math.floor(at)))
        begin = 0.0
        for stage in self.stages:
            if begin <= at < begin + stage.seconds:
                return stage.rate_from + (stage.rate_to - stage.rate_from) * (at - begin) / stage.seconds
            begin += stage.seconds
        return 0.0

    def after(self, warm_up_s: float) -> Schedule:
        """Return it after so many seconds with arrivals at its first rate; a trace has none in them."""
        if self.kind != "trace":
            first = self.stages[0].rate_from
            return replace(self, stages=(Stage(first, first, warm_up_s), *self.stages))
        return replace(self, recorded=tuple(warm_up_s + instant for instant in self.recorded))

    @property
    def spacing(self) -> str:
        """How arrivals scatter, as `parse_schedule` takes it: `poisson`, `constant`, `gamma:3` or `trace`."""
        return f"gamma:{self.cv:g}" if self.kind == "gamma" else self.kind

    def said(self) -> str:
        """Return the text that `parse_schedule` makes it of; of a trace without a file only that it is one."""
        if self.source or self.kind == "trace":
            return self.source or "trace"
        return ",".join(f"{_rates(stage)}:{stage.seconds:.12g}s" for stage in self.stages)

    def times(self, seed: int) -> Iterator[float]:
        """Yield the instants in ascending order. Workers that share a schedule take every n-th of the same instants."""
        return iter(self.recorded) if self.kind == "trace" else self._laid_out(seed)

    def _laid_out(self, seed: int) -> Iterator[float]:
        """Lay the instants of a process of rate one on the integral of the rate."""
        units = instants(self.kind, self.cv, seed)
        at = next(units)
        begin = before = 0.0
        ends = list(accumulate(stage.expected for stage in self.stages))
        for stage, end in zip(self.stages, ends, strict=True):
            limit = end - _ROUNDING * max(end, 1.0)
            while at < limit:
                yield begin + stage.reached(at - before)
                at = next(units)
            begin, before = begin + stage.seconds, end

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "kind": self.kind,
            "stages": [asdict(stage) for stage in self.stages],
            "cv": self.cv,
            "recorded": list(self.recorded),
            "source": self.source,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Schedule:
        """Return the schedule that `as_json` gave; raise `ValueError` where it is none."""
        try:
            stages = tuple(Stage(**stage) for stage in document["stages"])
            return cls(document["kind"], stages, document["cv"], tuple(document["recorded"]), document["source"])
        except (KeyError, TypeError) as error:
            raise ValueError(f"no schedule: {error}") from error


def _rates(stage: Stage) -> str:
    both = (f"{stage.rate_from:.12g}", f"{stage.rate_to:.12g}")
    return both[0] if both[0] == both[1] else "..".join(both)
