"""get_value: the text that is kept under a key."""

from __future__ import annotations

from memory_api import capping, ownership, parameters, tool
from memory_api.call import Call, Output
from memory_api.failures import MemoryFailure
from memory_api.quoting import quoted


class GetValue(tool.MemoryTool):
    """GET /v1/keyed."""

    def run(self, call: Call) -> Output:
        """Return the value in the exact scope; where none is set the default, or else a failure."""
        key, default = parameters.content(call.parameters, "key"), parameters.text(call.parameters, "default")
        stored = call.client.get_keyed(call.scope, key)
        if stored is None:
            return _unset(key, default)
        value, cut = capping.fitting_text(ownership.record(stored, "the stored memory")["content"])
        return Output({"key": key, "value": value, "found": True, "truncated": cut}, value)


def _unset(key: str, default: str | None) -> Output:
    """Return the default; raises MemoryFailure where there is none."""
    if default is None:
        raise MemoryFailure(
            "not_found",
            f"No value is set under the key {quoted(key, 80)} for this user.",
            "Set it with set_value in the same scope, or give a default.",
        )
    return Output({"key": key, "value": default, "found": False, "truncated": False}, default)
