"""Quantities as people write them are read as they are meant, and anything else is refused with an example."""

from __future__ import annotations

import pytest

from memconform.settings import UsageError
from memconform_load.quantities import duration, number, rate, share


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90.0),
        ("60s", 60.0),
        ("5m", 300.0),
        ("5min", 300.0),
        ("1.5h", 5400.0),
        ("1h30m", 5400.0),
        ("1h 30m 5s", 5405.0),
        ("200ms", 0.2),
        ("50µs", 50e-6),
        ("50μs", 50e-6),
        ("50us", 50e-6),
        (" 2 S ", 2.0),
        (".5s", 0.5),
        ("1_000ms", 1.0),
    ],
)
def test_times_are_seconds(text: str, seconds: float) -> None:
    """Units add up, in either spelling of micro; a number without a unit is seconds."""
    assert duration(text) == pytest.approx(seconds, rel=1e-12)


@pytest.mark.parametrize("text", ["", "s", "-5s", "5x", "5 s s", "1,5s", "inf", "nan", "1e3s", "5s-", "٣s", "1" * 400])
def test_what_is_no_time_is_refused(text: str) -> None:
    """The refusal names what it was about, and what was given."""
    with pytest.raises(UsageError, match="the drain"):
        duration(text, what="the drain")


@pytest.mark.parametrize(("text", "value"), [("0.1%", 0.001), ("100 %", 1.0), ("0.25", 0.25)])
def test_shares_may_be_percentages(text: str, value: float) -> None:
    """A number without the sign is a share already."""
    assert share(text) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "a_second"), [("50", 50.0), ("50/s", 50.0), ("3000/min", 50.0), ("3000 / m", 50.0), ("180_000/h", 50.0)]
)
def test_rates_are_a_second(text: str, a_second: float) -> None:
    """Rates of a minute or an hour are converted."""
    assert rate(text) == pytest.approx(a_second, rel=1e-12)


@pytest.mark.parametrize("text", ["", "x", "50/day", "-1", "50/", "1,000"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    """A comma is refused too: it parts stages, and does not mark thousands."""
    with pytest.raises(UsageError, match="the rate"):
        rate(text)


def test_numbers_are_never_infinite() -> None:
    """More digits than a float holds are no number."""
    assert number("1_000.5") == 1000.5
    with pytest.raises(UsageError):
        number("9" * 400)
