"""An event loop whose timers are exact to some hundredths of a millisecond, and which knows when it was woken.

The loop's own selector waits in whole milliseconds (`epoll_wait`), which would make every delay up to 1.3 ms too long.
An epoll object is itself a file that becomes readable: `select` waits for that one file in microseconds.
"""

from __future__ import annotations

import asyncio
import ctypes
import select
import selectors
import sys
import time

_SET_TIMER_SLACK = 29
"""`PR_SET_TIMERSLACK` of prctl(2): by how many nanoseconds the kernel may be late to save energy; 50,000 unless set."""

EventList = list[tuple[selectors.SelectorKey, int]]


class ExactSelector(selectors.DefaultSelector):
    """Waits to the microsecond. `woke_at` is when the last wait ended, in seconds of `time.monotonic()`."""

    woke_at = 0.0

    def select(self, timeout: float | None = None) -> EventList:
        """Wait for files or for the time; [] when it was the time."""
        if timeout is not None and timeout > 0 and _IS_EPOLL:
            select.select([self.fileno()], [], [], timeout)
            timeout = 0
        found = super().select(timeout)
        self.woke_at = time.monotonic()
        return found

    def fileno(self) -> int:
        """Return the file of the kernel's selector."""
        return super().fileno()


_IS_EPOLL = selectors.DefaultSelector is getattr(selectors, "EpollSelector", None)
"""Elsewhere (kqueue) the selector waits exactly by itself."""


def exact_loop() -> tuple[asyncio.AbstractEventLoop, ExactSelector]:
    """Return a loop and its selector."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_TIMER_SLACK, 1)
    selector = ExactSelector()
    return asyncio.SelectorEventLoop(selector), selector
