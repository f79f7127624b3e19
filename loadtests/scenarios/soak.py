"""Hours of the same load over the same amount of data: what grows all the same is a leak."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from memconform_load.conclusions import drifts
from memconform_load.engine import MemoryUser, Turn
from memconform_load.engine.preparing import Preparing


class Soak(MemoryUser):
    """Soak: a long even load that deletes what it adds; latency and the server's memory over time (--server-pid)."""

    needs = frozenset({"search"})
    parameters = {"facts": 50, "top_k": 10, "adds": 0.43}
    plan = {"rate": "20", "duration": "10m", "people": 100}
    objectives = ("search.p95<200ms", "errors<0.1%", "violations=0")

    def prepare(self, preparing: Preparing) -> None:
        """Give each person as many facts as they will have all the time."""
        preparing.facts(preparing.parameters["facts"])

    def arrival(self, turn: Turn) -> None:
        """Search; add something, and delete the oldest."""
        turn.ask(turn.parameters["top_k"])
        if turn.rng.random() >= turn.parameters["adds"]:
            return
        turn.learn()
        if len(turn.facts) > turn.parameters["facts"]:
            oldest = turn.facts.pop(0)
            if oldest.id:
                turn.delete(oldest.id)

    @classmethod
    def conclude(cls, result: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return how latency and memory change an hour."""
        return drifts(result)
