"""Only reads: what a server can do at its best, and whether it shows the same all the time when nothing changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from memconform_load.conclusions import calls, figure
from memconform_load.engine import MemoryUser, Turn
from memconform_load.engine.preparing import Preparing


class ReadOnly(MemoryUser):
    """Read-only: searches, reads by id and lists of memories that do not change."""

    needs = frozenset({"search"})
    parameters = {"facts": 100, "top_k": 10, "gets": 0.2, "lists": 0.1}
    plan = {"rate": "20", "people": 50}
    objectives = ("search.p95<100ms", "get.p95<50ms", "list.p95<200ms", "errors<0.1%", "violations=0")

    def prepare(self, preparing: Preparing) -> None:
        """Give each person facts to read."""
        preparing.facts(preparing.parameters["facts"])

    def arrival(self, turn: Turn) -> None:
        """Read in one of three ways."""
        chance, gets, lists = turn.rng.random(), turn.parameters["gets"], turn.parameters["lists"]
        known = [fact.id for fact in turn.facts if fact.id] if chance < gets else []
        if known:
            turn.get(turn.rng.choice(known))
        elif chance < gets + lists:
            turn.page()
        else:
            turn.ask(turn.parameters["top_k"])

    @classmethod
    def conclude(cls, result: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return how many reads a second were answered."""
        number = calls(result, "search", "get", "list")
        rate = number / result["load_s"] if result["load_s"] else None
        return [figure("reads", rate, "/s", f"{number:,} reads were answered in {result['load_s']:.3g} s")]
