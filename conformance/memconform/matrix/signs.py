"""How an outcome is shown: a letter, a word and a tone. Letter and word say all, as in a server's report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from memconform.report.html.outcomes import SIGN, UNSCORED, WORD

ABSENT = "absent"
"""The outcome of a requirement that a result does not have."""

SILENT = frozenset({"skip", "not_run", "not_selected", "not_tested", ABSENT})
"""Outcomes that say nothing of a server."""

_TONES = {"pass": "good", "fail": "bad", "warn": "doubt", "inconclusive": "doubt", "error": "doubt"}


@dataclass(frozen=True, slots=True)
class Sign:
    """`letter` stands in a cell, `word` says it in full, `tone` is "good", "bad", "doubt" or "none"."""

    letter: str
    word: str
    tone: str


OUTCOMES: Mapping[str, Sign] = {
    **{name: Sign(SIGN[name], word, _TONES.get(name, "none")) for name, word in WORD.items()},
    ABSENT: Sign("·", "not in the result", "none"),
}

CONFORMANCE: Mapping[str, Sign] = {
    "conformant": Sign("✓", "conformant", "good"),
    "not conformant": Sign("✗", "not conformant", "bad"),
    "incomplete": Sign("?", "incomplete", "doubt"),
    "not tested": Sign("–", "not tested", "none"),
    "not declared": Sign("·", "not declared", "none"),
}
"""By the verdict on a profile, or on a server."""

KINDS: Mapping[str, Sign] = {
    "regression": Sign("↓", "regression", "bad"),
    "improvement": Sign("↑", "improvement", "good"),
}
"""Of a change; every other kind is neither better nor worse."""


def outcome_of(row: Mapping[str, Any]) -> str:
    """Return the outcome of a requirement's row as the matrix has it."""
    return str(row["outcome"]) if row.get("scored", True) else UNSCORED


def kind_sign(kind: str) -> Sign:
    """Return how the kind of a change is shown."""
    return KINDS.get(kind, Sign("→", kind, "none"))
