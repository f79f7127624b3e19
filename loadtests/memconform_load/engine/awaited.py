"""A value that some greenlets wait for until another one brings it."""

from __future__ import annotations

from typing import Generic, TypeVar

from gevent.event import Event

T = TypeVar("T")


class Awaited(Generic[T]):
    """Holds nothing at first, then one value for good."""

    def __init__(self) -> None:
        self._there = Event()
        self._values: list[T] = []

    def ready(self) -> bool:
        """Tell whether the value is there."""
        return bool(self._values)

    def set(self, value: T) -> None:
        """Bring the value."""
        self._values = [value]
        self._there.set()

    def get(self) -> T:
        """Return the value; wait until it is there."""
        self._there.wait()
        return self._values[0]
