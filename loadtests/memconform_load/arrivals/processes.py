"""Arrivals of rate one: even, Poisson, or in bursts. Schedules lay them on the integral of their rate."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import count
from random import Random


def instants(kind: str, cv: float, seed: int) -> Iterator[float]:
    """Yield the instants, without end: `constant`, `poisson`, or `gamma` with this coefficient of variation."""
    # A text as seed goes through SHA-512: no stream of another part with the same seed is like this one.
    random = Random(f"arrivals {seed}")  # noqa: S311 - arrivals are no secret
    if kind == "constant":
        return map(float, count())
    return _poisson(random) if kind == "poisson" else _gamma(random, 1 / cv**2)


def _poisson(random: Random) -> Iterator[float]:
    at = 0.0
    while True:
        at -= math.log(1.0 - random.random())
        yield at


def _gamma(random: Random, shape: float) -> Iterator[float]:
    """Sum gaps of mean one. The first is what is left of a gap that was under way, so that no start-up bends the rate.

    The gap that covers a given instant is longer than others (its density is weighted by its length): for a gamma
    distribution that is one of shape + 1; the instant lies anywhere in it.
    """
    scale = 1 / shape
    at = random.random() * random.gammavariate(shape + 1, scale)
    while True:
        yield at
        at += random.gammavariate(shape, scale)
