"""What Ctrl-C, SIGTERM and a closed terminal do to a command that loads: the run ends early, and its result is kept."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Self

from memconform.pytest_process import INTERRUPTING, not_ignored

_ONE_PRESS_S = 1.0
"""Seconds in which several signals are one: a closed terminal sends its own, and the shell's."""


class Interruption:
    """Hears the signals while it is entered, in the main thread. It raises nothing: what goes on ends by itself.

    The first signal asks the run under way to end, the next one to leave at once. One that comes when no run is under
    way is remembered: no further run begins, and files are written to their end.
    """

    def __init__(self) -> None:
        self.happened = False
        self._last = -_ONE_PRESS_S
        self._process: subprocess.Popen[bytes] | None = None
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._hear) for number in not_ignored(*INTERRUPTING)}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # it is what was there

    @contextmanager
    def reaches(self, process: subprocess.Popen[bytes]) -> Iterator[None]:
        """Pass what is heard on to the process of a run, as Ctrl-C, for a while."""
        self._process = process
        try:
            if self.happened:  # while it was started
                process.send_signal(signal.SIGINT)
            yield
        finally:
            self._process = None

    def _hear(self, *_: object) -> None:
        now = time.monotonic()
        if now - self._last < _ONE_PRESS_S:
            return
        self._last, self.happened = now, True
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGINT)
