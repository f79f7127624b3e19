"""That a deleted memory is found no more."""

from __future__ import annotations

from memconform.answer import control, must
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.memory_api import MemoryApi
from memconform.requirement import requirement
from memconform.scene.search_scene import SearchScene, unrelated_texts


@requirement("SEARCH-10", requests=(8, 33, 75))
def test_deleted_memory_never_comes_back(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget
) -> None:
    """A deleted memory is gone within `max_staleness_ms`, and stays gone, even when its text is added again."""
    scene, texts = SearchScene(memory, capabilities, scope), unrelated_texts(capabilities, budget.of(5, 12, 30))
    doomed, *others = (record["id"] for record in scene.stock(texts[: budget.of(1, 4, 10)]))
    control(_finds(scene, texts[0], doomed), "its own text did not find the memory before it was deleted")
    memory.delete(doomed).control(204)
    scene.settle()
    _must_be_gone(scene, texts[0], doomed, "after it was deleted")
    _must_be_gone(scene.elsewhere(), texts[0], doomed, "in the second search after it was deleted")
    again = memory.add(texts[0], scope)["id"]
    _must_be_gone(scene, texts[0], doomed, "after its text was added again")
    for text in texts[len(others) + 1 : budget.of(0, 12, 30)]:
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
