"""Reads a memory by its id for one user: what is another user's reads exactly like what is not there.

Ids come from a model, and a model can be talked into any id.
"""

from __future__ import annotations

from typing import Any

from .answer import member
from .client import MemoryClient
from .failures import NOT_THERE, MemoryFailure, not_there
from .quoting import quoted
from .scope import belongs_to


def own_memory(client: MemoryClient, memory_id: str, user: str) -> tuple[dict[str, Any], str | None]:
    """Return a memory of this user and its entity tag; raises MemoryFailure `not_found` for any other."""
    try:
        memory, etag = client.get(memory_id)
    except MemoryFailure as failure:
        raise like_not_there(failure, memory_id) from None
    if not belongs_to(memory, user):
        raise not_there(quoted(memory_id, 130))
    return record(memory, "the memory"), etag


def like_not_there(failure: MemoryFailure, memory_id: str) -> MemoryFailure:
    """Return a failure in which an id that the server refuses, or does not know, reads like one that is not there."""
    return not_there(quoted(memory_id, 130)) if failure.kind in {NOT_THERE, "invalid"} else failure


def record(memory: dict[str, Any], where: str) -> dict[str, Any]:
    """Return a memory that has what the tools hand on; raises MemoryFailure `bad_answer`."""
    for name, kind in (("id", str), ("content", str), ("scope", dict), ("created_at", str), ("version", int)):
        member(memory, name, kind, where)
    return memory
