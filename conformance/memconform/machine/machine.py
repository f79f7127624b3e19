"""Runs sequences until one diverges or the requests are used up; then confirms it and makes it short."""

from __future__ import annotations

from dataclasses import dataclass

from memconform.http import Unanswered
from memconform.machine.divergence import Divergence
from memconform.machine.run import Stage, run
from memconform.machine.script import script_of
from memconform.machine.shrinking import shortest
from memconform.machine.step import Sequence
from memconform.verdict import Inconclusive, NotApplicable

EXPLORING = 0.6
"""The share of the requests that is spent on finding; the rest is for confirming and making short."""
LONGEST_WAIT = 30.0
"""How long the machine waits for reads that may lag, all in all, in seconds."""

_FEWEST = 5
"""A sequence of fewer steps says too little."""


@dataclass
class Machine:
    """Compares a server with the oracle. `ran` is how many sequences agreed with it."""

    stage: Stage
    ran: int = 0

    def explore(self, sequences: list[Sequence]) -> None:
        """Run the sequences one after the other, as far as the requests go; raise what the first divergence shows."""
        for steps in map(self._affordable, sequences):
            if self.ran and (self._is_spent() or self.stage.waited >= LONGEST_WAIT):
                return
            before = self.stage.recorder.requests
            found = self._divergence(steps)
            if found is not None:
                raise self._evidence(steps, found)
            self._cost = max(self._cost, self.stage.recorder.requests - before)
            self.ran += 1

    _cost: int = 0

    def _is_spent(self) -> bool:
        """Tell whether another sequence, as dear as the dearest so far, might leave too little for its evidence."""
        return self._left(EXPLORING) <= 0 or self._left() < 2 * self._cost

    def _affordable(self, steps: Sequence) -> Sequence:
        """Return as much of a sequence as there is time for, where every step waits for a read that may lag."""
        lag = self.stage.capabilities.staleness("get")
        if lag * _FEWEST > LONGEST_WAIT:
            raise NotApplicable(f"the server declares that get may lag by {lag:g} s: sequences would take too long")
        return steps[: int(LONGEST_WAIT / lag)] if lag else steps

    def _left(self, share: float = 1.0) -> float:
        return self.stage.recorder.bound * share - self.stage.recorder.requests

    def _divergence(self, steps: Sequence, like: Divergence | None = None) -> Divergence | None:
        """Return how a sequence diverges; with `like`, only what shows in the same way counts."""
        try:
            run(self.stage, steps, like.look if like else None, closing=like is None or like.look is not None)
        except Divergence as found:
            same = like is None or (found.requirement, found.look is None) == (like.requirement, like.look is None)
            return found if same else None
        return None

    def _evidence(self, steps: Sequence, found: Divergence) -> Divergence:
        """Confirm a divergence, make its sequence short, and return it with a script; it must not be a fluke."""
        steps = steps[: found.at + 1]
        again = self._divergence(steps, found)
        if again is None:
            said = f"{found.requirement}: expected {found.expected}; observed {found.observed}"
            raise Inconclusive(f"a sequence of {len(steps)} steps diverged once, and not again: {said}", found.see)
        best = [again]
        costs = [len(again.trace)]

        def fails(candidate: Sequence) -> bool:
            before = self.stage.recorder.requests
            try:
                # Twice: the first time, the server may still have been in the state that an earlier candidate left.
                smaller = self._divergence(candidate, found) and self._divergence(candidate, found)
            except (Inconclusive, Unanswered):
                smaller = None  # a finding stays one, whatever comes after it
            costs.append(self.stage.recorder.requests - before)
            if smaller is not None:
                best.append(smaller)
            return smaller is not None

        shortest(steps, fails, lambda: self._left() > max(costs) and self.stage.waited < 2 * LONGEST_WAIT)
        told = min(best, key=lambda each: len(each.trace))
        told.script = script_of(told, self.stage.memory.wire.target.url, self.stage.scopes.prefix)
        return told
