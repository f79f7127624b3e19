"""When a request is sent again: at most twice, only what has one effect however often it comes, and in time."""

from __future__ import annotations

import random
from collections.abc import Callable

from .answer import Answer
from .deadline import Deadline
from .failures import MemoryFailure
from .request import Request
from .retry_after import RetryAfter, retry_after

RETRIES = 2
FIRST_PAUSE_SECONDS = 0.2
PASSING_STATUSES = frozenset({429, 502, 503, 504})
PASSING_KINDS = frozenset({"refused", "unreachable", "disconnected", "timeout"})
ALWAYS_REPEATABLE = frozenset({"GET", "PUT", "DELETE"})


def persistently(
    request: Request, send: Callable[[], Answer], deadline: Deadline, declares: Callable[[str], bool]
) -> Answer:
    """Send a request, again where that may help; raises the last MemoryFailure, or returns the last answer."""
    attempt = 1
    while True:
        answer, failure = _tried(send)
        pause = pause_before_next(attempt, answer, failure, deadline)
        if pause is None or not may_repeat(request, declares) or deadline.left() <= pause:
            break
        deadline.pause(pause)
        attempt += 1
    if answer is None:
        raise failure or MemoryFailure("internal", "There is neither an answer nor a failure.", "Report it.")
    answer.attempts = attempt
    return answer


def may_repeat(request: Request, declares: Callable[[str], bool]) -> bool:
    """Tell whether sending a request twice has the effect of sending it once; may ask the server what it declares."""
    if request.method in ALWAYS_REPEATABLE or request.changes_nothing:
        return True
    if request.method == "PATCH":
        return request.if_match is not None
    return request.idempotency_key is not None and declares("idempotency")


def pause_before_next(
    attempt: int, answer: Answer | None, failure: MemoryFailure | None, deadline: Deadline
) -> float | None:
    """Return the seconds to wait before the next attempt; None where there is none."""
    if attempt > RETRIES:
        return None
    if failure is not None:
        return backoff(attempt) if failure.kind in PASSING_KINDS and deadline.left() > 0 else None
    if answer is None or answer.status not in PASSING_STATUSES:
        return None
    wish = retry_after(answer.headers)
    if wish is None or wish.seconds is None:
        return backoff(attempt)
    # A whole second more than nothing, as a date is cut to seconds; never earlier than asked.
    return max(wish.seconds + 0.02, backoff(attempt)) if wish.seconds < deadline.left() else None


def backoff(attempt: int) -> float:
    """Return a pause that doubles with each attempt, less up to half of it by chance."""
    longest = float(FIRST_PAUSE_SECONDS * 2 ** (attempt - 1))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - spreads clients, protects nothing


def wish_of(answer: Answer) -> RetryAfter | None:
    """Return what the last answer says about coming back."""
    return retry_after(answer.headers) if answer.status in PASSING_STATUSES else None


def _tried(send: Callable[[], Answer]) -> tuple[Answer | None, MemoryFailure | None]:
    """Return the answer or the failure of one attempt."""
    try:
        return send(), None
    except MemoryFailure as failure:
        return None, failure
