"""People have themselves forgotten while others are read: nothing of them stays, nothing of others goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from memconform_load.conclusions import broken, figure, measured, percentiles
from memconform_load.engine import MemoryUser, Turn
from memconform_load.engine.preparing import Preparing


class Erase(MemoryUser):
    """Erase beside reads: people are erased and come back while others search and add; no residue, no collateral."""

    needs = frozenset({"erasure", "search"})
    parameters = {"facts": 60, "erasures": 0.05, "adds": 0.3, "patience": 30.0, "top_k": 10}
    plan = {"rate": "20", "people": 50}
    objectives = ("search.p95<200ms", "measured:time to erase.p95<5s", "errors<0.1%", "violations=0")

    def prepare(self, preparing: Preparing) -> None:
        """Give each person more than a page of facts."""
        preparing.facts(preparing.parameters["facts"])

    def arrival(self, turn: Turn) -> None:
        """Search, add, or have oneself forgotten and begin anew."""
        chance, erasures = turn.rng.random(), turn.parameters["erasures"]
        leaving: set[int] = turn.memory.setdefault("leaving", set())
        if chance < erasures and turn.number not in leaving:
            leaving.add(turn.number)
            _leave(turn)
            leaving.discard(turn.number)
        elif chance < erasures + turn.parameters["adds"]:
            turn.learn()
        else:
            turn.ask(turn.parameters["top_k"])

    @classmethod
    def conclude(cls, result: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return how long erasures took, how much stayed, and how much of others went."""
        times, late = measured(result, "time to erase"), measured(result, "erasure given up").count
        residue, collateral = broken(result, "residue after erase"), broken(result, "collateral of an erase")
        unfinished = f", {late} were not done in time" if late else ""
        return [
            figure("erasures", times.count, "", f"{times.count} people were erased{unfinished}"),
            *percentiles("time to erase", times, "from the request to the word that it is done"),
            figure("residue", residue, "", f"{residue} memories were seen after the erasure of their person"),
            figure("collateral", collateral, "", f"{collateral} memories of others went along"),
        ]


def _leave(turn: Turn) -> None:
    """Erase the person, look whether anything is left, and tell the server anew who they are."""
    gone, begun = list(turn.facts), turn.due
    turn.facts.clear()
    done = turn.until_done(turn.erase(), every_s=0.05, patience_s=turn.parameters["patience"])
    turn.measure("time to erase" if done else "erasure given up", turn.due - begun)
    turn.page()
    if gone:
        turn.search(gone[0].text)
    turn.learn_many([turn.new_text() for _ in range(turn.parameters["facts"])])
