"""Generated batches against the same operations one by one, and batches of bad items only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from memconform.answer import Answer, must, must_equal
from memconform.capabilities import Capabilities
from memconform.explore import Explorer
from memconform.memory_api import Json, MemoryApi
from memconform.requirement import requirement
from memconform.scene.batches import BAD, in_batches, must_have_status, results_of, sizes_of
from memconform.scene.differences import must_match
from memconform.scene.eventually import settle
from memconform.scene.keyed_story import items_of, list_pages
from memconform.scopes import Scopes

KEPT = 2
"""How many memories there are before the operations."""
TEXTS = st.sampled_from(["a", " b ", "c\r\n", "cafe\u0301", ""])
METADATA = st.none() | st.fixed_dictionaries({}, optional={"x": st.none() | st.integers(0, 3), "y": st.just({"z": 1})})
PLACES = st.integers(0, KEPT)
STEPS = st.lists(
    st.tuples(st.just("add"), TEXTS, METADATA)
    | st.tuples(st.just("update"), PLACES, TEXTS | st.none(), METADATA)
    | st.tuples(st.just("delete"), PLACES),
    min_size=2,
    max_size=5,
)


@dataclass
class _Twin:
    """A scope with memories that an example's operations name by their places; the last place is nobody's."""

    memory: MemoryApi
    scope: dict[str, str]

    def __post_init__(self) -> None:
        kept = [self.memory.add(f"kept {n}", self.scope, metadata={"x": n})["id"] for n in range(KEPT)]
        self.ids = [*kept, f"{kept[-1]}0"]

    def operation(self, step: tuple[Any, ...]) -> dict[str, Json]:
        match step:
            case ("add", text, metadata):
                return {"op": "add", "memory": {"content": text, "scope": self.scope, "metadata": metadata}}
            case ("update", place, text, metadata):
                given = {} if text is None else {"content": text}
                return {"op": "update", "id": self.ids[place], "patch": {**given, "metadata": metadata}}
            case (_, place):
                return {"op": "delete", "id": self.ids[place]}
        raise ValueError(step)

    def send(self, step: tuple[Any, ...]) -> Answer:
        operation = self.operation(step)
        if step[0] == "add":
            return self.memory.post(operation["memory"])
        if step[0] == "update":
            return self.memory.patch(operation["id"], operation["patch"])
        return self.memory.delete(operation["id"])

    def state(self) -> list[Json]:
        """Return what the list says of each memory, apart from ids, scope and times."""
        items = items_of(list_pages(self.memory, self.scope))
        rows = [{name: item.get(name) for name in ("content", "metadata", "version")} for item in items]
        return sorted(rows, key=str)


@requirement("BATCH-02", requests=(0, 160, 1100))
def test_generated_batches_agree_with_single_requests(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, explore: Explorer
) -> None:
    """Any operations leave the same statuses and the same memories in a batch as they do one by one."""

    def check(steps: list[tuple[Any, ...]]) -> None:
        steps = [step for step in steps if step[0] != "update" or "update" in capabilities.profiles]
        alone, together = _Twin(memory, scopes.fresh()), _Twin(memory, scopes.fresh())
        statuses = [_alike(alone.send(step).status) for step in steps]
        limit = capabilities.limit("batch")
        answers = [answer for _, answer in in_batches(memory, [together.operation(step) for step in steps], limit)]
        results = results_of(answers, sizes_of(len(steps), limit))
        must_equal([_alike(each.get("status")) for each in results], statuses, "statuses as one by one =", *answers)
        settle(capabilities.staleness("list"))
        must_match(alone.state(), together.state(), "the memories as one by one:", *answers)

    explore(STEPS, check, examples=(0, 6, 70))


def _alike(status: object) -> object:
    """Return a status; 400 and 422 mean the same, and so does what is said of an id that was never given out."""
    return 422 if status in (400, 404) else status


@requirement("BATCH-01", requests=(0, 14, 14))
def test_bad_items_only(memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities) -> None:
    """Items that break every rule are each answered in their place, and nothing is stored."""
    items: list[Json] = [
        None,
        [],
        "add",
        {},
        {"op": "add"},
        {"op": "add", "memory": {"content": "no scope"}},
        {"op": "ADD", "memory": {"content": "no", "scope": scope}},
        {"op": "delete"},
        {"op": "add", "memory": {"content": "no", "scope": {}}},
    ]
    limit = capabilities.limit("batch")
    sent = list(in_batches(memory, items, min(limit, len(items))))
    results = results_of([answer for _, answer in sent], [size for size, _ in sent])
    for item, result in zip(items, results, strict=True):
        must_have_status(result, BAD, f"the item {item}", sent[0][1])
    settle(capabilities.staleness("list"))
    left = items_of(list_pages(memory, scope))
    must(not left, "nothing stored by items that are bad", f"{len(left)} memories listed", sent[0][1])


@requirement("BATCH-02", requests=(0, 8, 8), needs=("update",))
def test_items_see_what_items_before_them_did(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities
) -> None:
    """Two changes of one memory in a batch follow one another, and what comes after its deletion finds nothing."""
    memory_id = memory.add("first", scope, metadata={"a": 1})["id"]
    patches = [{"metadata": {"b": 2}}, {"metadata": {"a": None}}, {"content": "last"}]
    items: list[Json] = [{"op": "update", "id": memory_id, "patch": patch} for patch in patches]
    answers = [answer for _, answer in in_batches(memory, items, capabilities.limit("batch"))]
    settle(capabilities.staleness("get"))
    seen = memory.fetch(memory_id)
    expected = {"content": "last", "metadata": {"b": 2}, "version": 4}
    must_match(expected, {name: seen.get(name) for name in expected}, "the memory after three changes:", *answers)
    gone: list[Json] = [{"op": "delete", "id": memory_id}, items[0]]
    sent = list(in_batches(memory, gone, capabilities.limit("batch")))
    results = results_of([answer for _, answer in sent], [size for size, _ in sent])
    must_equal([each.get("status") for each in results], [204, 404], "statuses of a delete and a change after it =")
