"""set_value: keeps one text under a key, in place of what was there."""

from __future__ import annotations

from memory_api import capping, ownership, parameters, tool
from memory_api.call import Call, Output


class SetValue(tool.MemoryTool):
    """PUT /v1/keyed."""

    def run(self, call: Call) -> Output:
        """Set it in the exact scope; return what the server keeps."""
        key, value = parameters.content(call.parameters, "key"), parameters.content(call.parameters, "value")
        stored = ownership.record(call.client.set_keyed(call.scope, key, value), "the stored memory")
        shown, cut = capping.fitting_text(stored["content"])
        members = {
            "key": key,
            "value": shown,
            "memory_id": stored["id"],
            "version": stored["version"],
            "truncated": cut,
        }
        return Output(members, f"The value is set (version {stored['version']}).")
