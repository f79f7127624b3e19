"""Looks for the processes of a group, for tests of what is left behind."""

from __future__ import annotations

import time
from pathlib import Path

PATIENCE_S = 10.0


def alive(group: int) -> list[int]:
    """Return the ids of the processes of a group; one that has ended and waits to be reaped does not count."""
    return [number for number, state, group_of in _processes() if group_of == group and state not in "ZX"]


def gone(group: int) -> bool:
    """Wait until a group has no process; return False when one is still there after 10 s."""
    deadline = time.monotonic() + PATIENCE_S
    while alive(group) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not alive(group)


def _processes() -> list[tuple[int, str, int]]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name of the program is in brackets and may hold anything.
            state, _, group, *_rest = path.read_text(encoding="latin-1").rpartition(")")[2].split()
        except OSError:
            continue
        found.append((int(path.parent.name), state, int(group)))
    return found
