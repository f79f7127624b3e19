"""One person's memory grows from a few facts to thousands: what each thousand costs a search."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from memconform_load.conclusions import LEAST, figure, measured
from memconform_load.engine import MemoryUser, Turn
from memconform_load.engine.preparing import Preparing
from memconform_load.trends import fitted

_NAME = re.compile(r"search with (\d+) facts")


class Grow(MemoryUser):
    """Grow: one person goes from 10 facts to 10,000, step by step, and searches at each size: the latency slope."""

    needs = frozenset({"search"})
    parameters = {"from": 10, "to": 10_000, "steps": 10, "top_k": 10}
    plan = {"rate": "20", "duration": "90s", "people": 1}
    objectives = ("search.p95<200ms", "figure:growth factor<=3", "errors<0.1%", "violations=0")

    def prepare(self, preparing: Preparing) -> None:
        """Give the person the first facts."""
        preparing.facts(preparing.parameters["from"])

    def arrival(self, turn: Turn) -> None:
        """Add what the next size takes, where it is time, and search; searches beside such adds have no size."""
        state: dict[int, list[int]] = turn.memory.setdefault("growing", {})
        planned, under_way = state.setdefault(turn.number, [len(turn.facts), 0])
        wanted = _size(turn.parameters, turn.at / turn.part.plan.duration_s)
        if wanted > planned:
            state[turn.number] = [wanted, under_way + 1]
            turn.learn_many([turn.new_text() for _ in range(wanted - planned)])
            state[turn.number][1] -= 1
        quiet, size, due = not state[turn.number][1], len(turn.facts), turn.due
        found = turn.ask(turn.parameters["top_k"])
        if found.ok and quiet and size == len(turn.facts):
            turn.measure(f"search with {size} facts", turn.due - due)

    @classmethod
    def conclude(cls, result: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return what a thousand facts cost a search, and by what factor the largest memory is slower."""
        names = (row["name"] for row in result["measured"])
        sizes = sorted(int(match[1]) for name in names if (match := _NAME.fullmatch(name)))
        times = {size: measured(result, f"search with {size} facts") for size in sizes}
        medians = {size: seen.quantile(0.5) * 1e3 for size, seen in times.items()}
        line = fitted([size / 1000 for size in sizes], [*medians.values()], [times[size].count for size in sizes])
        if line is None:
            said = (
                f"searches were seen at {len(sizes)} sizes; expected 4 or more: run longer, or take more --set steps=N"
            )
            return [figure("search slope", None, "ms/1000 facts", said), figure("growth factor", None, "", said)]
        first, last = sizes[0], sizes[-1]
        said = (
            f"each 1,000 facts cost a search {line.slope:+.3g} ms, from {first:,} to {last:,} facts "
            f"(95 % confidence {line.low:+.3g} to {line.high:+.3g})"
        )
        factor = medians[last] / max(medians[first], 0.001)
        both = f"the median is {medians[first]:.3g} ms with {first:,} facts, {medians[last]:.3g} ms with {last:,}"
        few = min(times[first].count, times[last].count) < LEAST
        both += f" (of {times[first].count} and {times[last].count} searches only)" if few else ""
        return [figure("search slope", line.slope, "ms/1000 facts", said), figure("growth factor", factor, "", both)]


def _size(parameters: Mapping[str, Any], share: float) -> int:
    """Return how many facts there shall be when a share of the load is over: each step is larger by the same factor."""
    first, last, steps = parameters["from"], parameters["to"], max(2, parameters["steps"])
    step = min(max(int(share * steps), 0), steps - 1)
    return int(first * (last / first) ** (step / (steps - 1)) + 0.5)
