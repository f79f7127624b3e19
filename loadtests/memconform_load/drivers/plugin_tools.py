"""Which tool of a plugin does what, and what a call gives it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from memconform.clients.mapping import MappedTool, PluginMap
from memconform_load.calls import Op, Request

OPERATIONS = {
    Op.ADD: ("addMemory", ("content",)),
    Op.SEARCH: ("searchMemories", ("query",)),
    Op.GET: ("getMemory", ("memory_id",)),
    Op.LIST: ("listMemories", ()),
    Op.UPDATE: ("updateMemory", ("memory_id", "content")),
    Op.DELETE: ("deleteMemory", ("memory_id",)),
    Op.SET: ("setKeyed", ("key", "content")),
    Op.GET_KEYED: ("getKeyed", ("key",)),
    Op.INGEST: ("ingestMessages", ("messages",)),
    Op.ERASE: ("eraseScope", ()),
    Op.EXPORT: ("exportScope", ()),
}
"""By what is asked: the operationId of the contract, and the placeholders without which a tool cannot do it."""

READS = (Op.SEARCH, Op.LIST, Op.GET, Op.GET_KEYED, Op.EXPORT)
"""What changes nothing, the best choice for a first call at the front."""


def tools_by_op(mapping: PluginMap) -> dict[Op, MappedTool]:
    """Return the tool for each operation that the mapping has one for; of several the first that gives texts."""
    found = {}
    for op, (operation, needed) in OPERATIONS.items():
        able = [
            tool
            for tool in mapping.tools
            if tool.operation == operation and all(tool.takes(each) for each in (*needed, "user_id"))
        ]
        if able:
            found[op] = next((tool for tool in able if tool.texts and tool.id), able[0])
    return found


def values(request: Request) -> dict[str, Any]:
    """Return what the placeholders of a call stand for; those that it has nothing for are missing."""
    given: Mapping[str, Any] = {
        "user_id": request.person,
        "content": request.text,
        "query": request.query,
        "memory_id": request.memory_id,
        "key": request.key,
        "top_k": request.top_k,
        "limit": request.limit,
        "cursor": request.cursor,
        "idempotency_key": request.idempotency_key,
        "messages": _json(request.messages),
        "metadata": _json(request.metadata),
    }
    return {name: value for name, value in given.items() if value is not None}


def _json(value: Any) -> str | None:
    return json.dumps(value, ensure_ascii=False) if value else None
