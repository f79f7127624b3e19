"""Keeps the newest of an endless output, bounded in bytes."""

from __future__ import annotations

import threading
from collections import deque


class Kept:
    """The newest `limit` bytes of what was added; usable by one writer and many readers."""

    def __init__(self, limit: int) -> None:
        """Start empty; `limit` in bytes."""
        self._limit = limit
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self._lock = threading.Lock()
        self.forgotten = 0
        """Bytes that were dropped to stay within the limit: the oldest."""

    def add(self, piece: bytes) -> None:
        """Append a piece; whole pieces at the old end make room for it."""
        with self._lock:
            self._pieces.append(piece)
            self._size += len(piece)
            while self._size > self._limit and len(self._pieces) > 1:
                gone = len(self._pieces.popleft())
                self._size -= gone
                self.forgotten += gone
            if self._size > self._limit:
                self.forgotten += self._size - self._limit
                self._pieces[0] = self._pieces[0][-self._limit :]
                self._size = self._limit

    def bytes(self) -> bytes:
        """Return what is kept, oldest first."""
        with self._lock:
            return b"".join(self._pieces)

    def tail(self, limit: int) -> str:
        """Return the last `limit` characters, as text."""
        return self.bytes().decode(errors="replace").rstrip()[-limit:]
