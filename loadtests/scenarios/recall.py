"""A memory that is asked far more often than it is told anything: what an assistant with a long past looks like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from memconform_load.conclusions import calls, figure
from memconform_load.engine import MemoryUser, Turn
from memconform_load.engine.preparing import Preparing


class Recall(MemoryUser):
    """Recall-heavy: nineteen searches for each add, and a look at the best of what was found now and then."""

    needs = frozenset({"search"})
    parameters = {"facts": 100, "top_k": 20, "adds": 0.05, "looks": 0.2}
    plan = {"rate": "20", "people": 50}
    objectives = ("search.p95<100ms", "errors<0.1%", "violations=0")

    def prepare(self, preparing: Preparing) -> None:
        """Give each person a past."""
        preparing.facts(preparing.parameters["facts"])

    def arrival(self, turn: Turn) -> None:
        """Search, and read what was found first; or add."""
        if turn.rng.random() < turn.parameters["adds"]:
            turn.learn()
            return
        found = turn.ask(turn.parameters["top_k"]).memories
        if found and found[0].id and turn.rng.random() < turn.parameters["looks"]:
            turn.get(found[0].id)

    @classmethod
    def conclude(cls, result: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return how many reads came to a write."""
        reads, writes = calls(result, "search", "get"), calls(result, "add")
        said = f"{reads:,} searches and reads were answered, and {writes:,} adds"
        return [figure("reads for a write", reads / writes if writes else None, "", said)]
