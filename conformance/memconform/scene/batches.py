"""A batch with good and bad items, one that is full and one that is too long: what batch looks at."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from memconform.answer import Answer, must_equal, shown
from memconform.capabilities import Capabilities
from memconform.memory_api import Json, Memory, MemoryApi
from memconform.plot import Plot
from memconform.scene.eventually import settle
from memconform.scene.keyed_story import list_pages
from memconform.scene.story import Story, once
from memconform.scopes import Scopes
from memconform.verdict import NotMet

BATCHES = Plot("batch", requests=32)
"""What it takes at most, where a batch takes one item and pages of lists are short."""

UNKNOWN = "0000-nobody"
LARGEST = 1024 * 1024
"""A longer batch, in bytes, is not sent only to see it refused."""
ADDED = " new in a batch,\r\ncafe\u0301 \n"
LAST = "last in a batch"
PATCH: dict[str, Json] = {"content": "changed in a batch", "metadata": {"drop": None, "new": [1, {"x": 0.5}]}}
KEPT: dict[str, Json] = {"metadata": {"keep": "x", "drop": True}}

GONE, MISSING, BAD = (204,), (404, 400, 422), (400, 422)


def batches(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> Story:
    """Return the story of some batches, lived once in a run."""
    return once(memory, BATCHES, lambda: _Batches(memory, scopes, capabilities).live())


def expectations(updates: bool) -> list[tuple[str, tuple[int, ...]]]:
    """Return what each item of the mixed batch is, and the statuses that it may get."""
    return [
        ("an add", (201,)),
        ("an add of empty content", BAD),
        *([("an update", (200,))] if updates else []),
        ("a delete", GONE),
        ("a delete of what the item before deleted", (404,)),
        ("an unknown operation", BAD),
        ("no object", BAD),
        ("a delete of an unknown id", MISSING),
        ("another add", (201,)),
    ]


def results_of(answers: Sequence[Answer], sizes: Sequence[int]) -> list[Memory]:
    """Return the results of batches in order; each batch must have one for each of its items, in its place."""
    found: list[Memory] = []
    for answer, size in zip(answers, sizes, strict=True):
        answer.must_be(200, because="a batch within the limits; what is wrong with an item is said in its place")
        results = answer.control_object("results", list)["results"]
        must_equal(len(results), size, f"results of a batch of {size} =", answer)
        places = [each.get("index") if isinstance(each, dict) else None for each in results]
        must_equal(places, list(range(size)), "index of the results in order =", answer)
        found += results
    return found


def must_have_status(result: Memory, statuses: tuple[int, ...], what: str, answer: Answer) -> None:
    """Require the status of one result."""
    if result.get("status") not in statuses:
        wanted = " or ".join(map(str, statuses))
        raise NotMet(f"{wanted} for {what}", f"{result.get('status')}: {shown(result)}", [answer.exchange])


def in_batches(memory: MemoryApi, operations: Sequence[Json], most: int) -> Iterator[tuple[int, Answer]]:
    """Send operations in order, as many batches as they need; yield the size and the answer of each."""
    for start in range(0, len(operations), most):
        part = operations[start : start + most]
        yield len(part), memory.batch(part)


class _Batches:
    def __init__(self, memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
        self.memory, self.capabilities = memory, capabilities
        self.scope, self.rest = scopes.fresh(), scopes.fresh()
        self.story = Story()

    def live(self) -> Story:
        story = self.story
        one = self.memory.post({"content": "kept", "scope": self.scope, **KEPT}).control(201)
        two = self.memory.post({"content": "to be deleted", "scope": self.scope}).control(201)
        story.tell("one", one)
        story.tell("two", two)
        ids = [str(each.control_object("id", str)["id"]) for each in (one, two)]
        limit = self.capabilities.limit("batch")
        story.tell("mixed", *(answer for _, answer in in_batches(self.memory, self._mixed(*ids), limit)))
        self._fill(limit)
        settle(self.capabilities.staleness("list"))
        story.tell("listed", *list_pages(self.memory, self.scope))
        if "full" in story:
            story.tell("rest listed", *list_pages(self.memory, self.rest))
        return story

    def _mixed(self, one: str, two: str) -> list[Json]:
        def add(content: str) -> Json:
            return {"op": "add", "memory": {"content": content, "scope": self.scope, **KEPT}}

        updates = [{"op": "update", "id": one, "patch": PATCH}] if "update" in self.capabilities.profiles else []
        return [
            add(ADDED),
            add(""),
            *updates,
            {"op": "delete", "id": two},
            {"op": "delete", "id": two},
            {"op": "upsert", "id": one, "memory": {"content": "upserted", "scope": self.scope}},
            7,
            {"op": "delete", "id": UNKNOWN},
            add(LAST),
        ]

    def _fill(self, limit: int) -> None:
        """Send a batch of as many items as declared, and one more: an add, and deletes of what is not there."""
        full, over = (self._long(limit + more) for more in (0, 1))
        room = self.capabilities.limit_or("request_bytes", LARGEST)
        if len(json.dumps({"operations": over}, ensure_ascii=False).encode()) <= room:
            self.story.tell("full", self.memory.batch(full))
            self.story.tell("over", self.memory.batch(over))

    def _long(self, length: int) -> list[Json]:
        first = {"op": "add", "memory": {"content": f"first of {length}", "scope": self.rest}}
        return [first, *([{"op": "delete", "id": UNKNOWN}] * (length - 1))]


def sizes_of(items: int, most: int) -> list[int]:
    """Return the sizes of the batches that so many items are sent in."""
    return [min(most, items - start) for start in range(0, items, most)]
