"""get_memory: one memory of the user, by its id."""

from __future__ import annotations

from memory_api import capping, ownership, parameters, tool
from memory_api.call import Call, Output
from memory_api.quoting import escaped


class GetMemory(tool.MemoryTool):
    """GET /v1/memories/{id}."""

    def run(self, call: Call) -> Output:
        """Return the whole record."""
        memory, _ = ownership.own_memory(call.client, parameters.content(call.parameters, "memory_id"), call.user)
        shown, cut = capping.fitting_record(memory)
        text = f"Memory {escaped(memory['id'])}, version {memory['version']}."
        return Output({"memory": shown, "memory_id": memory["id"], "truncated": cut}, text)
