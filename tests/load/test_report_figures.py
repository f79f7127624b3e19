"""Figures read well and never lie by their rounding."""

from __future__ import annotations

import math

import pytest

from memconform_load.report.figures import clock, milliseconds, number, plural, span, whole, with_unit


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "–"),
        (math.nan, "–"),
        (math.inf, "–"),
        (0, "0"),
        (0.0412, "0.0412"),
        (0.00004, "0"),
        (1.5, "1.5"),
        (9.999, "10"),
        (41.24, "41.2"),
        (99.96, "100"),
        (1712.4, "1,712"),
        (-1.25, "-1.25"),
        (1234567.0, "1,234,567"),
    ],
)
def test_numbers_have_three_digits_that_count(value: float | None, said: str) -> None:
    """Three significant digits, whole from 100 on, thousands apart, a dash for what is not known."""
    assert number(value) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [(None, "–"), (0.0, "0.000"), (0.0556, "0.056"), (0.9996, "1.00"), (9.996, "10.0"), (204.9, "205"), (99.96, "100")],
)
def test_times_keep_their_digits(value: float | None, said: str) -> None:
    """In columns, times keep zeros at their end; the boundary between two precisions shows no four digits."""
    assert milliseconds(value) == said


def test_units_counts_and_lengths() -> None:
    """Units follow their figure, `/s` without a space; nouns have their plural; instants and lengths read as clocks."""
    assert [with_unit(49.93, "/s"), with_unit(0.03, "%"), with_unit(3, ""), with_unit(None, "ms")] == [
        "49.9/s",
        "0.03 %",
        "3",
        "–",
    ]
    assert [whole(3052), whole(None), plural(1, "call"), plural(2, "process", "processes")] == [
        "3,052",
        "–",
        "1 call",
        "2 processes",
    ]
    assert [clock(5), clock(75.9), clock(3661)] == ["0:05", "1:15", "1:01:01"]
    assert [span(9.5), span(750), span(7500), span(7200)] == ["9.5 s", "12 min 30 s", "2 h 5 min", "2 h"]
