"""What a Dify plugin adds to the direct way, when it starts and with few and many sessions at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from memconform_load.conclusions import LEAST, figure, measured
from memconform_load.engine import MemoryUser, Turn
from memconform_load.engine.preparing import Preparing


class Plugin(MemoryUser):
    """Plugin: cold, then with 1, 16 and 64 sessions at once, each level both ways: the overhead at each (--plugin)."""

    needs = frozenset({"search"})
    by_plugin = True
    parameters = {"facts": 20, "levels": "1,16,64", "slices": 4, "think": 0.1, "adds": 0.43, "top_k": 10}
    plan = {"sessions": 64, "duration": "60s", "people": 64}
    objectives = ("errors<0.1%", "violations=0")

    def prepare(self, preparing: Preparing) -> None:
        """Give each person some facts to find."""
        preparing.facts(preparing.parameters["facts"])

    def arrival(self, turn: Turn) -> None:
        """Wait for the level that this session takes part in, and play a turn, by the way that it is time for."""
        levels = _levels(turn.parameters["levels"])
        length = turn.part.plan.duration_s / len(levels)
        first = next((place for place, sessions in enumerate(levels) if turn.session < sessions), None)
        if first is None:
            turn.wait(turn.part.plan.duration_s)
            return
        turn.wait(max(0.0, first * length - turn.at))
        level = min(int(turn.at / length), len(levels) - 1)
        turn.driver = _way(turn, turn.at % length / length)
        due = turn.due
        if turn.ask(turn.parameters["top_k"]).ok:
            turn.measure(_name(turn.driver.name, levels[level]), turn.due - due)
        if turn.rng.random() < turn.parameters["adds"]:
            turn.learn()

    def pause(self, turn: Turn) -> float:
        """Return how long a session rests."""
        return float(turn.parameters["think"]) * 2 * turn.rng.random()

    @classmethod
    def conclude(cls, result: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the cold start, and the overhead at each level."""
        if not result["plugins"]:
            said = "no plugin in this run: give --plugin PATH"
            return [figure("cold start", None, "ms", said)]
        figures = [_cold(result, "cold start", "cold_start_ms"), _cold(result, "first call", "first_call_ms")]
        for level in _levels(result["scenario"]["parameters"]["levels"]):
            figures += _overhead(result, level)
        return figures


def _levels(text: str) -> list[int]:
    return sorted(int(word) for word in text.split(","))


def _name(driver: str, level: int) -> str:
    return f"search {driver} at {level}"


def _way(turn: Turn, share: float) -> Any:
    """Return the driver of a moment: the ways take turns in slices of a level, and all sessions go one way at once."""
    plugins = [driver for driver in turn.part.drivers if driver.name == "plugin"]
    ways = [turn.part.direct, *plugins]
    return ways[int(share * turn.parameters["slices"] * len(ways)) % len(ways)]


def _cold(result: Mapping[str, Any], name: str, member: str) -> dict[str, Any]:
    times = [value for row in result["plugins"] for value in row[member]]
    value = sum(times) / len(times) if times else None
    said = f"{len(times)} processes took {value:.4g} ms on average" if times else "not known"
    return figure(name, value, "ms", f"{name} of the plugin: {said}")


def _overhead(result: Mapping[str, Any], level: int) -> list[dict[str, Any]]:
    direct, plugin = (measured(result, _name(driver, level)) for driver in ("direct", "plugin"))
    sessions = "1 session" if level == 1 else f"{level} sessions"
    if min(direct.count, plugin.count) < LEAST:
        said = f"{direct.count} direct searches and {plugin.count} by plugin; expected {LEAST} of each: run longer"
        return [figure(f"overhead at {sessions}", None, "ms", f"with {sessions}: {said}")]
    (half, most), (half_by, most_by) = ([q * 1e3 for q in way.quantiles((0.5, 0.95))] for way in (direct, plugin))
    said = (
        f"with {sessions} a search takes {half:.3g} ms directly and {half_by:.3g} ms by plugin (p95 {most:.3g} and "
        f"{most_by:.3g} ms): the plugin adds {half_by - half:.3g} ms, at p95 {most_by - most:.3g} ms"
    )
    return [figure(f"overhead at {sessions}", half_by - half, "ms", said)]
