"""Signals that interrupt a run: one `KeyboardInterrupt` for all of a moment, and none that gets lost."""

from __future__ import annotations

import gc
import signal
import time
from collections.abc import Iterable
from types import FrameType

_ONE_PRESS_S = 1.0
"""Seconds in which several signals are one: they reach us from the terminal and from who started us."""

_SOON_S = 0.02
"""Seconds until a signal is taken that came where nothing can be raised."""


class Interruption:
    """Raises `KeyboardInterrupt` once for all signals of a moment: a second one would cut the cleanup short."""

    def __init__(self) -> None:
        self.times = 0
        self._last = -_ONE_PRESS_S

    def of(self, numbers: Iterable[signal.Signals]) -> None:
        """Handle these signals, and `SIGALRM`, by which one is taken later; only the main thread can."""
        for number in (*numbers, signal.SIGALRM):
            signal.signal(number, self)

    def __call__(self, _: int, frame: FrameType | None) -> None:
        """Take a signal."""
        now = time.monotonic()
        if now - self._last < _ONE_PRESS_S:
            return
        if _is_lost(frame):
            signal.setitimer(signal.ITIMER_REAL, _SOON_S)
            return
        self._last = now
        self.times += 1
        raise KeyboardInterrupt


def _is_lost(frame: FrameType | None) -> bool:
    """Tell whether Python would only print what is raised here: in `__del__`, and in what the collector calls.

    Hypothesis collects before each example, and has itself called: Ctrl-C was lost there every other time.
    """
    called = {getattr(each, "__code__", None) for each in gc.callbacks}
    while frame is not None:
        if frame.f_code in called or frame.f_code.co_name == "__del__":
            return True
        frame = frame.f_back
    return False
