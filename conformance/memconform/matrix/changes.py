"""What changed since the last run: of each server which requirement went from what to what, and who came and went."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from memconform.difference import requirement_rows
from memconform.matrix.earlier import Standing


def changes(before: Mapping[str, Standing], now: Mapping[str, Standing]) -> dict[str, Any]:
    """Return the member `changes` of the matrix; servers are compared by name."""
    both = [name for name in now if name in before]
    compared = [_compared(name, before[name], now[name]) for name in both]
    changed = [each for each in compared if each["rows"] or _moved(each["badge"]) or _moved(each["verdict"])]
    return {
        "new": [name for name in now if name not in before],
        "gone": [name for name in before if name not in now],
        "same": [each["name"] for each in compared if each not in changed],
        "servers": changed,
    }


def _compared(name: str, before: Standing, now: Standing) -> dict[str, Any]:
    rows = requirement_rows(before["rows"], now["rows"])
    members = ("requirement", "level", "before", "now", "kind")
    return {
        "name": name,
        **{of: {"before": before[of], "now": now[of]} for of in ("judged_at", "verdict", "badge")},
        "rows": [{member: getattr(row, member) for member in members} for row in rows],
    }


def _moved(pair: Mapping[str, Any]) -> bool:
    return bool(pair["before"] != pair["now"])
