"""Taking back what a run created: by erasures where the server declares them, else memory by memory."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import gevent
from gevent.pool import Pool

from memconform_load.calls import Op, Reply, Request
from memconform_load.engine.patience import patiently

if TYPE_CHECKING:
    from memconform_load.engine.part import Part

_AT_ONCE = 8
_PAGE = 200
_ERASURE_S = 30.0
_ABSENT = 404


def cleaned(part: Part) -> int:
    """Delete what the people of this process have; return for how many of them that did not succeed."""
    pool = Pool(_AT_ONCE)
    return sum(not gone for gone in pool.imap_unordered(lambda each: _forgotten(part, each), sorted(part.touched)))


def _forgotten(part: Part, number: int) -> bool:
    person = part.population.person(number)
    if "erasure" in part.profiles and _erased(part, person):
        return True
    return _emptied(part, person)


def _erased(part: Part, person: str) -> bool:
    asked = _answered(part, Request(Op.ERASE, person))
    patience = time.monotonic() + _ERASURE_S
    while asked.ok and asked.operation_status in ("pending", "running") and time.monotonic() < patience:
        gevent.sleep(0.05)
        asked = _answered(part, Request(Op.OPERATION, person, operation_id=asked.operation_id))
    return asked.ok and asked.operation_status == "succeeded"


def _emptied(part: Part, person: str) -> bool:
    """Delete page by page from the front until nothing is listed, or nothing more can be deleted."""
    limit = min(_PAGE, part.limits.get("page_size") or 50)
    while True:
        page = _answered(part, Request(Op.LIST, person, limit=limit))
        if not page.ok:
            return False
        if not page.memories:
            return page.next_cursor is None
        asked = [Request(Op.DELETE, person, memory_id=memory.id) for memory in page.memories]
        replies = [_answered(part, each) for each in asked]
        if not any(reply.ok or reply.status == _ABSENT for reply in replies):
            return False


def _answered(part: Part, request: Request) -> Reply:
    return patiently(lambda: part.direct.call(request, part.plan.timeout_s))
