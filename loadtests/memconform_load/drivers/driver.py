"""What every driver can do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from memconform_load.calls import Op, Reply, Request


class Driver(Protocol):
    """Carries requests to a server, from any number of greenlets at once."""

    name: str
    """How results call it: `direct` or `plugin`."""
    supports: frozenset[Op]

    @property
    def pids(self) -> Sequence[int]:
        """Processes of its own; others after one died and was started again."""
        ...

    def call(self, request: Request, timeout_s: float) -> Reply:
        """Carry one request; whatever a server or a network does becomes a `Reply`, never an exception."""
        ...

    def about(self) -> dict[str, Any] | None:
        """Return what results tell of it, None where there is nothing to tell."""
        ...

    def close(self) -> None:
        """Let go of connections and processes."""
        ...
