"""memory_history: the versions of one memory of the user."""

from __future__ import annotations

from typing import Any

from memory_api import capping, listing, ownership, parameters, tool
from memory_api.answer import member
from memory_api.call import Call, Output
from memory_api.client import MemoryClient
from memory_api.failures import NOT_THERE, MemoryFailure

MOST_VERSIONS = 1000


class MemoryHistory(tool.MemoryTool):
    """GET /v1/memories/{id}/history, page by page."""

    def run(self, call: Call) -> Output:
        """Return the versions, oldest first, as far as they fit."""
        memory_id = parameters.content(call.parameters, "memory_id")
        ownership.own_memory(call.client, memory_id, call.user)
        try:
            walked, more = walk(call.client, memory_id)
        except MemoryFailure as failure:
            if failure.kind == NOT_THERE:
                raise ownership.like_not_there(failure, memory_id) from None
            raise
        versions, cut = capping.fitting(walked)
        text = f"{len(versions)} {'version' if len(versions) == 1 else 'versions'}"
        text += ", the oldest of more." if cut or more else "."
        return Output({"versions": versions, "count": len(versions), "truncated": cut or more}, text)


def walk(client: MemoryClient, memory_id: str) -> tuple[list[dict[str, Any]], bool]:
    """Return the versions on all pages, and whether there are more than are read."""
    versions: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        items, cursor = listing.page(client.history(memory_id, cursor))
        for item in items:
            member(item, "version", int, "a version")
            member(item, "content", str, "a version")
        versions += items
        if cursor is None or len(versions) >= MOST_VERSIONS:
            return versions[:MOST_VERSIONS], cursor is not None or len(versions) > MOST_VERSIONS
