"""The oracle says what the contract says."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memconform.scene.oracle import difference, instant, json_equal, out_of_order, repeated, selects

LETTERS = st.dictionaries(st.sampled_from(["user_id", "agent_id", "app_id"]), st.sampled_from("ab"), min_size=1)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(LETTERS, LETTERS)
def test_a_scope_selects_what_holds_all_its_pairs(query: dict[str, str], scope: dict[str, str]) -> None:
    """`selects` is set inclusion of the pairs."""
    assert selects(query, scope) == (set(query.items()) <= set(scope.items()))


@pytest.mark.parametrize(
    ("query", "scope", "answer"),
    [
        ({"user_id": "a"}, {"user_id": "a", "app_id": "x"}, True),
        ({"user_id": "a", "app_id": "x"}, {"user_id": "a"}, False),
        ({"user_id": "a"}, {"user_id": "A"}, False),
        ({"user_id": "a"}, {"agent_id": "a"}, False),
        ({"user_id": "e\u0301"}, {"user_id": "\u00e9"}, False),
    ],
)
def test_values_are_compared_code_point_for_code_point(
    query: dict[str, str], scope: dict[str, str], answer: bool
) -> None:
    """Case, member and normal form count."""
    assert selects(query, scope) is answer


@pytest.mark.parametrize(
    ("one", "two"),
    [(1, 1.0), (-0.0, 0), (1e5, 100000), ({"a": [1, None]}, {"a": [1.0, None]}), (2**60, float(2**60)), ([], [])],
)
def test_numbers_are_compared_by_value(one: object, two: object) -> None:
    """However a number is spelled, its value counts."""
    assert json_equal(one, two)
    assert json_equal(two, one)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (True, 1),
        (False, 0),
        (None, False),
        (None, 0),
        ("1", 1),
        ([], {}),
        ({"a": None}, {}),
        ([1, 2], [2, 1]),
        ([1], [1, 1]),
        (2**53 + 1, float(2**53)),
        ("é", "e\u0301"),
    ],
)
def test_other_values_differ(one: object, two: object) -> None:
    """Types, order, length, null members and the last digit of an integer count."""
    assert not json_equal(one, two)
    assert not json_equal(two, one)


@given(JSON)
def test_a_json_value_equals_itself(value: object) -> None:
    """`json_equal` is reflexive."""
    assert json_equal(value, value)


def test_deep_values_need_no_deep_stack() -> None:
    """A value that is nested ten thousand deep is compared, too."""
    one: list[object] = []
    two: list[object] = []
    for _ in range(10_000):
        one, two = [one], [two]
    assert json_equal(one, two)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-01T00:00:00Z",
        "2026-01-01t00:00:00.000z",
        "2026-01-01T00:00:00+00:00",
        "2026-01-01T02:30:00.000000000+02:30",
        "2025-12-31T23:00:00-01:00",
        "2025-12-31T23:59:60Z",
    ],
)
def test_spellings_of_one_instant_are_equal(text: str) -> None:
    """Case, precision, offset and leap second do not matter."""
    assert instant(text) == 1767225600


def test_instants_are_exact_below_the_microsecond() -> None:
    """Two instants a nanosecond apart differ."""
    assert instant("1970-01-01T00:00:00.000000001Z") == Fraction(1, 10**9)
    assert instant("1969-12-31T23:59:59.9Z") == Fraction(-1, 10)


@pytest.mark.parametrize(
    "text",
    [
        *("", "now", "2026-01-01", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z"),
        *("2026-01-01T00:00:00+24:00", "2026-01-01T00:00:61Z", "٢٠٢٦-01-01T00:00:00Z", " 2026-01-01T00:00:00Z"),
        *(None, 0, 1767225600.0),
    ],
)
def test_what_is_no_timestamp_is_refused(text: object) -> None:
    """A value that is no RFC 3339 timestamp raises ValueError."""
    with pytest.raises(ValueError, match=r"."):
        instant(text)


RECORD = {
    "id": "m1",
    "content": "I use pnpm",
    "scope": {"user_id": "u"},
    "metadata": {"n": 1},
    "created_at": "2026-01-01T00:00:00Z",
    "updated_at": "2026-01-01T00:00:00Z",
    "version": 1,
}


def test_records_that_say_the_same_do_not_differ() -> None:
    """Null is absent, spellings of instants and numbers do not matter, unknown members mean nothing."""
    other = RECORD | {"metadata": {"n": 1.0}, "key": None, "created_at": "2026-01-01T00:00:00.000+00:00", "seen": 7}
    assert difference(RECORD, other) is None
    assert difference(other, RECORD) is None
    assert (
        difference({"source": {"method": "verbatim"}}, {"source": {"method": "verbatim", "memory_ids": None}}) is None
    )


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("content", "I use pnpm "),
        ("metadata", {"n": True}),
        ("updated_at", "2026-01-01T00:00:00.001Z"),
        ("updated_at", "yesterday"),
        ("version", 2),
        ("confidence", 0.5),
        ("scope", None),
    ],
)
def test_records_differ_in_a_member(member: str, value: object) -> None:
    """The member is named."""
    assert difference(RECORD, RECORD | {member: value}) == member


def test_a_list_is_in_order_when_created_at_never_rises() -> None:
    """Ties are in order; the first pair that is not is named."""
    old, new = ({"created_at": f"2026-01-0{day}T00:00:00Z"} for day in (1, 2))
    for items in product((old, new), repeat=3):
        wrong = out_of_order(items)
        rises = [pair for pair in pairwise(items) if pair == (old, new)]
        assert wrong == (rises[0] if rises else None)


def test_a_list_without_timestamps_has_no_order() -> None:
    """A missing `created_at` raises ValueError."""
    with pytest.raises(ValueError, match="no RFC 3339"):
        out_of_order([{}, {}])


def test_repeated_names_each_repeated_value_once() -> None:
    """In the order of first occurrence."""
    assert repeated(["b", "a", "b", "a", "b", "c"]) == ["b", "a"]
    assert repeated("abc") == []
