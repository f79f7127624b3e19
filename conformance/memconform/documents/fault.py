"""One thing that is wrong with a file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """Where it is (a JSON Pointer, "" for the top; None where the whole file is meant), and what is wrong."""

    pointer: str | None
    message: str
    line: int | None = None
    """Counted from 1, where it is known without the pointer."""
