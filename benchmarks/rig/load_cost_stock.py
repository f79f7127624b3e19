"""The same searches by stock Locust: users of HttpUser and of FastHttpUser, which look at no answer.

LOAD_COST_PER_USER is how many requests a second each user makes; without it each asks again at once.
"""

from __future__ import annotations

import os

from locust import FastHttpUser, HttpUser, User, constant, constant_throughput

PACE = float(os.environ.get("LOAD_COST_PER_USER", "0"))
BODY = os.environ["LOAD_COST_BODY"].encode()
HEADERS = {"Content-Type": "application/json"}
WAIT = constant_throughput(PACE) if PACE else constant(0)


def search(user: User) -> None:
    """Search once."""
    user.client.post("/v1/search", data=BODY, headers=HEADERS)


class Stock(HttpUser):
    """The user of requests."""

    wait_time = WAIT
    tasks = (search,)


class StockFast(FastHttpUser):
    """The user of geventhttpclient."""

    wait_time = WAIT
    tasks = (search,)
