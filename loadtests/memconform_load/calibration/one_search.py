"""The scenario of the self-check, a locustfile: each arrival is one search, to be laid beside the schedule.

Only Locust may import it, as any scenario.
"""

from __future__ import annotations

from memconform_load.engine import MemoryUser, Turn


class OneSearch(MemoryUser):
    """One search for each arrival, of people who have no memories."""

    needs = frozenset({"search"})
    objectives = ("search.p95<1h",)

    def arrival(self, turn: Turn) -> None:
        """Search once."""
        turn.search("what is the truth")
