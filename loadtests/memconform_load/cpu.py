"""CPU and memory of processes, looked at from outside and without waiting."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

import psutil

_GONE = (psutil.NoSuchProcess, psutil.AccessDenied)


class CpuSampler:
    """The CPU of this process and of others; each sample covers the time since the one before."""

    def __init__(self, pids: Iterable[int] = ()) -> None:
        self._processes: list[psutil.Process] = [psutil.Process()]
        for pid in pids:
            with suppress(*_GONE):
                self._processes.append(psutil.Process(pid))
        self.each()  # The first look has nothing to compare with.

    def sample(self) -> float:
        """Return the percent of one core that the busiest of them used since the last sample."""
        return max(self.each().values(), default=0.0)

    def each(self) -> dict[int, float]:
        """Return the percent of one core of each process that is still there, by its id, since the last sample."""
        found = {}
        for process in self._processes:
            with suppress(*_GONE):
                found[process.pid] = process.cpu_percent(interval=None)
        return found


def rss_mb(pid: int) -> float | None:
    """Return the resident memory of a process in MB (a million bytes); None when it is gone or not ours to see."""
    try:
        return float(psutil.Process(pid).memory_info().rss) / 1e6
    except _GONE:
        return None
