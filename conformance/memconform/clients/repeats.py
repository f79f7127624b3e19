"""Whether the requests of one call repeat what must not be repeated, or come before the server allowed it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from memconform.retry_after import retry_after

if TYPE_CHECKING:
    from memconform.clients.wire import Seen

_READING = frozenset({"searchMemories", "summariseScope"})
"""POST operations that change nothing: as safe as a GET."""

_SAID = ("content", "messages", "scope", "operations")
"""Members that make two bodies the same act, whatever else differs."""

_CLOCKS_S = 0.1
"""So much earlier than told is put down to clocks."""


def unsafe_repeat(main: Sequence[Seen]) -> str | None:
    """Return what is wrong with the requests of one call; None when only what may be repeated was."""
    same: dict[tuple[str, str], list[Seen]] = defaultdict(list)
    for seen in main:
        if seen.sent.method == "POST" and seen.operation_id not in _READING:
            same[seen.sent.url, _act(seen)].append(seen)
    for requests in same.values():
        keys = [seen.header("Idempotency-Key") for seen in requests]
        if len(requests) < 2 or (len(set(keys)) == 1 and keys[0]):
            continue
        how = "without an Idempotency-Key" if not all(keys) else "with another Idempotency-Key each time"
        path = requests[0].operation.path if requests[0].operation else requests[0].sent.url
        return f"the same POST {path} {len(requests)} times, {how}"
    return None


def early(main: Sequence[Seen], epoch: float) -> str | None:
    """Return how a request came before the time that the answer before it named in Retry-After; None when none did.

    `epoch` is when the server began, in seconds of the wall clock.
    """
    for first, second in pairwise(main):
        if first.received is None or first.ended_at is None or second.at < first.ended_at:
            continue  # one that was under way already could not know
        value = first.received.header("Retry-After")
        wait = retry_after(value, datetime.fromtimestamp(epoch + first.ended_at, UTC))
        gap = second.at - first.ended_at
        if wait is not None and gap < wait - _CLOCKS_S:
            return f"the next request {gap:.2f} s after an answer with `Retry-After: {value}`"
    return None


def _act(seen: Seen) -> str:
    """Return what a body does, in a form that is the same for the same act."""
    if not isinstance(seen.json, dict):
        return seen.sent.body.decode("latin-1")
    return json.dumps([seen.json.get(name) for name in _SAID], sort_keys=True)
