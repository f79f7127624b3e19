"""The bounds of a server's clock hold whatever it shows of it."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from memconform.scene import server_clock
from memconform.scene.oracle import instant
from memconform.scene.server_clock import ServerClock


def clock(spec: str = "milliseconds") -> ServerClock:
    """Return the clock of a server that answered just now, within 50 ms, and shows so much of the time."""
    sent = time.monotonic() - 0.05
    created = datetime.now(UTC).isoformat(timespec=spec)
    return ServerClock({"created_at": created}, 1.0, 0.0, sent, time.monotonic())


@pytest.mark.parametrize("spec", ["seconds", "milliseconds", "microseconds"])
def test_the_present_lies_within_the_bounds(spec: str) -> None:
    """Cut to whole seconds or to more, the server's present is between the earliest and the latest moment."""
    bounds = clock(spec)
    assert bounds.earliest() <= time.time() <= bounds.latest() + 0.05
    assert bounds.latest() - bounds.earliest() < 2.1 + bounds.received - bounds.sent


def test_an_expiry_soon_is_certainly_ahead() -> None:
    """It is a whole second, later than now by what was asked for, and by little more."""
    bounds = clock()
    before = time.time()
    soon = float(instant(bounds.soon(0.5)))
    assert soon == int(soon)
    assert before + 0.5 <= soon < time.time() + 1.8
    assert bounds.is_before({"expires_at": bounds.soon(0.5)})
    assert not bounds.is_before({"expires_at": "2020-01-01T00:00:00Z"})


def test_the_end_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the wait the expiry and the granularity have passed for certain; what is past costs no wait."""
    now = time.monotonic()
    bounds = ServerClock({"created_at": datetime.now(UTC).isoformat()}, 0.1, 0.1, now, now)
    expires = datetime.fromtimestamp(time.time() + 1.2, UTC).isoformat()
    bounds.wait_for_the_last_moment_of({"expires_at": expires}, margin=1)
    assert bounds.is_before({"expires_at": expires})
    bounds.wait_for_the_end_of({"expires_at": expires}, {"expires_at": "2020-01-01T00:00:00Z"})
    assert bounds.earliest() >= float(instant(expires)) + 0.2
    waits: list[float] = []
    monkeypatch.setattr(server_clock, "settle", waits.append)
    bounds.wait_for_the_end_of({"expires_at": "2020-01-01T00:00:00Z"})
    assert waits == [0.0]
