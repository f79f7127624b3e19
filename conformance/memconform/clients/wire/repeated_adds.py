"""Judges repeats of writes by what passes on the wire (CLIENT-07): only what is certain is held against a client."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from memconform.clients.wire.documented import documented
from memconform.clients.wire.seen import Seen
from memconform.contract.openapi import openapi
from memconform.recorder import WireFinding
from memconform.retry_after import retry_after

REPEAT_S = 10.0
"""The same request within so many seconds after a failure is taken for a repeat."""
_REMEMBERED = 200
_CLOCKS_S = 0.1
"""So much earlier than told is put down to clocks."""
_KEY = "Idempotency-Key"


@dataclass
class RepeatedAdds:
    """Looks at requests in the order in which they ended.

    A repeat is the same POST (credentials, target and body, byte for byte) within ten seconds after one that failed
    with 408, a 5xx or no answer, so that it may have been done. After any other refusal nothing has been done, and a
    repeat adds nothing twice. Retry-After counts where both carry the same key, for then it certainly is a repeat.
    """

    failed: int = 0
    """How many writes failed so that a repeat needs a key."""
    _recent: deque[Seen] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))

    def judge(self, seen: Seen) -> Iterator[WireFinding]:
        """Yield what is wrong with a request that repeats an earlier one."""
        if not _adds(seen) or seen.body_cut or seen.broken is not None:
            return
        earlier = next((each for each in reversed(self._recent) if _repeats(each, seen)), None)
        if earlier is not None:
            yield from self._held_against(earlier, seen)
        if _unknown(seen) or _wait(seen) is not None:
            self._recent.append(seen)
        self.failed += _unknown(seen)

    def _held_against(self, earlier: Seen, seen: Seen) -> Iterator[WireFinding]:
        where = f"{seen.method} {seen.operation.path}" if seen.operation else seen.method
        first, second = earlier.header(_KEY), seen.header(_KEY)
        if _unknown(earlier) and not (first and first == second):
            observed = f"the same request again after {_outcome(earlier)}, " + (
                "with another key" if first and second else "without a key" if not first else "now without its key"
            )
            yield WireFinding("CLIENT-07", f"the same {_KEY} on a repeated {where}", observed, seen.exchange())
        wait, gap = _wait(earlier), seen.at - (earlier.ended_at or 0.0)
        if first and first == second and wait is not None and gap < wait - _CLOCKS_S:
            yield WireFinding(
                "CLIENT-07",
                f"no repeat of {where} before the time that Retry-After names",
                f"a repeat {gap:.1f} s after {_outcome(earlier)}, which asked for {wait:.1f} s",
                seen.exchange(),
            )


def _adds(seen: Seen) -> bool:
    """Tell whether a request may add something each time: the document gives it an Idempotency-Key."""
    operation = seen.operation
    return (
        operation is not None
        and seen.method == "POST"
        and any(each.name == _KEY for each in documented(openapi(), operation).parameters)
    )


def _repeats(earlier: Seen, seen: Seen) -> bool:
    return (
        earlier.ended_at is not None
        and 0 <= seen.at - earlier.ended_at <= REPEAT_S
        and (earlier.authorization, earlier.target, earlier.body) == (seen.authorization, seen.target, seen.body)
    )


def _unknown(seen: Seen) -> bool:
    """Tell whether the request may have been done although the client heard of no success."""
    if seen.received is None or seen.cut or seen.problem is not None:
        return True
    return seen.received.status == 408 or seen.received.status >= 500


def _outcome(seen: Seen) -> str:
    return "no answer" if seen.received is None or seen.cut else str(seen.received.status)


def _wait(seen: Seen) -> float | None:
    """Return how many seconds the answer asked to wait; None when it did not, or named a date: clocks differ."""
    value = None if seen.received is None else seen.received.header("Retry-After")
    return retry_after(value) if value is not None and value.strip().isdigit() else None
