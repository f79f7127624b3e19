"""update_memory: changes one memory of the user, and leaves alone what is not given."""

from __future__ import annotations

from memory_api import capping, ownership, parameters, tool
from memory_api.call import Call, Output
from memory_api.failures import NOT_THERE, MemoryFailure, bad_parameter
from memory_api.quoting import escaped


class UpdateMemory(tool.MemoryTool):
    """PATCH /v1/memories/{id}, only if it is still what was read."""

    def run(self, call: Call) -> Output:
        """Change it; return the record as it is now."""
        memory_id = parameters.content(call.parameters, "memory_id")
        changes = patch(call.parameters)
        _, etag = ownership.own_memory(call.client, memory_id, call.user)
        try:
            changed = call.client.update(memory_id, changes, etag)
        except MemoryFailure as failure:
            if failure.kind == NOT_THERE:
                raise ownership.like_not_there(failure, memory_id) from None
            raise
        shown, cut = capping.fitting_record(ownership.record(changed, "the changed memory"))
        members = {
            "memory": shown,
            "memory_id": changed["id"],
            "version": changed["version"],
            "truncated": cut,
        }
        return Output(members, f"Memory {escaped(changed['id'])} is now at version {changed['version']}.")


def patch(given: parameters.Parameters) -> dict[str, object]:
    """Return the merge patch; raises MemoryFailure where nothing is to change."""
    members = {
        "content": parameters.optional_content(given, "content"),
        "metadata": parameters.json_object(given, "metadata"),
        "confidence": parameters.number(given, "confidence", 0, 1),
        "expires_at": parameters.text(given, "expires_at"),
    }
    changes: dict[str, object] = {name: value for name, value in members.items() if value is not None}
    if not changes:
        raise bad_parameter("content", "given, or one of metadata, confidence and expires_at", "missing, like they are")
    return changes
