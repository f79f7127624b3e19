"""One heavy user among many quiet ones: whether the server keeps them apart, and serves the quiet ones alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from memconform_load.calls import Reply
from memconform_load.conclusions import figure, measured
from memconform_load.disturbance import disturbed, fairness, isolation, window
from memconform_load.engine import MemoryUser, Turn
from memconform_load.engine.preparing import Preparing

_OF_ONE = "mean of ten searches of one person"


class Noisy(MemoryUser):
    """Noisy neighbour: in every other window one user makes ten times the calls of all others together."""

    needs = frozenset({"search"})
    parameters = {"facts": 20, "heavy_facts": 1_000, "noise": 10, "window": 5.0, "top_k": 10}
    plan = {"rate": "10", "duration": "60s", "people": 50}
    objectives = ("measured:quiet search beside.p95<200ms", "errors<0.1%", "violations=0")

    def prepare(self, preparing: Preparing) -> None:
        """Give the quiet ones some facts, and the heavy one of this process many."""
        preparing.facts(preparing.parameters["facts"], preparing.people[1:])
        preparing.facts(preparing.parameters["heavy_facts"], preparing.people[:1])

    def arrival(self, turn: Turn) -> None:
        """Search as somebody quiet; in every other window the heavy user's calls follow."""
        people, at = turn.part.people, turn.at
        if len(people) > 1:
            if turn.number == people[0]:
                turn.become(people[1 + int(turn.rng.random() * (len(people) - 1))])
            _quiet(turn, window(at, turn.parameters["window"]))
        if disturbed(at, turn.parameters["window"]):
            turn.become(people[0])
            for _ in range(turn.parameters["noise"]):
                _heavy(turn)

    @classmethod
    def conclude(cls, result: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return isolation and fairness."""
        index, failed = fairness(measured(result, _OF_ONE)), measured(result, "quiet search failed").count
        said = (
            "too few searches to compare people"
            if index is None
            else f"Jain's index {index:.3g}; 1 is the same for all"
        )
        return [
            *isolation(result, "quiet search", "searches of quiet people", "a heavy neighbour"),
            figure("fairness", index, "", f"how alike quiet people are served beside a heavy neighbour: {said}"),
            figure("quiet searches failed", failed, "", f"{failed} searches of quiet people failed"),
        ]


def _quiet(turn: Turn, when: str | None) -> None:
    due = turn.due
    reply = turn.ask(turn.parameters["top_k"])
    if not reply.ok:
        turn.measure("quiet search failed", turn.due - due)
    elif when is not None:
        turn.measure(f"quiet search {when}", turn.due - due)
    if when == "beside" and reply.ok:
        seen: list[float] = turn.memory.setdefault(("seen", turn.number), [])
        seen.append(turn.due - due)
        if len(seen) == 10:
            turn.measure(_OF_ONE, sum(seen) / 10)
            seen.clear()


def _heavy(turn: Turn) -> Reply:
    chance = turn.rng.random()
    if chance < 0.5:
        return turn.ask(50)
    return turn.page(100) if chance < 0.7 else turn.learn()
