"""What results depend on: query and memories of the scope, not the moment, other scopes or the order of adding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from memconform.answer import control, must
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.memory_api import MemoryApi
from memconform.requirement import requirement
from memconform.scene.corpus import CORPUS, LIBRARY, MIRROR, corpus, library, mirror
from memconform.scene.ranking import SINGLE_PRECISION, Ranked, change, prefix_breach
from memconform.scene.search_scene import SearchScene, all_queries, all_texts, ladders
from memconform.scopes import Scopes
from memconform.verdict import Inconclusive, NotApplicable, NotMet


def _repeatable(capabilities: Capabilities) -> None:
    if not capabilities.deterministic:
        raise NotApplicable("the server does not declare search.deterministic")


@requirement("SEARCH-06", requests=5, stories=(CORPUS,))
def test_search_repeated_elsewhere_agrees(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """The same search on another connection gives the same memories, order and scores."""
    _repeatable(capabilities)
    story = corpus(memory, scopes, capabilities)
    first = story.best(memory)
    control(first, "no search found anything")
    changed = change(first, story.again(memory).elsewhere().rank(story.query))
    if changed:
        _, again = _repeat(story.again(memory), story.query, 3)
        if again is None:
            raise Inconclusive(f"the same search differed once, and then no more ({changed}): was the store quiet?")
        raise NotMet("the same search to give the same results", changed)


@requirement("SEARCH-06", requests=(0, 29, 134), stories=(LIBRARY,))
def test_repeated_searches_agree(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, budget: Budget) -> None:
    """The same search gives the same memories, order and scores each time and on each connection; ties included."""
    _repeatable(capabilities)
    scene = replace(library(memory, scopes, capabilities, budget).scene, memory=memory)
    rungs = ladders(capabilities, 4)
    texts = all_texts(rungs)
    queries, times = [*texts[:1], *all_queries(rungs)][: budget.beyond_smoke(4, 13)], budget.beyond_smoke(6, 10)
    seen = 0
    for query in queries:
        first, changed = _repeat(scene, query, times)
        seen += len(first)
        if changed:
            _, again = _repeat(scene, query, 3)
            if again is None:
                raise Inconclusive(f"the same search differed once, and then no more ({changed}): was the store quiet?")
            raise NotMet(f"{times} times the same search to give the same results", changed)
    control(seen, "no search found anything")


def _repeat(scene: SearchScene, query: str, times: int) -> tuple[list[Ranked], str | None]:
    """Search several times, on two connections in turn; return the first results and how others differ."""
    first, changed = scene.rank(query), None
    for turn in range(1, times):
        again = (scene.elsewhere() if turn % 2 else scene).rank(query)
        changed = changed or change(first, again)
    return first, changed


@requirement("SEARCH-13", requests=(0, 4, 4), stories=(CORPUS, MIRROR))
def test_mirror_in_another_scope_changes_nothing(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """Adding the same memories to another scope changes neither the order nor the scores of the first."""
    _repeatable(capabilities)
    first = corpus(memory, scopes, capabilities).best(memory)
    control(first, "no search found anything")
    mirror(memory, scopes, capabilities)
    story = corpus(memory, scopes, capabilities)
    scene, changed = story.again(memory), ""
    for _ in range(2):
        changed = prefix_breach(scene.rank(story.query), first, len(first), tolerance=SINGLE_PRECISION) or ""
        if not changed:
            return
    raise NotMet("the same results after memories were added to another scope", changed)


@requirement("SEARCH-13", requests=(0, 30, 76))
def test_other_scopes_change_nothing(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, budget: Budget
) -> None:
    """Adding memories to another scope, with the words of the query in them, changes neither order nor scores."""
    _repeatable(capabilities)
    scene = SearchScene(memory, capabilities, scopes.fresh())
    other = SearchScene(memory, capabilities, scopes.fresh())
    rungs = ladders(capabilities, budget.of(1, 2, 4))
    scene.stock(all_texts(rungs)[: budget.of(2, 10, 20)])
    before = [(query, scene.rank(query)) for query in all_queries(rungs)[: budget.beyond_smoke(4, 12)]]
    control(any(first for _, first in before), "no search found anything")
    other.stock(all_texts(rungs)[-budget.of(3, 10, 20) :])
    for query, first in before:
        changed = prefix_breach(scene.rank(query), first, len(first), tolerance=SINGLE_PRECISION)
        if changed and prefix_breach(scene.rank(query), first, len(first), tolerance=SINGLE_PRECISION):
            raise NotMet("the same results after memories were added to another scope", changed)


@requirement("SEARCH-14", requests=(0, 3, 3), stories=(CORPUS, MIRROR))
def test_mirror_in_the_opposite_order_agrees(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """The same texts, added to two scopes in opposite orders, are found in the same order with the same scores."""
    _repeatable(capabilities)
    stories = (corpus(memory, scopes, capabilities), mirror(memory, scopes, capabilities))
    first, second = (_by_content(story.best(memory)) for story in stories)
    control(first, "no search found anything")
    changed = prefix_breach(second, first, len(first), tolerance=SINGLE_PRECISION)
    must(not changed, "the same results where the same texts were added in the opposite order", changed or "")


@requirement("SEARCH-14", requests=(0, 40, 64))
def test_order_of_adding_changes_nothing(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, budget: Budget
) -> None:
    """The same texts, added to two scopes in opposite orders, are found in the same order with the same scores."""
    _repeatable(capabilities)
    one = SearchScene(memory, capabilities, scopes.fresh())
    two = SearchScene(memory, capabilities, scopes.fresh())
    rungs = ladders(capabilities, budget.of(1, 4, 4))
    texts = all_texts(rungs)[: budget.beyond_smoke(10, 20)]
    one.stock(texts)
    two.stock(reversed(texts))
    seen = 0
    for query in all_queries(rungs)[: budget.beyond_smoke(6, 12)]:
        first, second = _by_content(one.rank(query)), _by_content(two.rank(query))
        seen += len(first)
        changed = prefix_breach(second, first, len(first), tolerance=SINGLE_PRECISION)
        must(not changed, "the same results where the same texts were added in the opposite order", changed or "")
    control(seen, "no search found anything")


def _by_content(results: Sequence[Ranked]) -> list[Ranked]:
    """Return the results with their contents for ids: what two scopes can have in common."""
    return [replace(each, id=repr(each.memory.get("content"))) for each in results]
