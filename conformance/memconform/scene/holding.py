"""When a memory holds, and what a scope inherits: two pure functions, no server in sight."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from memconform.scene.oracle import instant, selects

Record = Mapping[str, Any]

SHARED = frozenset({"agent_id", "app_id"})
"""The scope members whose memories reach every user of an agent or an app."""


def start_of(record: Record) -> Fraction:
    """Return from when on a memory holds: `valid_from`, else `created_at`; in seconds since 1970."""
    return instant(record.get("valid_from") or record.get("created_at"))


def held(record: Record, at: Fraction, successor: Record | None = None) -> bool:
    """Tell whether a memory held at an instant: start ≤ at < end.

    The end is the earlier of `valid_to` and the successor's start.
    """
    ends = [instant(record["valid_to"])] if record.get("valid_to") else []
    ends += [start_of(successor)] if successor else []
    return start_of(record) <= at and all(at < end for end in ends)


def inherits(query: Mapping[str, str], scope: Mapping[str, str]) -> bool:
    """Tell whether a search with `inherit` selects a memory of that scope.

    The law of scopes selects it, or its scope is a part of the query's that has the user, or nothing but agent and app.
    """
    return selects(query, scope) or (
        bool(scope) and selects(scope, query) and ("user_id" in scope or scope.keys() <= SHARED)
    )
