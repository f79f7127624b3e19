"""add_memory: keeps one text as it is."""

from __future__ import annotations

from memory_api import capping, ownership, parameters, tool
from memory_api.call import Call, Output
from memory_api.quoting import escaped


class AddMemory(tool.MemoryTool):
    """POST /v1/memories."""

    def run(self, call: Call) -> Output:
        """Add the text for the user; return the stored record."""
        given = call.parameters
        memory = {
            "content": parameters.content(given, "content"),
            "scope": call.scope,
            "metadata": parameters.json_object(given, "metadata"),
            "confidence": parameters.number(given, "confidence", 0, 1),
            "expires_at": parameters.text(given, "expires_at"),
        }
        key = parameters.header_text(given, "idempotency_key")
        stored = call.client.add({name: value for name, value in memory.items() if value is not None}, key)
        shown, cut = capping.fitting_record(ownership.record(stored, "the stored memory"))
        members = {
            "memory_id": stored["id"],
            "version": stored["version"],
            "created_at": stored["created_at"],
            "memory": shown,
            "truncated": cut,
        }
        return Output(members, f"Remembered as {escaped(stored['id'])}.")
