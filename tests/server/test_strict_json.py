"""JSON is read exactly and in linear time, and measured as RFC 8785 writes it."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from memconform_server.measures import canonical_bytes, depth
from memconform_server.problems import Problem
from memconform_server.strict_json import DEEPEST, parse

SCALARS = st.characters(codec="utf-8")
EXACT = st.integers(-(2**53) + 1, 2**53 - 1)
VALUES = st.recursive(
    st.none() | st.booleans() | EXACT | st.floats(allow_nan=False, allow_infinity=False) | st.text(SCALARS),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(SCALARS, max_size=5), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
@settings(derandomize=True, deadline=None, max_examples=300)
def test_size_is_that_of_the_canonical_form(value: Any) -> None:
    """The size is the length of what an independent RFC 8785 implementation writes."""
    assert canonical_bytes(value) == len(rfc8785.dumps(value))


def test_size_stops_at_enough() -> None:
    """A huge value is not measured to its end: once it is above the limit, by how much is of no interest."""
    huge = ["x" * 98] * 100_000
    assert canonical_bytes(huge) == 100_001 + 100_000 * 100
    assert canonical_bytes(huge, enough=101_000) in range(101_001, 101_101)


@pytest.mark.parametrize(
    "number",
    [
        0.0,
        -0.0,
        1.0,
        1e21,
        1e20,
        123456789012345680000.0,
        1e-6,
        1e-7,
        1.5e-7,
        5e-324,
        1.7976931348623157e308,
        1e23,
        0.1,
        100.0,
        -1.25e30,
    ],
)
def test_size_of_numbers(number: float) -> None:
    """The borders of ECMAScript's notations are met."""
    assert canonical_bytes(number) == len(rfc8785.dumps(number))


@pytest.mark.parametrize(
    ("value", "levels"), [({}, 1), ({"a": 1}, 1), ({"a": {}}, 2), ({"a": [[]]}, 3), ([], 1), ("x", 0)]
)
def test_depth_counts_objects_and_arrays(value: Any, levels: int) -> None:
    """`{}` has depth 1; scalars add nothing."""
    assert depth(value) == levels


@given(VALUES)
@settings(derandomize=True, deadline=None, max_examples=200)
def test_what_json_says_is_what_is_read(value: Any) -> None:
    """A well-formed document of scalar text and finite numbers is read as it stands."""
    assert parse(json.dumps(value).encode()) == value


def refusal(body: bytes) -> int:
    """Return the status with which a body is refused."""
    with pytest.raises(Problem) as refused:
        parse(body)
    return refused.value.status


def test_nesting_is_bounded_exactly() -> None:
    """The deepest allowed is read, one more is refused; brackets in strings do not count."""
    assert depth(parse(b"[" * DEEPEST + b"]" * DEEPEST)) == DEEPEST
    assert refusal(b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1)) == 400
    assert parse(json.dumps("[" * 1000 + '"{\\').encode()) == "[" * 1000 + '"{\\'


HOSTILE = {
    "open brackets": b"[" * 1_000_000,
    "open strings": b'"' + b'\\"' * 500_000,
    "backslashes": b'"' + b"\\" * 999_999,
    "brackets and quotes": b'["' * 500_000,
    "digits": b"9" * 1_000_000,
    "digits of a fraction": b"0." + b"9" * 1_000_000,
    "exponent": b"1e" + b"9" * 1_000_000,
    "many numbers": b"[" + b"1.5e300," * 120_000 + b"1]",
    "many names": b"{" + b",".join(b'"%d":0' % number for number in range(80_000)) + b"}",
    "one name": b"{" + b'"a":0,' * 150_000 + b'"a":0}',
    "surrogates": b'"' + b"\\ud800" * 160_000 + b'"',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bodies_take_linear_time(name: str) -> None:
    """A megabyte of malice is read or refused within the time of a few megabytes of JSON."""
    began = time.perf_counter()
    with suppress(Problem):
        parse(HOSTILE[name])
    assert time.perf_counter() - began < 5
