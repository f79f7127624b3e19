"""The laws of delay that a calibration server can follow: when a request that arrives is answered, known beforehand.

All times are seconds from the first request that the law applies to. A law is data; `begin` gives the function that
says when each request is due, to be asked once for each one in the order of arrival. The server and whoever works out
the truth of a schedule run the same function.
"""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

Due: TypeAlias = Callable[[float], float]
"""Takes the time of arrival and returns when the answer is due; infinity where it never comes."""


class Law(Protocol):
    """A law of delay."""

    @property
    def dies_at(self) -> float:
        """When the server is gone; infinity where it stays."""

    def begin(self) -> Due:
        """Return the law's function, without any request yet."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """Every answer takes the same time."""

    delay: float = 0.02
    dies_at: float = math.inf

    def begin(self) -> Due:
        """Return the function."""
        return lambda arrived: arrived + self.delay


@dataclass(frozen=True, slots=True)
class Bimodal:
    """Most answers are fast, a share of them is slow, in an order that the seed decides."""

    fast: float = 0.005
    slow: float = 0.08
    share: float = 0.1
    seed: int = 0
    dies_at: float = math.inf

    def begin(self) -> Due:
        """Return the function."""
        draw = random.Random(self.seed).random  # noqa: S311 - to be the same in every run
        return lambda arrived: arrived + (self.slow if draw() < self.share else self.fast)


@dataclass(frozen=True, slots=True)
class Lognormal:
    """The time of each answer is lognormal around a median."""

    median: float = 0.01
    sigma: float = 0.5
    seed: int = 0
    dies_at: float = math.inf

    def begin(self) -> Due:
        """Return the function."""
        draw = random.Random(self.seed).lognormvariate  # noqa: S311 - to be the same in every run
        return lambda arrived: arrived + draw(math.log(self.median), self.sigma)


@dataclass(frozen=True, slots=True)
class Stall:
    """The server stands still once: what arrives meanwhile is begun when it is over."""

    delay: float = 0.005
    at: float = 10.0
    length: float = 2.0
    dies_at: float = math.inf

    def begin(self) -> Due:
        """Return the function."""
        over = self.at + self.length
        return lambda arrived: (over if self.at <= arrived < over else arrived) + self.delay


@dataclass(frozen=True, slots=True)
class SingleQueue:
    """One server, one queue, exponential service: M/M/1 where arrivals are Poisson. `mu` is served in a second."""

    mu: float = 100.0
    seed: int = 0
    dies_at: float = math.inf

    def begin(self) -> Due:
        """Return the function."""
        draw = random.Random(self.seed).expovariate  # noqa: S311 - to be the same in every run
        free = 0.0

        def due(arrived: float) -> float:
            nonlocal free
            free = max(arrived, free) + draw(self.mu)
            return free

        return due


@dataclass(frozen=True, slots=True)
class Capacity:
    """So many servers of fixed service do `rate` requests a second together, and one queue stands before them."""

    rate: float = 340.0
    servers: int = 17
    dies_at: float = math.inf

    @property
    def service(self) -> float:
        """Seconds of one request alone."""
        return self.servers / self.rate

    def begin(self) -> Due:
        """Return the function."""
        free = [0.0] * self.servers

        def due(arrived: float) -> float:
            end = max(arrived, free[0]) + self.service
            heapq.heapreplace(free, end)
            return end

        return due


@dataclass(frozen=True, slots=True)
class Dies:
    """Every answer takes the same time until the server is gone, with all connections."""

    delay: float = 0.005
    at: float = 10.0

    @property
    def dies_at(self) -> float:
        """When it is gone."""
        return self.at

    def begin(self) -> Due:
        """Return the function."""
        return lambda arrived: arrived + self.delay if arrived + self.delay < self.at else math.inf


@dataclass(frozen=True, slots=True)
class Slows:
    """Answers take longer by `by` seconds with each second."""

    delay: float = 0.005
    by: float = 0.002
    dies_at: float = math.inf

    def begin(self) -> Due:
        """Return the function."""
        return lambda arrived: arrived + self.delay + self.by * arrived


LAWS: dict[str, type[Law]] = {
    "fixed": Fixed,
    "bimodal": Bimodal,
    "lognormal": Lognormal,
    "stall": Stall,
    "mm1": SingleQueue,
    "capacity": Capacity,
    "dies": Dies,
    "slows": Slows,
}
"""Every law by its name."""


def latencies(law: Law, arrivals: Iterable[float]) -> list[float]:
    """Return the seconds that each request of an ascending schedule takes by the law: what its user would have seen."""
    due = law.begin()
    return [due(at) - at for at in arrivals]
