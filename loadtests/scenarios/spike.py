"""The load rises to ten times what it was and falls back: how long until all is as before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from memconform_load.engine import MemoryUser, Turn
from memconform_load.engine.preparing import Preparing
from memconform_load.recovery import after_peak


class Spike(MemoryUser):
    """Spike: ten times the load for ten seconds, and how long until latency is what it was before."""

    needs = frozenset({"search"})
    parameters = {"facts": 20, "top_k": 10, "adds": 0.43}
    plan = {"rate": "spike 10..100:10s", "duration": "60s", "people": 100}
    objectives = ("figure:recovery time<=10s", "errors<0.1%", "violations=0")

    def prepare(self, preparing: Preparing) -> None:
        """Give each person some facts to find."""
        preparing.facts(preparing.parameters["facts"])

    def arrival(self, turn: Turn) -> None:
        """Search, and add what is new, without a wait between them: the load follows the arrivals."""
        turn.ask(turn.parameters["top_k"])
        if turn.rng.random() < turn.parameters["adds"]:
            turn.learn()

    @classmethod
    def conclude(cls, result: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the recovery time."""
        return after_peak(result)
