"""The same searches as a scenario: three memories are found, read, measured by hop and, where asked for, judged."""

from __future__ import annotations

from typing import ClassVar

from memconform_load.engine import MemoryUser, Turn
from memconform_load.engine.preparing import Preparing


class Searching(MemoryUser):
    """One search an arrival."""

    needs = frozenset({"search"})
    parameters: ClassVar = {"query": "tea"}

    def prepare(self, preparing: Preparing) -> None:
        """Give each person three memories."""
        preparing.facts(3)

    def arrival(self, turn: Turn) -> None:
        """Search once."""
        turn.search(turn.parameters["query"], top_k=3)
