"""ingest_conversation: hands messages to the server, which remembers what is worth it."""

from __future__ import annotations

from typing import Any

from memory_api import capping, conversation, operations, parameters, tool
from memory_api.answer import member
from memory_api.call import Call, Output
from memory_api.quoting import escaped


class IngestConversation(tool.MemoryTool):
    """POST /v1/ingestions, then GET /v1/operations/{id} until it has ended or the deadline is near."""

    def run(self, call: Call) -> Output:
        """Hand them in; return what came of them, as far as the server is done."""
        wait = parameters.truth(call.parameters, "wait")
        operation, answer = call.client.ingest(call.scope, conversation.messages(call.parameters))
        if wait is not False:
            operation = operations.followed(call.client, operation, answer)
        result = operations.result_of(call.client, operation, "the messages")
        memories, cut = capping.fitting(_memories(result, operation["status"]))
        if operation["status"] == "succeeded":
            text = f"The messages touched {len(memories)} {'memory' if len(memories) == 1 else 'memories'}."
        else:
            text = f"The server accepted the messages as {escaped(operation['id'])} and is still at it."
        members = {
            "operation_id": operation["id"],
            "status": operation["status"],
            "memories": memories,
            "truncated": cut,
        }
        return Output(members, text)


def _memories(result: dict[str, Any], status: str) -> list[dict[str, Any]]:
    """Return the id and action of each memory; none before the operation has ended."""
    if status != "succeeded":
        return []
    found: list[dict[str, Any]] = member(result, "memories", list, "the result")
    return found
