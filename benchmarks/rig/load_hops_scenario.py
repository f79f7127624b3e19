"""Sessions that search again at once, each for a person with twenty memories; what is called is up to the driver."""

from __future__ import annotations

from memconform_load.engine import MemoryUser, Turn
from memconform_load.engine.preparing import Preparing


class Searching(MemoryUser):
    """One search a turn, without a pause."""

    needs = frozenset({"search"})

    def prepare(self, preparing: Preparing) -> None:
        """Give each person memories to find."""
        preparing.facts(20)

    def arrival(self, turn: Turn) -> None:
        """Search for one of them."""
        turn.ask(top_k=10)
