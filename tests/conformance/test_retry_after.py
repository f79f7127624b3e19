"""Retry-After in both of its forms, and in none."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memconform.retry_after import retry_after

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("3", 3),
        (" 120 ", 120),
        ("Thu, 01 Jan 2026 12:00:05 GMT", 5),
        ("Thursday, 01-Jan-26 12:00:05 GMT", 5),
        ("Thu Jan  1 12:00:05 2026", 5),
        ("Thu, 01 Jan 2026 13:00:05 +0100", 5),
        ("Thu, 01 Jan 2026 11:00:00 GMT", 0),
    ],
)
def test_both_forms_give_seconds(value: str, seconds: float) -> None:
    """Seconds are taken as they are, dates in all three spellings of HTTP as the time until then, never below zero."""
    assert retry_after(value, NOW) == seconds


@pytest.mark.parametrize("value", [None, "", "soon", "-3", "1.5", "٣", "3s", "Thu, 99 Foo 2026", "1e3", "0x10"])
def test_what_is_neither_form_says_nothing(value: str | None) -> None:
    """A header that RFC 9110 does not know is no wait at all."""
    assert retry_after(value, NOW) is None


@given(st.one_of(st.text(), st.from_regex(r"\A\w{0,4},? ?-?\d{0,12}[ -]\w{0,4}[ -]\d{0,12} [\d:]{0,12}[ +-]?\w{0,8}")))
def test_no_value_breaks_it(value: str) -> None:
    """Whatever a server sends, the answer is a number of seconds or None."""
    said = retry_after(value, NOW)
    assert said is None or said >= 0
