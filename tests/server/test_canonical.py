"""The canonical form is what an independent RFC 8785 implementation writes, for everything that this server keeps."""

from __future__ import annotations

import json
from typing import Any

import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from memconform_server.canonical import canonical

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_it_is_what_rfc_8785_asks_for(value: Any) -> None:
    """Members in the order of UTF-16 code units, numbers as ECMAScript writes them, text as it is."""
    assert canonical(value) == rfc8785.dumps(value)


@given(VALUES)
def test_the_lines_of_an_export_keep_it(value: Any) -> None:
    """What is read from a line that Python wrote has the same canonical form as what was written."""
    assert canonical(json.loads(json.dumps(value))) == canonical(value)


def test_names_sort_by_utf_16() -> None:
    """A character beyond the basic plane sorts before U+FB33, although its code point is greater."""
    assert canonical({"\ufb33": 1, "\U0001f600": 2}) == '{"\U0001f600":2,"\ufb33":1}'.encode()


def test_large_integers_keep_their_digits() -> None:
    """RFC 8785 has no integers beyond 2^53; the server keeps them exactly, and so does the digest."""
    assert canonical({"n": 2**60, "m": -(10**30)}) == b'{"m":-1000000000000000000000000000000,"n":1152921504606846976}'
