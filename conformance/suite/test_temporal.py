"""What held at a point in time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st

from memconform.answer import control
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.explore import Explorer
from memconform.memory_api import Memory, MemoryApi
from memconform.requirement import requirement
from memconform.scene.holding import held
from memconform.scene.oracle import instant
from memconform.scene.selection import Selection
from memconform.scopes import Scopes

INTERVALS: list[dict[str, Any]] = [
    {"valid_from": "2020-01-01T00:00:00Z", "valid_to": "2021-01-01T00:00:00Z"},
    {"valid_from": "2021-01-01T00:00:00Z", "valid_to": "2100-01-01T00:00:00Z"},
    {"valid_from": "2098-01-01T00:00:00Z"},
    {},
    {"valid_to": "2099-01-01T00:00:00Z"},
    {"valid_from": "2020-06-01T02:00:00+02:00"},
    {"valid_from": "2020-01-01T00:00:00-08:00", "valid_to": "2020-01-01T09:00:00+00:00"},
    {"valid_from": "1969-12-31T23:59:59Z", "valid_to": "1970-01-01T00:00:01Z"},
]
"""Past, future, open at either end, an hour long, around 1970; in several offsets."""

MOMENTS = [
    "2020-06-01T00:00:00Z",
    "2021-01-01T00:00:00Z",
    "2020-01-01T00:00:00Z",
    "2099-06-01T00:00:00Z",
    "2020-12-31T23:59:59Z",
    "2019-12-31T23:59:59Z",
    "2100-01-01T00:00:00Z",
    "2098-12-31T23:59:59Z",
    "2099-01-01T00:00:00Z",
    "2020-01-01T13:59:59+05:30",
    "2020-01-01T10:00:00+02:00",
    "2020-01-01T22:00:00+14:00",
    "1970-01-01T00:00:00Z",
    "1960-01-01T00:00:00Z",
]
"""On, just before and between the bounds of the intervals; none is near the moment of a test."""

BOAT = "red boat in the harbour"
_YEARS = range(2001, 2009)


def _held(scene: Selection, at: str) -> list[str]:
    """Return the ids of the memories that held at an instant, by the model."""
    successors = {old: record for record in scene.known.values() for old in record.get("supersedes") or ()}
    moment = instant(at)
    return [each for each, record in scene.known.items() if held(record, moment, successors.get(each))]


def _judge(scene: Selection, at: str) -> None:
    scene.judge(_held(scene, at), f"what held at {at}", as_of=at)


@requirement("TEMPORAL-01", requests=(4, 24, 24))
def test_search_finds_what_held(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget
) -> None:
    """`as_of` finds a memory from its start, inclusive, to its end, exclusive; without it the bounds hide nothing."""
    scene = Selection(memory, capabilities, scope)
    for interval in INTERVALS[: min(budget.of(2, 8, 8), scene.most)]:
        scene.add(**interval)
    scene.settle()
    if budget.size != "smoke":
        scene.judge(scene.known, "all memories, for there is no as_of")
    for moment in MOMENTS[: budget.of(2, 14, 14)]:
        _judge(scene, moment)
    scene.judge_recall()


@requirement("TEMPORAL-01", requests=(0, 54, 360))
def test_generated_intervals_agree_with_a_model(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, explore: Explorer
) -> None:
    """Whatever the intervals are, `as_of` finds what the model says."""
    scene = Selection(memory, capabilities, {})

    def check(example: tuple[list[Mapping[str, Any]], list[str]]) -> None:
        intervals, moments = example
        scene.scope, scene.known = scopes.fresh(), {}
        for interval in intervals[: scene.most]:
            scene.add(**interval)
        scene.settle()
        for moment in moments:
            _judge(scene, moment)

    explore(st.tuples(st.lists(_INTERVALS, min_size=3, max_size=5), _SOME_MOMENTS), check, examples=(0, 6, 40))
    scene.judge_recall()


@requirement("TEMPORAL-01", requests=(0, 12, 12))
def test_without_valid_from_a_memory_holds_from_its_creation(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities
) -> None:
    """A memory without `valid_from` held at no time before `created_at`, and holds at any after it."""
    scene = Selection(memory, capabilities, scope)
    created = [scene.add()["created_at"], scene.add(valid_to="2099-01-01T00:00:00Z")["created_at"]]
    scene.settle()
    scene.judge(scene.known, "both memories, for there is no as_of")
    for distance in (timedelta(days=-1), timedelta(minutes=-1), timedelta(minutes=1), timedelta(days=1)):
        moment = datetime.fromtimestamp(int(instant(created[0])), UTC) + distance
        _judge(scene, moment.isoformat())
        _judge(scene, moment.astimezone(timezone(timedelta(hours=9))).isoformat())


@requirement("TEMPORAL-01", requests=(0, 16, 16), needs=("supersession",))
def test_successor_ends_what_it_supersedes(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities
) -> None:
    """In a chain of successors each memory held until the next one's start, and is found as of then."""
    scene = Selection(memory, capabilities, scope)
    chain: list[Memory] = []
    for start in ("2010-01-01T00:00:00Z", "2014-01-01T00:00:00Z", None):
        before = [chain[-1]["id"]] if chain else []
        chain.append(scene.add(supersedes=before, valid_from=start))
    early = scene.add(valid_from="2010-01-01T00:00:00Z", valid_to="2012-01-01T00:00:00Z")
    late = scene.add(valid_from="2014-01-01T00:00:00Z", supersedes=[early["id"]])
    scene.settle()
    scene.judge({chain[-1]["id"], late["id"]}, "the last of each chain, for there is no as_of")
    for year in (2009, 2010, 2011, 2012, 2013, 2014, 2015, 2098):
        _judge(scene, f"{year}-01-01T00:00:00Z")
    control(scene.wanted > len(scene.known), "no search as of a moment found anything")


@requirement("TEMPORAL-01", requests=(0, 6, 6))
def test_what_did_not_hold_crowds_nothing_out(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities
) -> None:
    """`as_of` applies before the `top_k` cut: what held is found behind nearer memories that did not."""
    scene = Selection(memory, capabilities, scope)
    for number in (1, 2):
        scene.add(text=f"{BOAT}, {number}", valid_from="2021-01-01T00:00:00Z")
    record = scene.add(**INTERVALS[0])
    scene.settle()
    _, first = scene.search(query=BOAT, top_k=1)
    control(first and record["id"] not in first, "the nearer memories are not found first")
    what = "the memory that held, behind nearer ones that did not, with top_k 1"
    scene.judge([record["id"]], what, query=BOAT, top_k=1, as_of="2020-06-01T00:00:00Z")


_BOUNDS = st.sampled_from([f"{year}-0{month}-01T00:00:00Z" for year in _YEARS for month in (1, 6)])
_INTERVALS: st.SearchStrategy[Mapping[str, Any]] = (
    st.fixed_dictionaries({}, optional={"valid_from": _BOUNDS, "valid_to": _BOUNDS})
    .filter(lambda each: each.get("valid_from", "") < each.get("valid_to", "3"))
    .filter(lambda each: "valid_from" in each or "valid_to" not in each)
)
_SOME_MOMENTS = st.lists(_BOUNDS, min_size=3, max_size=4, unique=True)
