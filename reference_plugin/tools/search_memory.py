"""search_memory: ranks what is remembered against a query."""

from __future__ import annotations

from memory_api import capping, searching, tool
from memory_api.call import Call, Output


class SearchMemory(tool.MemoryTool):
    """POST /v1/search."""

    def run(self, call: Call) -> Output:
        """Return the results, best first, as far as they fit."""
        found = searching.found(call)
        results, cut = capping.fitting(found)
        text = f"Found {len(found)} {'memory' if len(found) == 1 else 'memories'}."
        if cut:
            text += f" Together they are too large to be passed on: the result has the first {len(results)}, maybe cut."
        return Output({"results": results, "count": len(results), "truncated": cut}, text)
