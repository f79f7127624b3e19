"""What the self-check plays: each law with a load, and what the load tool has to say of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from memconform_load.arrivals import Schedule, constant, poisson
from memconform_load.calibration.laws import Bimodal, Capacity, Dies, Fixed, Law, SingleQueue, Slows, Stall


@dataclass(frozen=True, slots=True)
class Case:
    """One law under one load."""

    name: str
    law: Law
    schedule: Schedule
    told: str = ""
    """The objective that this server misses: the run has to end with 1 and name it; empty where it misses none."""
    exact: bool = True
    """Whether percentiles are compared; of a server that died there is no truth to compare with."""


def cases(seconds: float) -> list[Case]:
    """Return a case for each law, each with a load of so many seconds."""
    random: Callable[[float, float], Schedule] = poisson
    return [
        Case("fixed", Fixed(0.02), random(100, seconds)),
        Case("bimodal", Bimodal(0.005, 0.08, 0.1, seed=1), random(100, seconds)),
        Case("stall of 2 s", Stall(0.005, seconds / 3, 2.0), random(100, seconds), told="search.p95<200ms"),
        Case("M/M/1", SingleQueue(150.0, seed=1), random(100, seconds)),
        Case("overload", Capacity(100.0, 5), constant(130, seconds), told="search.p95<200ms"),
        Case("slows down", Slows(0.005, 0.005), random(100, seconds)),
        Case("dies half-way", Dies(0.005, seconds / 2), random(100, seconds), told="errors<1%", exact=False),
    ]
