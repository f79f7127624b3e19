"""Whether a client uses its connections again, by what passes on the wire (CLIENT-09)."""

from __future__ import annotations

from dataclasses import dataclass

from memconform.clients.wire.seen import Seen


@dataclass
class Quiet:
    """Counts times of quiet: a client may let its connections go when it has nothing to send."""

    seconds: float = 4.0
    times: int = 0
    _until: float | None = None

    def see(self, seen: Seen) -> None:
        """Take note of when a request came and was answered."""
        if self._until is not None and seen.at - self._until > self.seconds:
            self.times += 1
        self._until = max(self._until or 0.0, seen.ended_at or seen.at)


def reuse(opened: int, most_at_once: int, closed_here: int, quiet_times: int) -> tuple[int, bool]:
    """Return how many connections the client needed at most, and whether it kept within that (CLIENT-09)."""
    needed = most_at_once * (quiet_times + 1) + closed_here
    return needed, opened <= needed
