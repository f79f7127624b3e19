"""What time it is at the server, within bounds, read off a memory that it has just created.

`created_at` may be cut or rounded to what the server shows, and the answer takes its time: so there is an earliest
and a latest moment that it can be now. Nothing is held against a server that the judge's own clock alone would say.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import ceil

from memconform.capabilities import Capabilities
from memconform.memory_api import Memory, MemoryApi, Scope
from memconform.scene.eventually import settle
from memconform.scene.oracle import instant
from memconform.verdict import Inconclusive

TEXT = "harbour clock"

LONGEST_GRANULARITY = 60.0
"""The longest declared granularity of expiry, in seconds, that the judge waits out."""


@dataclass(frozen=True, slots=True)
class ServerClock:
    """Bounds of the server's clock, and the memory that they come from; moments are seconds since 1970."""

    record: Memory
    """The memory; it never expires."""
    granularity: float
    """How long a memory may outlive its `expires_at`, as declared, in seconds."""
    staleness: float
    """How long any read may lag behind, in seconds."""
    sent: float
    received: float
    """The judge's own clock before and after the memory was created."""

    @classmethod
    def of(cls, memory: MemoryApi, capabilities: Capabilities, scope: Scope) -> ServerClock:
        """Add a memory to the scope and read the clock off it."""
        lifecycle = capabilities.document.get("lifecycle")
        declared = lifecycle.get("expiry_granularity_ms") if isinstance(lifecycle, dict) else None
        if not isinstance(declared, (int, float)) or declared > 1000 * LONGEST_GRANULARITY:
            raise Inconclusive(
                f"lifecycle.expiry_granularity_ms is {declared}; the judge waits {LONGEST_GRANULARITY:g} s at most"
            )
        staleness = max(capabilities.staleness(read) for read in ("get", "list", "search"))
        sent = time.monotonic()
        record = memory.add(TEXT, scope)
        return cls(record, declared / 1000, staleness, sent, time.monotonic())

    def earliest(self) -> float:
        """Return the earliest moment that it can be at the server now."""
        return self._created() - self._unit() + time.monotonic() - self.received

    def latest(self) -> float:
        """Return the latest moment that it can be at the server now."""
        return self._created() + self._unit() + time.monotonic() - self.sent

    def soon(self, seconds: float = 0.5) -> str:
        """Return the first whole second that is certainly so many seconds ahead, as a timestamp."""
        return self.stamp(ceil(self.latest() + seconds))

    def ahead(self, distance: timedelta) -> str:
        """Return a whole second at a distance from now, as a timestamp."""
        return self.stamp(ceil(self.latest() + distance.total_seconds()))

    @staticmethod
    def stamp(seconds: int) -> str:
        """Return a moment as an RFC 3339 timestamp in UTC."""
        return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")

    def is_before(self, mortal: Memory) -> bool:
        """Tell whether the memory's expiry is certainly still to come: what was answered until now came before it."""
        return self.latest() < instant(mortal["expires_at"])

    def wait_for_the_last_moment_of(self, mortal: Memory, margin: float = 0.4) -> None:
        """Return shortly before the memory's expiry: `margin` seconds, at most, for a look at it."""
        settle(max(0.0, float(instant(mortal["expires_at"])) - margin - self.latest()))

    def wait_for_the_end_of(self, *mortals: Memory) -> None:
        """Return when no read may show any of these memories: past expiry, granularity and staleness, for certain."""
        end = max(float(instant(mortal["expires_at"])) for mortal in mortals)
        settle(max(0.0, end + self.granularity + self.staleness - self.earliest()))

    def _created(self) -> float:
        return float(instant(self.record["created_at"]))

    def _unit(self) -> float:
        """Return the last place that the timestamp shows, in seconds; one for whole seconds."""
        created = instant(self.record["created_at"])
        return next((1 / 10**digits for digits in range(7) if _is_whole(created * 10**digits)), 0.0)


def _is_whole(value: Fraction) -> bool:
    return value.denominator == 1
