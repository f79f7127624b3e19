"""delete_memory: forgets one memory of the user."""

from __future__ import annotations

from memory_api import ownership, parameters, tool
from memory_api.call import Call, Output
from memory_api.failures import NOT_THERE, MemoryFailure
from memory_api.quoting import escaped


class DeleteMemory(tool.MemoryTool):
    """DELETE /v1/memories/{id}, only if it is still what was read."""

    def run(self, call: Call) -> Output:
        """Delete it; a memory that is not there is a failure."""
        memory_id = parameters.content(call.parameters, "memory_id")
        memory, etag = ownership.own_memory(call.client, memory_id, call.user)
        try:
            call.client.delete(memory_id, etag)
        except MemoryFailure as failure:
            if failure.kind == NOT_THERE:
                raise ownership.like_not_there(failure, memory_id) from None
            raise
        return Output({"deleted": True, "memory_id": memory["id"]}, f"Memory {escaped(memory['id'])} is deleted.")
