"""Delta debugging: the shortest part of a sequence that still diverges, within a number of tries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from memconform.machine.step import READING, Sequence, Step

_ADDING = frozenset({"supersede", "add_once"})
"""What might as well be a plain add."""

Fails = Callable[[Sequence], bool]


def shortest(steps: Sequence, fails: Fails, may_go_on: Callable[[], bool]) -> Sequence:
    """Return a part of `steps` that fails, made of simpler steps, from which no single step can be left out.

    `steps` fails. Each part is tried once; when `may_go_on` says no, the shortest one so far is returned.
    """
    known: dict[Sequence, bool] = {steps: True}

    def try_(candidate: Sequence) -> bool:
        if candidate not in known:
            known[candidate] = fails(candidate)
        return known[candidate]

    while True:
        before = steps
        for candidates in (_bare, _shorter, _simpler):
            again = True
            while again:
                again = False
                for candidate in candidates(steps):
                    if not may_go_on():
                        return steps
                    if try_(candidate):
                        steps, again = candidate, True
                        break
        if steps == before:
            return steps


def _bare(steps: Sequence) -> Iterator[Sequence]:
    """Yield the sequence without what reads, and without what the one or the other principal did."""
    last = len(steps) - 1
    idle: list[Callable[[Step], bool]] = [_reads, lambda step: step.who == 1, lambda step: step.who == 0]
    for is_idle in idle:
        kept = tuple(step for place, step in enumerate(steps) if place == last or not is_idle(step))
        if len(kept) < len(steps):
            yield kept


def _reads(step: Step) -> bool:
    return step.verb in READING


def _shorter(steps: Sequence) -> Iterator[Sequence]:
    """Yield the sequence without a run of steps: long runs first, and the early ones."""
    size = len(steps) // 2
    while size:
        for start in range(0, len(steps) - size + 1, size):
            if size < len(steps):
                yield steps[:start] + steps[start + size :]
        size //= 2


def _simpler(steps: Sequence) -> Iterator[Sequence]:
    """Yield the sequence with one step by the first principal, in the first scope, of the plain form, on the newest."""
    for place, step in enumerate(steps):
        if step.verb in _ADDING:
            yield (*steps[:place], replace(step, verb="add"), *steps[place + 1 :])
        plainer = [replace(step, who=0), replace(step, flavour=0), replace(step, place=0), replace(step, which=0)]
        for plain in plainer:
            if plain != step:
                yield (*steps[:place], plain, *steps[place + 1 :])
