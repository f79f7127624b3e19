"""Where two values differ, said so that a reader of the report sees it: JSON as the contract means it, and text.

Whether they differ is said by `oracle.json_equal`; this says where.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from memconform.answer import Answer, shown
from memconform.scene.oracle import EXACT, json_equal
from memconform.verdict import NotMet

__all__ = ["ABSENT", "EXACT", "Difference", "difference", "exact_json", "must_match"]

ABSENT = object()
"""Stands for a member that is not there."""

_AROUND = 12


@dataclass(frozen=True, slots=True)
class Difference:
    """The first place where two values differ; `pointer` is a JSON Pointer, the others are texts for people."""

    pointer: str
    expected: str
    observed: str


def difference(expected: Any, observed: Any, pointer: str = "") -> Difference | None:
    """Return the first difference of two JSON values, None when they are equal."""
    if isinstance(expected, Mapping) and isinstance(observed, Mapping):
        return _of_members(expected, observed, pointer)
    if isinstance(expected, list) and isinstance(observed, list) and len(expected) == len(observed):
        found = (difference(a, b, f"{pointer}/{i}") for i, (a, b) in enumerate(zip(expected, observed, strict=True)))
        return next(filter(None, found), None)
    if isinstance(expected, str) and isinstance(observed, str):
        return _of_texts(expected, observed, pointer)
    return None if json_equal(expected, observed) else Difference(pointer, _said(expected), _said(observed))


def exact_json(text: bytes | str) -> Any:
    """Parse JSON without losing a digit: fractions and exponents become `Decimal`."""
    return json.loads(text, parse_float=Decimal)


def must_match(expected: Any, observed: Any, what: str, *see: Answer) -> None:
    """Require two JSON values to be equal; `what` names the observed one."""
    found = difference(expected, observed)
    if found is not None:
        where = f"{what} {found.pointer}".strip()
        raise NotMet(f"{where} = {found.expected}", f"{where} = {found.observed}", [a.exchange for a in see])


def _of_members(expected: Mapping[str, Any], observed: Mapping[str, Any], pointer: str) -> Difference | None:
    for name in [*expected, *(name for name in observed if name not in expected)]:
        here = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
        if name not in expected or name not in observed:
            return Difference(here, _said(expected.get(name, ABSENT)), _said(observed.get(name, ABSENT)))
        found = difference(expected[name], observed[name], here)
        if found is not None:
            return found
    return None


def _of_texts(expected: str, observed: str, pointer: str) -> Difference | None:
    if expected == observed:
        return None
    both = min(len(expected), len(observed))
    at = next((i for i in range(both) if expected[i] != observed[i]), both)
    cut = slice(max(0, at - _AROUND), at + _AROUND)
    place = f"from code point {cut.start}" if cut.start else "at the start"
    return Difference(
        pointer,
        f"{len(expected)} code points, {place} {shown(expected[cut])}",
        f"{len(observed)} code points, there {shown(observed[cut])}",
    )


def _said(value: Any) -> str:
    if value is ABSENT:
        return "(absent)"
    return str(value) if isinstance(value, Decimal) else shown(value)
