"""A judged list says what is wrong with it."""

from __future__ import annotations

import pytest

from memconform.scene.listing import must_be_newest_first, must_hold
from memconform.verdict import Inconclusive, NotMet

Memory = dict[str, object]

A, B, C = list[Memory]({"id": name, "content": f"note {name}", "scope": {"user_id": "u"}} for name in "abc")
BOTH = {"a": "note a", "b": "note b"}


def finding(*items: Memory, expected: dict[str, str]) -> str:
    """Judge a list that is wrong and return what was said."""
    with pytest.raises(NotMet) as caught:
        must_hold(items, expected, "the list")
    return str(caught.value)


def test_a_list_that_holds_what_it_should_is_right_in_any_order() -> None:
    """Order is judged apart."""
    must_hold([B, A], BOTH, "the list")
    must_hold([], {}, "the list")


def test_a_missing_memory_is_named() -> None:
    """With how many there should have been."""
    said = finding(A, expected=BOTH)
    assert said == "expected exactly 2 (note a, note b) in the list; observed 1 listed, 1 (note b) missing"


def test_a_memory_too_many_is_named_with_its_scope() -> None:
    """For a reader who has to find out why it is there."""
    said = finding(A, C, expected={"a": "note a"})
    assert said.endswith('2 listed, 1 ("note c" of {"user_id": "u"}) not belonging there')
    assert "no memory in the list" in finding(C, expected={})


def test_a_memory_listed_twice_is_named() -> None:
    """Before anything else, for it makes every count wrong."""
    assert finding(A, B, A, expected=BOTH).endswith('more than once: ["note a"]')


def test_the_order_is_judged_by_created_at() -> None:
    """A newer memory behind an older one is named; ties are fine."""
    old, new = ({"content": text, "created_at": f"2026-01-0{day}T00:00:00Z"} for day, text in ((1, "old"), (2, "new")))
    must_be_newest_first([new, new, old, old])
    with pytest.raises(NotMet, match=r"observed old \(2026-01-01T00:00:00Z\) before the newer new"):
        must_be_newest_first([old, new])


def test_without_timestamps_the_order_proves_nothing() -> None:
    """The timestamps have a requirement of their own."""
    with pytest.raises(Inconclusive):
        must_be_newest_first([{"created_at": "now"}, {"created_at": None}])
