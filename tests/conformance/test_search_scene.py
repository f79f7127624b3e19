"""The texts and queries of the search tests."""

from __future__ import annotations

import pytest

from memconform.capabilities import Capabilities
from memconform.scene.search_scene import all_texts, fits, hostile_queries, ladders, unrelated_texts
from memconform.verdict import NotApplicable

ANY = Capabilities({})
SMALL = Capabilities({"limits": {"query_bytes": 64, "content_bytes": 64}})


@pytest.mark.parametrize("capabilities", [ANY, SMALL])
def test_nothing_is_lost_on_a_server_that_takes_64_bytes(capabilities: Capabilities) -> None:
    """All texts, ladders and queries fit a small server."""
    assert len(set(unrelated_texts(capabilities, 1000))) == 100
    assert len(ladders(capabilities, 100)) == 4
    assert len(set(hostile_queries(capabilities, 1000))) > 150


@pytest.mark.parametrize("size", [16, 24, 40, 100])
def test_only_what_fits_is_used(size: int) -> None:
    """Limits bind texts and queries alike."""
    tiny = Capabilities({"limits": {"query_bytes": size, "content_bytes": 1000}})
    assert all(len(query.encode()) <= size for query in hostile_queries(tiny, 1000))
    try:
        texts = unrelated_texts(tiny, 100)
    except NotApplicable:
        texts = []
    assert all(fits(tiny, text) for text in texts)
    assert bool(texts) is (size > 16)


def test_nothing_fits_a_server_that_takes_a_byte() -> None:
    """Where no text worth searching fits, the requirement does not apply."""
    with pytest.raises(NotApplicable):
        ladders(Capabilities({"limits": {"content_bytes": 1}}), 1)


def test_every_query_of_a_ladder_shares_words_with_texts_of_it() -> None:
    """The first query has all its words in the first two texts, each has one in at least two."""
    for row in ladders(ANY, 100):
        bags = [set(text.lower().replace(",", "").split()) for text in row.texts]
        first = set(row.queries[0].lower().split())
        assert first <= bags[0]
        assert first <= bags[1]
        for query in row.queries:
            assert sum(bool(bag & set(query.lower().split())) for bag in bags) >= 2
    assert len(set(all_texts(ladders(ANY, 100)))) == 20


def test_the_first_hostile_queries_are_of_different_kinds() -> None:
    """The smallest budget meets quotes, NUL, operators, patterns and symbols."""
    first = hostile_queries(ANY, 8)
    assert {'"unbalanced', "\0", "*", "["} <= set(first)
