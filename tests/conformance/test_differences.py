"""The comparison that decides about fidelity: what counts as the same, and how a difference is told."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from memconform.scene.differences import Difference, difference, exact_json, must_match
from memconform.verdict import NotMet

SAME: list[tuple[str, str]] = [
    ("1", "1.0"),
    ("1e2", "100"),
    ("-0.0", "0"),
    ("0.1", "1.0E-1"),
    ("0.1", "0.1000000000000000055511151231257827"),
    ("9007199254740993", "9007199254740993.0"),
    ("1e300", "1" + "0" * 300),
    ('{"a":1,"b":[null]}', '{"b":[null],"a":1}'),
    ('"\\u00e9"', '"é"'),
]
DIFFERENT: list[tuple[str, str, str]] = [
    ("1", "true", ""),
    ("0", "false", ""),
    ("1", '"1"', ""),
    ("null", "false", ""),
    ("0.1", "0.10000000149011612", ""),
    ("1e-320", "0", ""),
    ("9007199254740993", "9007199254740992", ""),
    ("9007199254740993", "9.007199254740992e15", ""),
    ('"é"', '"e\\u0301"', ""),
    ('{"a":null}', "{}", "/a"),
    ("{}", '{"a":null}', "/a"),
    ('{"a":{"b/c":1}}', '{"a":{"b/c":2}}', "/a/b~1c"),
    ("[1,2]", "[1,3]", "/1"),
    ("[1,2]", "[1]", ""),
    ("[]", "{}", ""),
]


@pytest.mark.parametrize(("sent", "returned"), SAME)
def test_another_spelling_is_the_same(sent: str, returned: str) -> None:
    """A server may spell numbers, strings and the order of members as it likes."""
    assert difference(exact_json(sent), exact_json(returned)) is None


@pytest.mark.parametrize(("sent", "returned", "pointer"), DIFFERENT)
def test_another_value_is_found_where_it_is(sent: str, returned: str, pointer: str) -> None:
    """A changed type, digit, code point or member is a difference, and the pointer leads to it."""
    found = difference(exact_json(sent), exact_json(returned))
    assert found is not None
    assert found.pointer == pointer


def test_a_difference_of_texts_shows_the_place() -> None:
    """Of long texts only the neighbourhood of the first different code point is shown, with escapes."""
    found = difference("x" * 100 + "é" + "y" * 100, "x" * 100 + "e\u0301" + "y" * 100)
    assert found == Difference(
        "",
        '201 code points, from code point 88 "xxxxxxxxxxxx\\u00e9yyyyyyyyyyy"',
        '202 code points, there "xxxxxxxxxxxxe\\u0301yyyyyyyyyy"',
    )


def test_must_match_names_the_thing_and_both_values() -> None:
    """The finding reads as a sentence: what, where, expected and observed."""
    observed: dict[str, Any] = {"n": Decimal("0.2")}
    with pytest.raises(NotMet) as caught:
        must_match({"n": Decimal("0.1")}, observed, "metadata")
    assert (caught.value.expected, caught.value.observed) == ("metadata /n = 0.1", "metadata /n = 0.2")


def test_a_number_beyond_binary64_is_different_from_a_small_one() -> None:
    """No number is too large to be compared, whichever side it is on."""
    for one, two in ((1, 10**400), (10**400, 1), (1.5, 10**400), (2**53, 2**53 + 1)):
        assert difference(one, two) is not None
    assert difference(10**400, 10**400) is None
