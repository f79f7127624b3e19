"""Somebody pages through all memories while others write: nothing may be missing, and nothing shown twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from memconform_load.conclusions import figure, measured, percentiles
from memconform_load.engine import MemoryUser, Turn
from memconform_load.engine.preparing import Preparing


class Browse(MemoryUser):
    """Browse: walks through lists page by page while memories are added and deleted."""

    parameters = {"facts": 100, "page": 20, "writes": 0.7, "reading": 0.05}
    plan = {"rate": "10", "people": 10}
    objectives = ("list.p95<200ms", "errors<0.1%", "violations=0")

    def prepare(self, preparing: Preparing) -> None:
        """Give each person several pages."""
        preparing.facts(preparing.parameters["facts"])

    def arrival(self, turn: Turn) -> None:
        """Add and delete something, or walk from the first page to the last."""
        if turn.rng.random() >= turn.parameters["writes"]:
            _walk(turn)
            return
        turn.learn()
        known = turn.facts
        if len(known) > turn.parameters["facts"]:
            some = known.pop(int(turn.rng.random() * turn.parameters["facts"]))
            if some.id:
                turn.delete(some.id)

    @classmethod
    def conclude(cls, result: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return how long walks took, and how many pages they had."""
        walks = measured(result, "walk")
        pages = sum(row["count"] for row in result["operations"] if row["operation"] == "list")
        said = f"{walks.count:,} walks went to the last page; {pages:,} pages were asked for"
        of_one = pages / walks.count if walks.count else None
        return [
            *percentiles("walk", walks, "from the first page to the last"),
            figure("pages of a walk", of_one, "", said),
        ]


def _walk(turn: Turn) -> None:
    begun = turn.due
    page = turn.page(turn.parameters["page"])
    while page.ok and page.next_cursor is not None:
        turn.wait(turn.parameters["reading"])
        page = turn.page(turn.parameters["page"], page.next_cursor)
    if page.ok:
        turn.measure("walk", turn.due - begun)
