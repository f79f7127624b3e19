"""LIMITS-01: so many requests a minute for each principal; more are 429, store nothing, and work resumes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from memconform_server.problems import Problem
from memconform_server.rates import RateLimit

if TYPE_CHECKING:
    from collections.abc import Callable


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def refused_for(rate: RateLimit, principal: str) -> int:
    """Return the seconds of Retry-After with which a request is refused."""
    with pytest.raises(Problem) as refusal:
        rate.admit(principal)
    assert refusal.value.status == 429
    return int(refusal.value.headers["Retry-After"])


def test_the_window_slides() -> None:
    """Within any minute no more than the rate is admitted; after Retry-After the next one is."""
    clock = Clock()
    rate = RateLimit(3, clock)
    for clock.now in (0.0, 20.0, 20.5):
        rate.admit("a")
    clock.now = 30.2
    wait = refused_for(rate, "a")
    assert wait == 30
    clock.now += wait
    rate.admit("a")
    assert refused_for(rate, "a") == 20


def test_refused_requests_do_not_count() -> None:
    """A client that hammers is admitted again as soon as one that waits."""
    clock = Clock()
    rate = RateLimit(1, clock)
    rate.admit("a")
    for clock.now in range(1, 60):
        refused_for(rate, "a")
    clock.now = 60.0
    rate.admit("a")


def test_principals_have_rates_of_their_own() -> None:
    """One principal's haste slows no other."""
    rate = RateLimit(1, Clock())
    rate.admit("a")
    rate.admit("b")
    assert refused_for(rate, "a") == refused_for(rate, "b") == 60


def test_over_the_rate_nothing_is_stored(run_server: Callable[..., Any]) -> None:
    """Over HTTP: 429 with Retry-After, nothing stored; health and capabilities stay free; it is declared."""
    server = run_server("--requests-per-minute", "5", "--api-key", "a", "--api-key", "b")
    draft = {"content": "x", "scope": {"user_id": "u"}}
    with server.client("a") as a, server.client("b") as b, server.client("wrong") as wrong:
        assert a.get("/v1/capabilities").json()["limits"]["requests_per_minute"] == 5
        statuses = [a.post("/v1/memories", json=draft).status_code for _ in range(4)]
        assert statuses == [201] * 4
        assert len(a.get("/v1/memories", params={"user_id": "u"}).json()["items"]) == 4
        refused = a.post("/v1/memories", json=draft)
        assert refused.status_code == refused.json()["status"] == 429
        assert 55 <= int(refused.headers["retry-after"]) <= 60
        assert all(a.get(path).status_code == 200 for path in ("/v1/health", "/v1/capabilities") * 5)
        assert b.post("/v1/memories", json=draft).status_code == 201
        assert wrong.get("/v1/memories?user_id=u").status_code == 401
