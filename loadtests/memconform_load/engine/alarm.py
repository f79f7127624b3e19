"""Sleeping until a moment, to some hundredths of a millisecond.

An event loop's own timers are exact to a millisecond, which would be half of a fast server's latency. Linux has timers
that are files (`timerfd`); the loop sees such a file become readable at once. Elsewhere the loop's timers have to do.
"""

from __future__ import annotations

import ctypes
import os
import sys
import time
from contextlib import suppress
from typing import Any

import gevent

_CLOCK_MONOTONIC = 1
_ABSOLUTE = 1
_READABLE = 1


class _Timer(ctypes.Structure):
    """`struct itimerspec`: interval and moment, in seconds and nanoseconds."""

    _fields_ = (
        ("interval_s", ctypes.c_long),
        ("interval_ns", ctypes.c_long),
        ("at_s", ctypes.c_long),
        ("at_ns", ctypes.c_long),
    )


class Alarm:
    """Wakes one greenlet at moments of `time.monotonic()`; each greenlet that sleeps so has an alarm of its own."""

    def __init__(self) -> None:
        self._library: Any = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
        self._file = (
            self._library.timerfd_create(_CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC) if self._library else -1
        )
        self._readable = gevent.get_hub().loop.io(self._file, _READABLE) if self._file >= 0 else None

    def sleep_until(self, moment: float) -> None:
        """Return at the moment, at once where it has passed."""
        left = moment - time.monotonic()
        if left <= 0:
            return
        if self._readable is None:
            gevent.sleep(left)
            return
        whole = int(moment)
        setting = _Timer(0, 0, whole, int((moment - whole) * 1e9))
        self._library.timerfd_settime(self._file, _ABSOLUTE, ctypes.byref(setting), None)
        gevent.get_hub().wait(self._readable)
        with suppress(BlockingIOError):
            os.read(self._file, 8)

    def close(self) -> None:
        """Give the file back."""
        if self._readable is not None:
            self._readable.stop()
            self._readable.close()
            os.close(self._file)
            self._readable = None
