"""What a tool is given and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .client import MemoryClient
from .deadline import Deadline
from .failures import MemoryFailure
from .quoting import holds_secret
from .scope import effective_user, full_scope
from .settings import Settings

LEAST_GUARDED = 4
"""A shorter key could be part of any word; foreign text that holds it is withheld all the same."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a tool: its parameters, the user it is for, and a client that ends with its deadline."""

    parameters: Mapping[str, Any]
    user: str
    client: MemoryClient

    @property
    def scope(self) -> dict[str, str]:
        """The scope that the call is about."""
        return full_scope(self.parameters, self.user)


@dataclass(frozen=True, slots=True)
class Output:
    """What a tool found: `members` become one JSON object and a workflow variable each, `text` is for people."""

    members: dict[str, Any]
    text: str
    file: bytes | None = None
    file_meta: dict[str, str] = field(default_factory=dict)


def new_call(settings: Settings, parameters: Mapping[str, Any], runtime_user: str | None) -> Call:
    """Return a call whose deadline starts now; raises MemoryFailure where there is no user."""
    client = MemoryClient(settings, Deadline(settings.deadline_s))
    return Call(parameters, effective_user(parameters, runtime_user), client)


def presentable(error: Exception, secret: str | None) -> MemoryFailure:
    """Return the failure that is shown for an error: one of this plugin's own, and never with the key in it."""
    failure = error if isinstance(error, MemoryFailure) else internal(error)
    if secret and len(secret) >= LEAST_GUARDED and holds_secret(str(failure), secret):
        return MemoryFailure(failure.kind, "What happened is withheld, as it repeats the API key.", failure.advice)
    return failure


def internal(error: Exception) -> MemoryFailure:
    """Return the failure for a fault of this plugin: its type and place, and nothing of its text."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = "" if trace is None else f" in line {trace.tb_lineno} of {trace.tb_frame.f_code.co_name}"
    happened = f"The plugin met an unexpected {type(error).__name__}{place}."
    return MemoryFailure("internal", happened, "This is a fault of the plugin: report it with this line.")
