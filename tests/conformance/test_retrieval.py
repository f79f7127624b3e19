"""The labelled set, and the two figures of it."""

from __future__ import annotations

import pytest

from memconform.scene.retrieval import labelled_memories, questions, recall, reciprocal_rank


def test_the_labelled_set_is_whole() -> None:
    """At least 60 memories and 120 questions in eight languages; each is answered, none is a memory's own text."""
    memories, asked = labelled_memories(), questions()
    assert len(memories) >= 60
    assert len(set(memories.values())) == len(memories)
    assert len({each.text for each in asked}) == len(asked) >= 120
    assert len({each.language for each in asked}) >= 8
    assert all(each.answers and each.answers <= memories.keys() for each in asked)
    assert {answer for each in asked for answer in each.answers} == memories.keys()
    assert not {each.text for each in asked} & set(memories.values())
    assert all(len(text.encode()) <= 96 for text in [*memories.values(), *(each.text for each in asked)])


@pytest.mark.parametrize(
    ("found", "share", "rank"),
    [
        (["a", "b"], 1.0, 1.0),
        (["x", "a"], 0.5, 0.5),
        (["x", "y", "z", "w", "v", "a"], 0.0, 1 / 6),
        ([], 0.0, 0.0),
    ],
)
def test_the_figures(found: list[str], share: float, rank: float) -> None:
    """Recall counts the first five, the reciprocal rank the first answer wherever it is."""
    assert recall(found, {"a", "b"}) == share
    assert reciprocal_rank(found, {"a", "b"}) == pytest.approx(rank)
