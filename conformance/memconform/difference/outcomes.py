"""How a requirement's outcome changed, and which changes are regressions.

An outcome either judges the server (pass, warn, fail), or leaves open what it does: inconclusive and error because a
test could not prove it, all others because none was asked. Only two judgements can be better or worse than each other;
a failure where nothing was known before is new knowledge, not a regression.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Kind: TypeAlias = Literal["regression", "improvement", "newly tested", "inconclusive now", "no longer tested"]

ABSENT = "absent"
"""Stands for the outcome of a requirement that a result does not have: it came with another version of the suite."""

_JUDGED = {"pass": 0, "warn": 1, "fail": 2}
"""Outcomes that judge, from good to bad."""
_OPEN = ("inconclusive", "error")


@dataclass(frozen=True, slots=True)
class Row:
    """A requirement that did not end as before."""

    requirement: str
    level: str
    profile: str
    before: str
    now: str
    """The outcomes; `absent` where a result has no such requirement."""
    kind: Kind
    reason: str | None = None
    """Why it is not judged now, where the result says so."""
    scored: bool = True
    """False where it counts for nothing: it is newer than the contract that one of the servers was judged by."""

    @property
    def regressed(self) -> bool:
        """Whether it makes the difference a regression."""
        return self.kind == "regression" and self.scored

    def to_json(self) -> dict[str, Any]:
        """Return it as `schemas/results/difference.schema.json` describes it."""
        said: dict[str, Any] = {
            "requirement": self.requirement,
            "level": self.level,
            "profile": self.profile,
            "kind": self.kind,
            "before": self.before,
            "now": self.now,
        }
        said |= {"reason": self.reason} if self.reason else {}
        return said | ({} if self.scored else {"scored": False})


def requirement_rows(before: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]]) -> tuple[Row, ...]:
    """Return the requirements whose outcome changed, in the order of the later result.

    A mapping has `id`, `level`, `profile`, `outcome`, and `reason` and `scored` where there is something to say.
    """
    was, seen = {row["id"]: row for row in before}, {row["id"]: row for row in now}
    found = (_row(name, was.get(name), seen.get(name)) for name in (*seen, *(name for name in was if name not in seen)))
    return tuple(row for row in found if row is not None)


def _row(name: str, before: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> Row | None:
    was, seen = (str(row["outcome"]) if row else ABSENT for row in (before, now))
    kind = _kind(was, seen)
    if kind is None:
        return None
    about = now or before or {}
    scored = all(row.get("scored", True) for row in (before, now) if row)
    reason = now.get("reason") if now and seen not in _JUDGED else None
    return Row(name, about["level"], about["profile"], was, seen, kind, reason, scored)


def _kind(before: str, now: str) -> Kind | None:
    if before == now or (before not in _TOLD and now not in _TOLD):
        return None
    if now in _OPEN:
        return None if before in _OPEN else "inconclusive now"
    if now not in _JUDGED:
        return "no longer tested"
    if before not in _JUDGED:
        return "newly tested"
    return "regression" if _JUDGED[now] > _JUDGED[before] else "improvement"


_TOLD = (*_JUDGED, *_OPEN)
