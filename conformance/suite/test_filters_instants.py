"""Instants in filters: the moment counts, not its spelling."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from memconform.answer import control
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.memory_api import MemoryApi
from memconform.requirement import requirement
from memconform.scene.filter_trees import declared_comparisons
from memconform.scene.filters import Filter
from memconform.scene.oracle import instant
from memconform.scene.selection import Selection
from memconform.verdict import NotApplicable

OFFSETS = (timedelta(hours=14), timedelta(hours=-12), timedelta(hours=5, minutes=45), timedelta(hours=-3, minutes=-30))
"""Each of them changes the hour, some the date, some the minute."""
BEFORE, AFTER, SAME = timedelta(hours=-1), timedelta(hours=1), timedelta()
DISTANCES = {
    "gt": (BEFORE, AFTER, SAME),
    "gte": (BEFORE, AFTER, SAME),
    "lt": (AFTER, BEFORE, SAME),
    "lte": (AFTER, BEFORE, SAME),
    "eq": (SAME, BEFORE, AFTER),
}
"""How far the instant is from the memory's, where the operator selects it first: SAME is what the server shows."""


@requirement("FILTERS-05", requests=(0, 46, 152))
def test_instants_filter_alike_whatever_their_offset(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget
) -> None:
    """One instant, written with different offsets, selects the same memories by `created_at` and `updated_at`."""
    operators = [op for op in ("gt", "lte", "lt", "gte", "eq") if op in declared_comparisons(capabilities)]
    if not operators:
        raise NotApplicable("search.filter_operators has no operator that compares instants")
    scene = Selection(memory, capabilities, scope)
    created = scene.add()["created_at"]
    scene.settle()
    seen = set()
    for name in ("/created_at", "/updated_at")[: budget.beyond_smoke(1, 2)]:
        for operator in operators[: budget.beyond_smoke(3, 5)]:
            for distance in DISTANCES[operator]:
                seen |= _must_agree(scene, operator, name, _moved(created, distance))
    control(seen, "no filter by an instant selected the memory")


def _must_agree(scene: Selection, operator: str, name: str, at: datetime) -> set[str]:
    """Require the same selection for each spelling of the instant; return it."""
    first, *others = (at.astimezone(timezone(offset)).isoformat() for offset in (timedelta(), *OFFSETS))
    _, selected = scene.search(filter=_comparison(operator, name, first))
    for text in others[:4]:
        what = f"what {operator} {first} selects by {name}, for {text} is the same instant"
        scene.judge_alike(selected, what, filter=_comparison(operator, name, text))
    return selected


def _comparison(operator: str, name: str, value: str) -> Filter:
    return {"op": operator, "field": name, "value": value}


def _moved(text: str, distance: timedelta) -> datetime:
    """Return the instant at a distance from a timestamp; its microseconds are those of the text."""
    seconds = instant(text)
    whole = int(seconds)
    moment = datetime.fromtimestamp(whole, UTC) + timedelta(microseconds=int((seconds - whole) * 1_000_000))
    return moment + distance
