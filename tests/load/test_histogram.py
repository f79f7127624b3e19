"""Histograms keep three digits of every time, merge exactly, and are read by HdrHistogram's own library."""

from __future__ import annotations

import json
import math
import random
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given
from hypothesis import strategies as st

from memconform_load.histogram import Histogram, bucket, index_of, middle_us

TIMES = st.floats(0, 3600) | st.floats(1e-6, 1e-2)
QUANTILES = (0.01, 0.5, 0.9, 0.95, 0.99, 0.999, 1.0)


def of(seconds: Any) -> Histogram:
    """Return a histogram of these times."""
    histogram = Histogram()
    for each in seconds:
        histogram.record(float(each))
    return histogram


@given(TIMES)
def test_every_time_keeps_three_digits(seconds: float) -> None:
    """To half a microsecond, or 0.05 %, whichever is more, from 0 to 1 hour."""
    error = abs(middle_us(index_of(seconds)) - seconds * 1e6)
    assert error <= max(0.5, 0.0005 * seconds * 1e6) + 1e-6


def test_what_is_out_of_range_is_kept_at_its_edge() -> None:
    """Below 0 counts as 0, beyond an hour as an hour; nothing is lost."""
    histogram = of([-1.0, 0.0, 3600.0, 86400.0])
    assert histogram.count == 4
    assert histogram.quantile(0.5) == 0
    assert histogram.quantile(1) == pytest.approx(3600, rel=0.001)


@pytest.mark.parametrize("mu", [-8.0, -4.0, 0.0])
def test_quantiles_agree_with_exact_ones(mu: float) -> None:
    """With numpy's, to three digits, from microseconds to minutes."""
    times = np.random.default_rng(1).lognormal(mu, 1.2, 20_000)
    histogram = of(times)
    for q in QUANTILES:
        exact = np.quantile(times, q, method="inverted_cdf")
        assert histogram.quantile(q) == pytest.approx(exact, rel=0.0005, abs=0.51e-6)
    assert histogram.mean == pytest.approx(times.mean(), rel=0.0005, abs=1e-6)


@given(st.lists(TIMES, min_size=1, max_size=50), st.sampled_from(QUANTILES))
def test_quantiles_of_few_are_nearest_ranks(times: list[float], q: float) -> None:
    """Never a time between two that were seen."""
    exact = sorted(times)[max(math.ceil(q * len(times) - 1e-9), 1) - 1]
    assert of(times).quantile(q) == pytest.approx(exact, rel=0.0006, abs=0.6e-6)


@given(st.lists(TIMES), st.lists(TIMES), st.lists(TIMES))
def test_merging_is_recording_in_one(a: list[float], b: list[float], c: list[float]) -> None:
    """In any order and grouping, to the last count."""
    left, right = of(a), of(c)
    left.merge(of(b))
    left.merge(of(c))
    right.merge(of(b))
    right.merge(of(a))
    assert left.counts == right.counts == of([*a, *b, *c]).counts


@given(st.lists(TIMES), st.lists(TIMES))
def test_a_part_can_be_taken_out(part: list[float], rest: list[float]) -> None:
    """What remains is what the rest alone would be."""
    assert of([*part, *rest]).without(of(part)).counts == of(rest).counts


@given(st.lists(TIMES, max_size=200))
def test_the_encoded_form_is_complete(times: list[float]) -> None:
    """Decoding gives every count back; encoding one leaves no trace in the next."""
    histogram = of(times)
    assert Histogram.from_encoded(histogram.encoded()).counts == histogram.counts
    assert Histogram.from_encoded(Histogram().encoded()).counts == {}


def test_the_library_reads_what_we_write() -> None:
    """HdrHistogram's decoder sees the same number and the same percentiles; we read what it wrote."""
    times = np.random.default_rng(2).lognormal(-4, 1, 5000)
    ours = of(times)
    theirs = HdrHistogram.decode(ours.encoded())
    assert theirs.get_total_count() == 5000
    for q in QUANTILES:
        assert theirs.get_value_at_percentile(q * 100) / 1e6 == pytest.approx(ours.quantile(q), rel=0.001, abs=1e-6)
    dense = HdrHistogram(1, 3_600_000_000, 3)
    for time in times:
        dense.record_value(int(time * 1e6 + 0.5))
    assert Histogram.from_encoded(dense.encode().decode()).counts == ours.counts


@pytest.mark.parametrize("text", ["", "x", "AAAA", "ü", Histogram().encoded()[:-8]])
def test_what_is_no_histogram_is_a_value_error(text: str) -> None:
    """A result that was tampered with, or cut off, is refused and not half read."""
    with pytest.raises(ValueError, match="no HdrHistogram"):
        Histogram.from_encoded(text)


def test_a_histogram_of_another_layout_is_refused() -> None:
    """Its counts would be taken for other times."""
    other = HdrHistogram(1, 3_600_000_000, 2)
    other.record_value(1000)
    with pytest.raises(ValueError, match="layout"):
        Histogram.from_encoded(other.encode().decode())


def test_the_summary_of_times_and_of_none() -> None:
    """Milliseconds; without a time every figure is None."""
    summary = of([0.001, 0.002, 0.1]).summary()
    assert (summary["count"], summary["min_ms"], summary["p50_ms"]) == (3, 1.0, 2.0)
    assert summary["max_ms"] == pytest.approx(100, rel=0.0005)
    assert summary["mean_ms"] == pytest.approx(103 / 3, rel=0.0005)
    empty = Histogram().summary()
    assert empty["count"] == 0
    assert {empty[name] for name in empty if name.endswith("_ms")} == {None}
    assert math.isnan(Histogram().quantile(0.5))


@pytest.mark.parametrize(
    ("ms", "bucketed"),
    [
        (0, 0),
        (-1, 0),
        (0.0004, 0),
        (0.0126, 0.013),
        (0.4216, 0.422),
        (1.4449, 1.44),
        (14.46, 14.5),
        (204.9, 205),
        (1445.5, 1450),
        (99.96, 100),
        (999.9, 1000),
        (123_456, 123_000),
    ],
)
def test_buckets_have_three_digits(ms: float, bucketed: float) -> None:
    """From 100 ms on they are whole numbers of type int, as Locust's own are."""
    assert bucket(ms) == bucketed
    assert isinstance(bucket(ms), int) or ms < 100


LOCUST = """
import csv, io, json, random, sys
import locust.stats
from locust.stats import RequestStats, StatsCSV, StatsEntry
from locust.rpc.protocol import Message
from memconform_load.histogram import Histogram, bucket
locust.stats.bucket_response_time = bucket
draw = random.Random(5)
workers = [RequestStats(use_response_times_cache=False) for _ in range(2)]
ours = Histogram()
for number in range(20_000):
    ms = draw.lognormvariate(float(sys.argv[1]), 1.0)
    workers[number % 2].log_request("direct", "search", ms, 100)
    ours.record(ms / 1e3)
master = RequestStats()
for worker in workers:
    sent = Message("stats", {"stats": worker.serialize_stats()}, "w").serialize()
    for entry in Message.unserialize(sent).data["stats"]:
        master.entries["search", "direct"].extend(StatsEntry.unserialize(entry, master))
entry = master.entries["search", "direct"]
class Environment: stats = master; runner = None
text = io.StringIO()
StatsCSV(Environment, [0.95]).requests_csv(csv.writer(text))
row = next(csv.DictReader(io.StringIO(text.getvalue())))
quantiles = (0.5, 0.95, 0.99, 0.999)
print(json.dumps({
    "locust": [entry.get_response_time_percentile(q) for q in quantiles],
    "ours": [ours.quantile(q) * 1e3 for q in quantiles],
    "web": json.loads(json.dumps(entry.to_dict())),
    "csv": row, "line": entry.percentile(), "keys": len(entry.response_times),
}))
"""


@pytest.mark.parametrize("mu", [-2.0, 2.0, 5.0])
def test_locusts_own_tables_agree(mu: float) -> None:
    """Real Locust, with our buckets, two workers and its message format: percentiles to 0.5 % of ours.

    In its web UI and JSON also below a millisecond; its CSV cuts the decimals off.
    """
    ran = subprocess.run([sys.executable, "-c", LOCUST, str(mu)], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    assert said["locust"] == pytest.approx(said["ours"], rel=0.005, abs=0.0006)
    assert said["web"]["response_time_percentile_0.95"] == said["locust"][1]
    assert said["web"]["median_response_time"] == said["locust"][0]
    assert int(said["csv"]["95%"]) == int(said["locust"][1])
    assert said["keys"] < 4000


def test_any_sample_agrees_with_its_sorted_self() -> None:
    """Bimodal, constant and heavy-tailed samples too."""
    draw = random.Random(3)
    for sample in (
        [0.01] * 1000,
        [0.002] * 950 + [2.0] * 50,
        [draw.paretovariate(1.1) / 1000 for _ in range(10_000)],
    ):
        histogram = of(sample)
        for q in QUANTILES:
            exact = sorted(sample)[math.ceil(q * len(sample) - 1e-9) - 1]
            assert histogram.quantile(q) == pytest.approx(min(exact, 3600), rel=0.0006)
