"""A locustfile as people write it, with stock waits and stock percentiles; `load_accuracy.py` runs it."""

from __future__ import annotations

import os

from locust import FastHttpUser, constant_throughput, poisson, task

_PER_USER = float(os.environ["STOCK_RATE"]) / int(os.environ["STOCK_USERS"])


class Stock(FastHttpUser):
    """Asks for /work at its share of the rate."""

    wait_time = {"constant_throughput": constant_throughput, "poisson": poisson}[os.environ["STOCK_WAIT"]](_PER_USER)

    @task
    def work(self) -> None:
        """Ask once."""
        self.client.get("/work")
