"""Distributions of times in HdrHistogram's layout: 1 µs to 1 hour, three significant digits, mergeable exactly.

Counts are kept by HdrHistogram's own index in a dictionary, because most of its 24,000 counters stay empty; the
library writes and reads its encoded form.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from hdrh.codec import HdrCookieException, HdrLengthException
from hdrh.histogram import HdrHistogram

HIGHEST_US = 3_600_000_000
"""One hour. What took longer counts as one hour."""
DIGITS = 3
SUMMARY_QUANTILES = {"p50_ms": 0.5, "p75_ms": 0.75, "p90_ms": 0.9, "p95_ms": 0.95, "p99_ms": 0.99, "p999_ms": 0.999}

Counts = dict[int, int]
"""How many values fell on each index of the layout."""


def index_of(seconds: float) -> int:
    """Return the index of a time; times below 0 count as 0."""
    us = int(seconds * 1e6 + 0.5)
    if us < 2048:
        return max(us, 0)
    shift = min(us, HIGHEST_US).bit_length() - 11
    return (shift << 10) + (min(us, HIGHEST_US) >> shift)


def middle_us(index: int) -> float:
    """Return the middle of the times that share an index, in microseconds: at most 0.05 % from any of them."""
    if index < 2048:
        return float(index)
    shift = (index >> 10) - 1
    return float((index - (shift << 10)) << shift) + ((1 << shift) - 1) / 2


def add_counts(into: Counts, more: Iterable[tuple[int, int]]) -> None:
    """Add counts to counts."""
    for index, number in more:
        into[index] = into.get(index, 0) + number


class Histogram:
    """A distribution of times, in seconds outside and microseconds inside."""

    __slots__ = ("counts",)

    def __init__(self, counts: Mapping[int, int] | None = None) -> None:
        self.counts: Counts = dict(counts or {})

    @property
    def count(self) -> int:
        """How many times were recorded."""
        return sum(self.counts.values())

    def record(self, seconds: float) -> None:
        """Add a time."""
        index = index_of(seconds)
        self.counts[index] = self.counts.get(index, 0) + 1

    def merge(self, other: Histogram) -> None:
        """Add all that another one holds."""
        add_counts(self.counts, other.counts.items())

    def without(self, other: Histogram) -> Histogram:
        """Return what is left when another one, all of which is in this one, is taken out."""
        left = {index: number - other.counts.get(index, 0) for index, number in self.counts.items()}
        return Histogram({index: number for index, number in left.items() if number > 0})

    def quantile(self, q: float) -> float:
        """Return the smallest time that a share `q` of all does not exceed, in seconds; NaN of nothing."""
        return self.quantiles((q,))[0]

    def quantiles(self, qs: Iterable[float]) -> list[float]:
        """Return several quantiles in one pass."""
        ordered = sorted(self.counts.items())
        total = self.count
        found = []
        for q in qs:
            rank = max(math.ceil(q * total - 1e-9), 1)
            seen = 0
            value = math.nan
            for index, number in ordered:
                seen += number
                if seen >= rank:
                    value = middle_us(index) / 1e6
                    break
            found.append(value)
        return found

    @property
    def mean(self) -> float:
        """The mean in seconds, at most 0.05 % from the exact one; NaN of nothing."""
        total = self.count
        return math.fsum(middle_us(i) * n for i, n in self.counts.items()) / total / 1e6 if total else math.nan

    def summary(self) -> dict[str, Any]:
        """Return number, smallest, mean, percentiles and largest in milliseconds, and the encoded histogram.

        Figures of nothing are None.
        """
        quantiles = dict(zip(SUMMARY_QUANTILES, self.quantiles(SUMMARY_QUANTILES.values()), strict=True))
        edges = (min(self.counts), max(self.counts)) if self.counts else None
        smallest, largest = (middle_us(edge) / 1e6 for edge in edges) if edges else (math.nan, math.nan)
        figures = {"min_ms": smallest, "mean_ms": self.mean, **quantiles, "max_ms": largest}
        rounded = {name: None if math.isnan(value) else round(value * 1e3, 4) for name, value in figures.items()}
        return {"count": self.count, **rounded, "hdr": self.encoded()}

    def encoded(self) -> str:
        """Return it as HdrHistogram's tools read it: V2, compressed, base64, values in microseconds."""
        scratch = _scratch()
        for index, number in self.counts.items():
            scratch.counts[index] = number
        scratch.total_count = self.count
        scratch.max_value = scratch.get_value_from_index(max(self.counts, default=0))
        try:
            encoded: bytes = scratch.encode()
        finally:
            for index in self.counts:
                scratch.counts[index] = 0
        return encoded.decode("ascii")

    @classmethod
    def from_encoded(cls, text: str) -> Histogram:
        """Return the histogram that `encoded` gave; raise `ValueError` where the text is none, or of another layout."""
        try:
            decoded = HdrHistogram.decode(text)
        except (ValueError, zlib.error, HdrCookieException, HdrLengthException) as error:
            raise ValueError(f"no HdrHistogram: {error or type(error).__name__}") from error
        layout = (decoded.lowest_trackable_value, decoded.highest_trackable_value, decoded.significant_figures)
        if layout != (1, HIGHEST_US, DIGITS):
            raise ValueError(f"a histogram of another layout: {layout}; expected {(1, HIGHEST_US, DIGITS)}")
        return cls({index: number for index, number in enumerate(decoded.counts[:]) if number})


@cache
def _scratch() -> HdrHistogram:
    """Return the one dense histogram that encodes all others: a new one would be 190 kB each time."""
    return HdrHistogram(1, HIGHEST_US, DIGITS)


def bucket(ms: float) -> float | int:
    """Return a response time in milliseconds with three significant digits, whole microseconds at the finest.

    It takes the place of `locust.stats.bucket_response_time`; verified with Locust 2.47. Locust keeps the result as a
    key of a dictionary, ships it by msgpack, and calculates percentiles by sorting, so a float does as well as an int:
    0.42 is 0.42 in the web UI, its JSON, the HTML report and the history of percentiles. Two places cut the decimals
    off whatever the hook says, the percentiles in CSV (`int()`) and in the terminal (`%6d`); the smallest and largest
    time of the UI are rounded to whole milliseconds. There, times below some 30 ms are coarser than three digits.
    """
    if ms < 0.001:
        return 0
    digits = min(2 - math.floor(math.log10(ms)), 3)
    return round(ms, digits) if digits > 0 else int(round(ms, digits))
