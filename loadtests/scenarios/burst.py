"""Arrivals come in bursts, as messages of people do who hear of something at the same time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from memconform_load.conclusions import LEAST, figure, latencies
from memconform_load.engine import MemoryUser, Turn
from memconform_load.engine.preparing import Preparing
from memconform_load.histogram import Histogram


class Burst(MemoryUser):
    """Bursts: chat turns whose arrivals come in crowds, with silence between them (gamma, coefficient 4)."""

    needs = frozenset({"search"})
    parameters = {"facts": 20, "top_k": 10, "adds": 0.43}
    plan = {"rate": "20", "arrivals": "gamma:4", "people": 100}
    objectives = ("search.p95<200ms", "errors<0.1%", "violations=0")

    def prepare(self, preparing: Preparing) -> None:
        """Give each person some facts to find."""
        preparing.facts(preparing.parameters["facts"])

    def arrival(self, turn: Turn) -> None:
        """Search, and add what is new, without a wait between them: what a burst is is decided by the arrivals."""
        turn.ask(turn.parameters["top_k"])
        if turn.rng.random() < turn.parameters["adds"]:
            turn.learn()

    @classmethod
    def conclude(cls, result: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return p95 in the crowded seconds and in the others."""
        rows = [row for row in result["timeline"] if row["intended"] and row["second"] < result["load_s"]]
        usual = sum(row["intended"] for row in rows) / result["load_s"] if rows else 0.0
        crowded, calm = Histogram(), Histogram()
        for row in rows:
            (crowded if row["intended"] > usual else calm).merge(latencies(row))
        return [
            _p95("p95 in bursts", crowded, f"seconds with more than {usual:.3g} arrivals"),
            _p95("p95 between bursts", calm, "the other seconds"),
        ]


def _p95(name: str, seen: Histogram, which: str) -> dict[str, Any]:
    if seen.count < LEAST:
        return figure(name, None, "ms", f"{which} saw {seen.count} calls; expected {LEAST}: run longer")
    value = seen.quantile(0.95) * 1e3
    return figure(name, value, "ms", f"in {which} 95 % of {seen.count:,} calls were answered within {value:.3g} ms")
