"""Many operations at once, and messages that become memories: with work that goes on after the answer."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from memconform.answer import Answer
from memconform.client import Client, Json, Scope
from memconform.verdict import Inconclusive

Operation = dict[str, Any]

LONGEST_OPERATION = 30.0
"""How long the judge follows an operation, in seconds."""
MOST_LOOKS = 12
"""How often it looks at one at most."""

_ENDED = ("succeeded", "failed")
_FIRST_PAUSE, _GROWTH, _LONGEST_PAUSE = 0.02, 3, 5.0


class BulkVerbs(Client):
    """The profiles batch and ingestion, and the operations of erasure."""

    # What is judged.

    def batch(self, operations: Sequence[Json], **options: Any) -> Answer:
        """POST /v1/batch."""
        return self.request("POST", "/v1/batch", body={"operations": list(operations)}, **options)

    def ingest(
        self, scope: Scope, messages: Sequence[Json], *, headers: Mapping[str, str] | None = None, **members: Json
    ) -> Answer:
        """POST /v1/ingestions."""
        body = {"scope": dict(scope), "messages": list(messages), **members}
        return self.request("POST", "/v1/ingestions", body=body, headers=headers)

    def operation(self, operation_id: str, **options: Any) -> Answer:
        """GET /v1/operations/{id}."""
        return self.request("GET", f"/v1/operations/{quote(operation_id, safe='-._~')}", **options)

    # What sets the scene.

    def settled(self, answer: Answer, within_seconds: float = LONGEST_OPERATION) -> Operation:
        """Follow the operation of a 202 to its end and return it, succeeded or failed: at most `MOST_LOOKS` requests.

        Raise `Inconclusive` when it has not ended within the time.
        """
        operation = answer.control(202).control_object("id", str)
        until = time.monotonic() + within_seconds
        pause = _FIRST_PAUSE
        for _ in range(MOST_LOOKS):
            if operation.get("status") in _ENDED or time.monotonic() >= until:
                break
            time.sleep(max(0.0, min(pause, until - time.monotonic())))
            pause = min(pause * _GROWTH, _LONGEST_PAUSE)
            answer = self.operation(str(operation["id"])).control(200)
            operation = answer.control_object("id", str)
        if operation.get("status") not in _ENDED:
            raise Inconclusive(f"the operation has not ended within {within_seconds:g} s", [answer.exchange])
        return operation
