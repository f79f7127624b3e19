"""The time that one tool call may take, all of its requests, retries and polls together."""

from __future__ import annotations

import time


class Deadline:
    """`seconds` from now on; everything that waits asks it how long it may."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left; 0.0 when there are none."""
        return max(0.0, self._end - time.monotonic())

    def sooner(self, seconds: float) -> Deadline:
        """Return the deadline that ends in `seconds`, or with this one, whichever is first."""
        return Deadline(min(seconds, self.left()))

    def pause(self, seconds: float) -> None:
        """Sleep for at least `seconds`, or until the deadline."""
        until = time.monotonic() + min(seconds, self.left())
        # One sleep may end a little early: gevent's clock is the one of its loop.
        while (rest := until - time.monotonic()) > 0:
            time.sleep(rest)
