"""How well a search finds what answers a question in other words: the labelled set, and two figures. No verdicts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from memconform.scene.material import material

DEPTH = 5
"""How many results count for recall."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question, its language, and the labels of the memories that answer it."""

    text: str
    language: str
    answers: frozenset[str]


@cache
def labelled_memories() -> Mapping[str, str]:
    """Return the texts of the labelled set by their labels."""
    return {row["id"]: row["text"] for row in material("retrieval")["memories"]}


@cache
def questions() -> Sequence[Question]:
    """Return the questions of the labelled set."""
    rows = material("retrieval")["queries"]
    return [Question(row["text"], row["language"], frozenset(row["answers"])) for row in rows]


def recall(found: Sequence[str], answers: Collection[str], depth: int = DEPTH) -> float:
    """Return the share of the answers that is among the first `depth` results."""
    return len(set(found[:depth]) & set(answers)) / len(answers)


def reciprocal_rank(found: Sequence[str], answers: Collection[str]) -> float:
    """Return 1 divided by the place of the first answer, 0 where there is none."""
    return next((1 / place for place, each in enumerate(found, 1) if each in answers), 0.0)
