"""list_memories: a page of what is remembered, newest first."""

from __future__ import annotations

from memory_api import capping, listing, ownership, parameters, tool
from memory_api.call import Call, Output


class ListMemories(tool.MemoryTool):
    """GET /v1/memories."""

    def run(self, call: Call) -> Output:
        """Return one page, as far as it fits, and the cursor of the next one."""
        given = call.parameters
        limit, cursor = parameters.whole_number(given, "limit"), parameters.text(given, "cursor")
        items, next_cursor = listing.page(call.client.list(call.scope, limit, cursor))
        for number, memory in enumerate(items, 1):
            ownership.record(memory, f"memory {number}")
        memories, cut = capping.fitting(items)
        text = f"{len(items)} {'memory' if len(items) == 1 else 'memories'} on this page"
        text += ", and there are more." if next_cursor is not None else "."
        if cut:
            text += f" Together they are too large to be passed on: ask for {len(memories)} at a time."
        members = {"memories": memories, "next_cursor": next_cursor, "count": len(memories), "truncated": cut}
        return Output(members, text)
