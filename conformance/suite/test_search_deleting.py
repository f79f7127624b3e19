"""That a deleted memory is found no more."""

from __future__ import annotations

import operator
from functools import partial

from memconform.answer import control, must
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.measures import Measures
from memconform.memory_api import MemoryApi
from memconform.requirement import requirement
from memconform.scene.eventually import MOST_PROBES, eventually
from memconform.scene.search_scene import SearchScene, unrelated_texts


@requirement("SEARCH-10", requests=(5 + MOST_PROBES, 33 + MOST_PROBES, 75 + MOST_PROBES))
def test_deleted_memory_never_comes_back(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget, measures: Measures
) -> None:
    """A deleted memory is gone within `max_staleness_ms`, and stays gone, even when its text is added again."""
    scene, texts = SearchScene(memory, capabilities, scope), unrelated_texts(capabilities, budget.of(5, 10, 30))
    doomed, *others = (record["id"] for record in scene.stock(texts[: budget.of(1, 4, 10)]))
    control(_finds(scene, texts[0], doomed), "its own text did not find the memory before it was deleted")
    memory.delete(doomed).control(204)
    found, bound = partial(_finds, scene, texts[0], doomed), capabilities.staleness("search")
    left = eventually(found, operator.not_, bound, measures=measures, name="search: time to forget")
    if left or bound:
        scene.settle()
        _must_be_gone(scene, texts[0], doomed, "after it was deleted")
    _must_be_gone(scene.elsewhere(), texts[0], doomed, "in the second search after it was deleted")
    if budget.size == "smoke":
        return
    again = memory.add(texts[0], scope)["id"]
    _must_be_gone(scene, texts[0], doomed, "after its text was added again")
    for text in texts[len(others) + 1 : budget.beyond_smoke(12, 30)]:
        memory.add(text, scope)
        _must_be_gone(scene.elsewhere(), texts[0], doomed, "after another memory was added")
        if others:
            memory.delete(others.pop()).control(204)
            _must_be_gone(scene, texts[0], doomed, "after another memory was deleted")
    scene.settle()
    control(_finds(scene, texts[0], again), "its own text did not find the memory that was added again")


def _finds(scene: SearchScene, text: str, memory_id: str) -> bool:
    return memory_id in [each.id for each in scene.rank(text)]


def _must_be_gone(scene: SearchScene, text: str, memory_id: str, when: str) -> None:
    bound = scene.capabilities.staleness("search")
    grace = f", {bound * 1000:.0f} ms after it was deleted" if bound else ""
    must(
        not _finds(scene, text, memory_id),
        f"the deleted memory {memory_id} not to be found{grace}",
        f"a search for its text finds it {when}",
    )
