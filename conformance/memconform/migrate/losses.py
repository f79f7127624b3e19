"""What was lost of a record, and why: never its values, only where they stood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any


class Cause(StrEnum):
    """Why a member, or a whole record, is not at the target as it is at the source."""

    ASSIGNED = "assigned"
    """The target gives it a value of its own; only an import keeps it."""
    UNDECLARED = "undeclared"
    """The target does not declare the profile that the member needs."""
    NO_OPERATION = "no operation"
    """No operation that the target declares sets this member of such a record."""
    LIMIT = "limit"
    """It is above a limit that the target declares."""
    REFUSED = "refused"
    """The target answered with a problem."""
    UNLINKED = "unlinked"
    """It names a memory that is not at the target."""
    IGNORED = "ignored"
    """The target took it, and has it not when it is read back."""
    ALTERED = "altered"
    """It has another value when it is read back."""
    MERGED = "merged"
    """The target keeps one memory for several records."""
    CONFLICT = "conflict"
    """Another record is at its place in the target."""
    LOST = "lost"
    """The target acknowledged the record, and has none of that id when it is read back."""
    EXPIRED = "expired"
    """Its time was over before it was carried."""
    UNREADABLE = "unreadable"
    """The target does not show it: its answer to the read was no memory."""
    CHANGED = "changed at the source"
    """It is another one at the source since it was carried."""


WHOLE = ""
"""The JSON Pointer to a whole record."""


@dataclass(frozen=True, slots=True)
class Loss:
    """`member` is a JSON Pointer into the record, `WHOLE` for all of it; `detail` says more, never a value."""

    member: str
    cause: Cause
    detail: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def to_json(self) -> dict[str, Any]:
        """Return the loss as journal and receipt keep it."""
        return {"member": self.member, "cause": str(self.cause), **self.detail}

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Loss:
        """Return the loss that a row of the journal tells."""
        detail = {name: value for name, value in row.items() if name not in ("member", "cause")}
        return cls(str(row["member"]), Cause(row["cause"]), detail)

    @property
    def of(self) -> str:
        """The member of the contract, for totals: what stands deeper is counted with it."""
        return "/" + self.member.split("/")[1] if self.member else WHOLE


@dataclass(frozen=True, slots=True)
class NotWritten:
    """Why a record is not written at all."""

    losses: tuple[Loss, ...]
