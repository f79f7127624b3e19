"""Waits for what a server does after its answer."""

from __future__ import annotations

from typing import Any

from .answer import Answer
from .client import MemoryClient
from .failures import MemoryFailure
from .problems import refused_operation
from .quoting import quoted
from .retry_after import retry_after

FINISHED = frozenset({"succeeded", "failed"})
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 1.0
RESERVE_SECONDS = 0.2
"""So much of the deadline is kept to say that the work still goes on."""


def followed(client: MemoryClient, operation: dict[str, Any], answer: Answer) -> dict[str, Any]:
    """Return an operation as it stands when it has ended, or when the deadline is near; raises MemoryFailure.

    The server has accepted it by then: a failure to ask names its id.
    """
    pause = FIRST_PAUSE_SECONDS
    while operation["status"] not in FINISHED:
        wish = retry_after(answer.headers)
        wait = max(pause, wish.seconds if wish is not None and wish.seconds is not None else 0.0)
        if wait + RESERVE_SECONDS >= client.deadline.left():
            return operation
        client.deadline.pause(wait)
        pause = min(LONGEST_PAUSE_SECONDS, pause * 2)
        try:
            operation, answer = client.operation(operation["id"])
        except MemoryFailure as failure:
            if failure.kind == "timeout" and client.deadline.left() < RESERVE_SECONDS:
                return operation
            raise failure.noting(f"The server had accepted the operation {quoted(operation['id'], 130)}.") from None
    return operation


def result_of(client: MemoryClient, operation: dict[str, Any], what: str) -> dict[str, Any]:
    """Return what came of an operation that has ended well; raises MemoryFailure for one that failed."""
    if operation["status"] == "failed":
        said = refused_operation(operation.get("error"), client.settings)
        happened = f"The server accepted {what} and then failed to do it. {said}".rstrip()
        raise MemoryFailure("failed", happened, "Try again; if it fails again, look into the server's log.")
    result = operation.get("result")
    return result if isinstance(result, dict) else {}
