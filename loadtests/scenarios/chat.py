"""Chat turns as an assistant makes them: a search before the model answers, an add after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from memconform_load.conclusions import calls, figure, measured, percentiles
from memconform_load.engine import MemoryUser, Turn
from memconform_load.engine.preparing import Preparing
from memconform_load.workload import model_wait, think_time, turns


class Chat(MemoryUser):
    """Chat turns: search, the model's wait, add; a few people talk much, many little (Zipf)."""

    needs = frozenset({"search"})
    parameters = {"facts": 20, "top_k": 10, "adds": 0.43, "model": 1.0, "think": 1.0}
    plan = {"rate": "10", "people": 100}
    objectives = ("search.p95<200ms", "add.p95<500ms", "errors<0.1%", "violations=0")

    def prepare(self, preparing: Preparing) -> None:
        """Give each person some facts to find."""
        preparing.facts(preparing.parameters["facts"])

    def arrival(self, turn: Turn) -> None:
        """Search for what the message is about, wait for the model, and remember what was new."""
        if turn.closed:
            _converse(turn)
        asked = turn.due
        turn.ask(turn.parameters["top_k"])
        waiting = turn.due - asked
        if turn.rng.random() < turn.parameters["adds"]:
            turn.wait(model_wait(turn.rng) * turn.parameters["model"])
            told = turn.due
            turn.learn()
            waiting += turn.due - told
        turn.measure("memory's part of a turn", waiting)

    def pause(self, turn: Turn) -> float:
        """Return how long a person reads and thinks."""
        return think_time(turn.rng) * float(turn.parameters["think"])

    @classmethod
    def conclude(cls, result: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return how long people wait for the memory in a turn, and how many facts were kept."""
        whole = measured(result, "memory's part of a turn")
        kept, number = calls(result, "add"), whole.count
        share = f"{kept / number:.2f} a turn" if number else "no turn ended"
        return [
            *percentiles("memory in a turn", whole, "search and add of one turn together"),
            figure("facts kept", kept, "", f"{kept:,} facts were kept in {number:,} turns: {share} (LoCoMo has 0.43)"),
        ]


def _converse(turn: Turn) -> None:
    """Let a session talk with one person for the turns of a conversation, and then with another one."""
    left: dict[int, list[int]] = turn.memory.setdefault("conversations", {})
    conversation = left.get(turn.session)
    if conversation is None or not conversation[1]:
        conversation = left[turn.session] = [_someone(turn), turns(turn.rng)]
    conversation[1] -= 1
    turn.become(conversation[0])


def _someone(turn: Turn) -> int:
    """Return somebody of this process, who is picked as often as the Zipf distribution says."""
    while turn.part.people:
        picked = turn.part.population.pick(turn.rng)
        if picked in turn.part.people:
            return picked
    return turn.number
