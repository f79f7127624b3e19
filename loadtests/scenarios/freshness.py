"""How soon a memory can be found after it was added, and how soon it is found no more after it was deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from memconform_load.conclusions import broken, figure, measured, percentiles
from memconform_load.engine import MemoryUser, Turn
from memconform_load.engine.preparing import Preparing

_ALL = 200
"""So many results that a memory which is missing was not just cut off."""


class Freshness(MemoryUser):
    """Freshness: adds and polls a search until it is found; deletes and polls until it is found no more."""

    needs = frozenset({"search"})
    parameters = {"facts": 50, "every": 0.05, "patience": 10.0}
    plan = {"rate": "5", "people": 50}
    objectives = ("measured:time to visibility.p95<1s", "measured:time to forget.p95<1s", "errors<0.1%", "violations=0")

    def prepare(self, preparing: Preparing) -> None:
        """Give each person something that is found beside it."""
        preparing.facts(preparing.parameters["facts"])

    def arrival(self, turn: Turn) -> None:
        """Follow one memory from its first to its last trace."""
        text = turn.new_text()
        added = turn.add(text)
        memory_id = added.memories[0].id if added.ok and added.memories else ""
        if not memory_id:
            return
        _poll(turn, text, memory_id, there=True, since=added.end)
        deleted = turn.delete(memory_id)
        if deleted.ok:
            _poll(turn, text, memory_id, there=False, since=deleted.end)

    @classmethod
    def conclude(cls, result: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return both times, and how many reads were staler than the server declares."""
        stale = broken(result, "stale read", "lost write", "deleted memory seen")
        never = measured(result, "given up").count
        return [
            *percentiles(
                "time to visibility", measured(result, "time to visibility"), "from an add to its being found"
            ),
            *percentiles(
                "time to forget", measured(result, "time to forget"), "from a deletion to its being forgotten"
            ),
            figure("stale reads", stale, "", f"{stale} reads were staler than the server declares"),
            figure("given up", never, "", f"{never} memories were polled for until patience ended"),
        ]


def _poll(turn: Turn, text: str, memory_id: str, *, there: bool, since: float) -> None:
    """Search for a text until its memory is there, or gone, and measure how long that took."""
    patience, name = turn.parameters["patience"], "time to visibility" if there else "time to forget"
    end = turn.due + patience
    while turn.due < end:
        found = turn.search(text, _ALL)
        if found.ok and any(memory.id == memory_id for memory in found.memories) == there:
            turn.measure(name, found.end - since)
            return
        # Ever more seldom: a look costs the server something, and a tenth of the time passed is close enough.
        turn.wait(max(turn.parameters["every"], 0.1 * (turn.due - since)))
    # Who was never seen belongs into the distribution, with what is known: it took longer than this.
    turn.measure(name, turn.due - since)
    turn.measure("given up", turn.due - since)
