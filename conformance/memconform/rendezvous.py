"""Where requests that shall race wait for each other when a pace lets them go one after the other.

Spaced requests never race against a server that answers sooner than the next may start. So whoever had to wait for its
turn waits here for the others; then all of them go at once. They are no more than the rate allows, only later.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class _Due(threading.local):
    """The barrier before which the next request of this thread stops, if any."""

    barrier: threading.Barrier | None = None


_due = _Due()


@contextmanager
def racing(barrier: threading.Barrier) -> Iterator[None]:
    """Let the first paced request of this thread wait at the barrier; nobody waits for a thread that sends none."""
    _due.barrier = barrier
    try:
        yield
    finally:
        if _due.barrier is not None:
            barrier.abort()
        _due.barrier = None


def meet() -> None:
    """Return when everybody who races with this thread has come, or has given up; at once where nobody does."""
    barrier, _due.barrier = _due.barrier, None
    if barrier is not None:
        with suppress(threading.BrokenBarrierError):
            barrier.wait()
