"""forget_user: erases everything of one user, with a receipt."""

from __future__ import annotations

from memory_api import operations, parameters, tool
from memory_api.call import Call, Output
from memory_api.failures import bad_parameter
from memory_api.quoting import escaped
from memory_api.scope import user_scope


class ForgetUser(tool.MemoryTool):
    """POST /v1/erasures, then GET /v1/operations/{id} until it has ended or the deadline is near."""

    def run(self, call: Call) -> Output:
        """Erase; return the receipt, or that the server is still at it."""
        if parameters.truth(call.parameters, "confirm") is not True:
            raise bad_parameter("confirm", "true, as this cannot be undone", "not true")
        operation, answer = call.client.erase(user_scope(call.user))
        operation = operations.followed(call.client, operation, answer)
        receipt = operations.result_of(call.client, operation, "the erasure")
        if operation["status"] == "succeeded":
            text = f"Everything about this user is forgotten{_counted(receipt)}."
        else:
            text = f"The server accepted the erasure as {escaped(operation['id'])} and is still at it."
        members = {"status": _status(operation), "operation_id": operation["id"], "receipt": receipt}
        return Output(members, text)


def _status(operation: dict[str, object]) -> object:
    """Return `succeeded`, or `running` for whatever has not ended."""
    return operation["status"] if operation["status"] in operations.FINISHED else "running"


def _counted(receipt: dict[str, object]) -> str:
    """Return how many memories a receipt counts, in words."""
    counts = receipt.get("counts")
    memories = counts.get("memories") if isinstance(counts, dict) else None
    return f" ({memories} memories)" if isinstance(memories, int) else ""
