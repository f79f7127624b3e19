"""What goes wrong, as one sentence for the author of the app: kind, what happened, what to do.

bad_settings, bad_parameter: nothing was sent.
name_not_found, refused, unreachable, tls: there was no connection.
disconnected, timeout, redirect, bad_answer: there was no answer that can be used.
unauthorized, forbidden, not_found, gone, conflict, changed, too_large, invalid, rate_limited, server_error,
not_supported: the server refused. failed: it accepted an operation and could not do it.
not_a_memory_server, wrong_version: when credentials are checked. internal: a fault of this plugin.
"""

from __future__ import annotations

NOT_THERE = "not_found"


class MemoryFailure(Exception):
    """A call that did not do what it should; `str()` is one line without secrets."""

    def __init__(self, kind: str, happened: str, advice: str) -> None:
        super().__init__(kind, happened, advice)
        self.kind = kind
        self.happened = happened
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.kind}: {self.happened} {self.advice}"

    def noting(self, remark: str) -> MemoryFailure:
        """Return the same failure with `remark`, a sentence, after what happened."""
        return MemoryFailure(self.kind, f"{self.happened} {remark}", self.advice)


def bad_parameter(name: str, expected: str, seen: str) -> MemoryFailure:
    """Return the failure of a parameter that cannot be taken; `seen` is quoted already."""
    return MemoryFailure(
        "bad_parameter",
        f"The parameter {name} should be {expected}, but it is {seen}.",
        "Correct it in the tool's settings, or in what the model was told about it.",
    )


def not_there(memory_id: str) -> MemoryFailure:
    """Return the failure of a memory that is not there, or not this user's: the two read alike."""
    return MemoryFailure(
        NOT_THERE,
        f"This user has no memory with the id {memory_id}.",
        "Take ids from search_memory or list_memories of the same user; it may have been deleted or have expired.",
    )
