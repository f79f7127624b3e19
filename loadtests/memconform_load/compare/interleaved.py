"""Runs of two servers in turns, ABBA ABBA…, so that a slow hour of the machine, or one that gets slower, hits both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from memconform_load.plan import Plan

Runs = tuple[list[dict[str, Any]], list[dict[str, Any]]]


def order(repeats: int) -> Iterator[tuple[int, int]]:
    """Yield pairs of a side (0 is A) and the number of its run: each side first in every other pair."""
    for number in range(repeats):
        sides = (0, 1) if number % 2 == 0 else (1, 0)
        yield from ((side, number) for side in sides)


def interleaved(a: Plan, b: Plan, repeats: int, run: Callable[[Plan, str], dict[str, Any]]) -> Runs:
    """Run both plans so many times and return their results; the n-th runs of both have the same seed.

    `run` is told in a few words which run it is. One that says of itself that it is invalid, because this machine was
    busy, is run once more. One that was interrupted ends it: what both have is returned.
    """
    done: Runs = ([], [])
    for side, number in order(repeats):
        plan = (a, b)[side]
        said = f"run {len(done[0]) + len(done[1]) + 1} of {2 * repeats}, {'AB'[side]}"
        result = run(replace(plan, seed=plan.seed + number), said)
        if result["verdict"]["word"] == "invalid":
            result = run(replace(plan, seed=plan.seed + number), f"{said}, again, for it was invalid")
        if result["verdict"]["word"] == "interrupted":
            break
        done[side].append(result)
    pairs = min(map(len, done))
    return done[0][:pairs], done[1][:pairs]
