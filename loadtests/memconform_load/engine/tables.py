"""Locust's own tables, kept true: latency from the intended start, to three significant digits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gevent
import locust.stats

from memconform_load.histogram import bucket

if TYPE_CHECKING:
    from locust.env import Environment

    from memconform_load.calls import Reply


class CallFailed(Exception):
    """What Locust's table of failures groups by: the kind of a failure."""


def connect() -> None:
    """Have Locust keep three significant digits where it would keep two or one."""
    locust.stats.bucket_response_time = bucket  # type: ignore[assignment] # shown as it is, whole or not
    # Locust's CSV files would cut off what is below a millisecond.
    locust.stats.StatsCSV._percentile_fields = _percentiles  # type: ignore[assignment,method-assign] # noqa: SLF001


def _percentiles(csv: locust.stats.StatsCSV, entry: locust.stats.StatsEntry, use_current: bool = False) -> list[Any]:
    """Return the percentiles of a row of a CSV file, in milliseconds."""
    if not entry.num_requests:
        return csv.percentiles_na
    current = use_current and entry.use_response_times_cache
    value = entry.get_current_response_time_percentile if current else entry.get_response_time_percentile
    return [bucket(value(each) or 0) for each in csv.percentiles_to_report]


def fire(environment: Environment, op: str, driver: str, reply: Reply, latency_s: float) -> None:
    """Tell Locust of a call."""
    environment.events.request.fire(  # type: ignore[no-untyped-call]
        request_type=driver,
        name=op,
        response_time=latency_s * 1000,
        response_length=reply.size,
        exception=CallFailed(reply.failed.kind) if reply.failed else None,
        context={},
    )


def let_csv_be_written(environment: Environment) -> None:
    """Give Locust the time to write its files: it does so every now and then, and not once more at the end."""
    if environment.parsed_options is not None and environment.parsed_options.csv_prefix:
        gevent.sleep(2 * locust.stats.CSV_STATS_INTERVAL_SEC)
