"""What looks as if something other than the server made it slow."""

from __future__ import annotations

from typing import Any

from memconform_load.histogram import Histogram
from memconform_load.suspicion import suspicions


def _row(times_ms: list[float], server_ms: list[float] | None = None) -> dict[str, Any]:
    hops: dict[str, Any] = {}
    for name, values in (("service", times_ms), ("server", server_ms)):
        histogram = Histogram()
        for value in values or ():
            histogram.record(value / 1000)
        hops[name] = histogram.summary()
    return {"operation": "search", "driver": "direct", "hops": hops}


def test_delayed_acknowledgements_are_suspected() -> None:
    """Times that are all a little above 40 ms, of which the server owns to one, are told."""
    found = suspicions([_row([41.0 + step / 20 for step in range(60)], [1.0] * 60)])
    assert len(found) == 1
    assert "TCP_NODELAY" in found[0]


def test_honest_times_are_not_suspected() -> None:
    """A server that says it needs 42 ms, one that is often faster, and one of which little is known are left alone."""
    near_forty = [41.0 + step / 20 for step in range(60)]
    assert not suspicions([_row(near_forty, [40.5 + step / 20 for step in range(60)])])
    assert not suspicions([_row([*near_forty, 12.0])])
    assert not suspicions([_row(near_forty[:5])])
    assert not suspicions([_row([30.0 + step / 2 for step in range(60)])])
