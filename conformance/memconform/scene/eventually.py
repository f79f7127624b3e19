"""Waiting for a read that may lag: as long as the server declared, not longer, and no time that somebody guessed.

A strong read has a bound of zero: the very next request counts, and nothing here waits.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from memconform.measures import Measures
from memconform.verdict import Inconclusive

T = TypeVar("T")

LONGEST_BOUND = 120.0
"""The longest declared bound, in seconds, that the judge waits out."""

MOST_PROBES = 9
"""How often `eventually` looks at most, whatever the bound."""

_FIRST_PAUSE = 0.01
_GROWTH = 4


def eventually(
    probe: Callable[[], T],
    until: Callable[[T], bool],
    within_seconds: float,
    *,
    measures: Measures | None = None,
    name: str = "time to visibility",
) -> T:
    """Look until `until` accepts what `probe` returns, at most until the bound has elapsed, and return the last look.

    The first look is immediate, the pauses grow, and the last look begins after the whole bound: what it does not show
    is late. Raise `Inconclusive` when the bound is longer than the judge waits and nothing was seen by then.

    The time until the accepted look was answered is one sample of the measure `name`; without an accepted look there
    is none.
    """
    started = time.monotonic()
    patience = min(within_seconds, LONGEST_BOUND)
    pause = _FIRST_PAUSE
    while True:
        elapsed = time.monotonic() - started >= patience
        seen = probe()
        if until(seen):
            if measures is not None:
                measures.observe(name, time.monotonic() - started)
            return seen
        if elapsed:
            break
        _sleep_until(min(time.monotonic() + pause, started + patience))
        pause *= _GROWTH
    _refuse(within_seconds)
    return seen


def settle(within_seconds: float) -> None:
    """Return when every acknowledged write must show in a read of that bound; at once where the read is strong.

    A law about what reads show can be judged only then. No look before proves that everything has arrived: the next
    one may be answered by another replica. Raise `Inconclusive` when the bound is longer than the judge waits.
    """
    _refuse(within_seconds)
    _sleep_until(time.monotonic() + within_seconds)


def _refuse(within_seconds: float) -> None:
    if within_seconds > LONGEST_BOUND:
        raise Inconclusive(
            f"the server declares that this read may lag by {within_seconds:g} s; "
            f"the judge waits {LONGEST_BOUND:g} s at most"
        )


def _sleep_until(moment: float) -> None:
    while (rest := moment - time.monotonic()) > 0:
        time.sleep(rest)
