"""Judges what passes a proxy in a thread of its own, so that no answer waits for a judge."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Queue
from types import TracebackType
from typing import Self

from memconform.clients.wire.proxied import finding_line
from memconform.clients.wire.seen import Seen
from memconform.clients.wire.watch import Kind, Watch
from memconform.redaction import redactor

_WAITING = 1000
"""So many requests may wait to be judged; then connections wait too: the proxy's memory is bounded."""


class Judging:
    """Between `with` and its end requests may be taken; at the end all that were taken have been judged."""

    def __init__(self, watch: Watch, tell: Callable[[str], None]) -> None:
        """Take note of whom to tell of each new kind of finding, in one line."""
        self.watch = watch
        self.errors: list[Exception] = []
        self.taken = 0
        """How many requests have been judged."""
        watch.tell = self._tell
        self._say = tell
        self._queue: Queue[Seen | None] = Queue(_WAITING)
        self._thread = threading.Thread(target=self._judge, name="judging", daemon=True)
        self._redact: tuple[int, Callable[[str], str]] = (0, str)

    def take(self, seen: Seen) -> None:
        """Have a request judged; it must be complete."""
        self._queue.put(seen)

    def redact(self, text: str) -> str:
        """Return the text without the keys that have been met so far."""
        keys = self.watch.keys
        if self._redact[0] != len(keys):
            self._redact = (len(keys), redactor(tuple(keys)))
        return self._redact[1](text)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Judge what still waits."""
        self._queue.put(None)
        self._thread.join()

    def _judge(self) -> None:
        while (seen := self._queue.get()) is not None:
            try:
                self.watch.see(seen)
            except Exception as error:  # noqa: BLE001 - an error of ours must not stop the proxy; it is told at the end
                self.errors.append(error)
            self.taken += 1

    def _tell(self, kind: Kind) -> None:
        self._say(finding_line(kind, self.redact))
