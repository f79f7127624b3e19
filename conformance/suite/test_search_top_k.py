"""How many results a search gives, and that wanting more does not change the best."""

from __future__ import annotations

from dataclasses import replace

from memconform.answer import control, must
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.memory_api import MemoryApi
from memconform.requirement import requirement
from memconform.scene.corpus import CORPUS, LIBRARY, corpus, library
from memconform.scene.ranking import Ranked, certainly_below, missed, prefix_breach
from memconform.scene.search_scene import (
    all_queries,
    at_least_two_results,
    ladders,
)
from memconform.scopes import Scopes
from memconform.verdict import NotMet

ANN_OVERLAP = 0.9
"""What SEARCH-04 asks of a server that does not declare `exact`."""


@requirement("SEARCH-03", requests=4, stories=(CORPUS,))
def test_top_k_of_one_gives_one(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """With `top_k` 1 there is one result where there are several; zero and more than `max_top_k` are refused."""
    story, most = corpus(memory, scopes, capabilities), capabilities.max_top_k
    control(len(story.best(memory)) >= min(2, most), "a search for words of three memories found fewer than two")
    _at_most(1, "top_k 1", story.best(memory, top_k=1))
    for k in (0, most + 1):
        answer = memory.search(story.query, story.scene.scope, top_k=k)
        answer.must_be_refused(because=f"top_k {k} is not within 1 to {most}")


@requirement("SEARCH-03", requests=(0, 12, 48), stories=(LIBRARY,))
def test_no_more_results_than_wanted(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, budget: Budget
) -> None:
    """A search gives at most `top_k` results, and at most ten where no `top_k` is given."""
    story, rungs = library(memory, scopes, capabilities, budget), ladders(capabilities, 4)
    scene, stocked = replace(story.scene, memory=memory), story.stocked
    for query in all_queries(rungs)[: budget.of(1, 2, 8)]:
        results = scene.rank(query)
        _at_most(scene.widest, f"top_k {scene.widest}", results)
        control(len(results) >= min(2, scene.widest), "a search for words of three memories found fewer than two")
        for k in range(1, min(len(results), budget.of(2, 4, 4) + 1)):
            _at_most(k, f"top_k {k}", scene.rank(query, top_k=k))
        if stocked > 10 and capabilities.max_top_k >= 10:
            _at_most(10, "no top_k, which stands for 10", scene.rank(query, top_k=None))


def _at_most(most: int, given: str, results: list[Ranked]) -> None:
    must(len(results) <= most, f"at most {most} results for {given}", f"{len(results)} results")


@requirement("SEARCH-03", requests=(0, 7, 7))
def test_top_k_out_of_range_is_refused(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget
) -> None:
    """A `top_k` of zero, below it or above `max_top_k` is refused; 1 and `max_top_k` are accepted."""
    most = capabilities.max_top_k
    for k in (most, 1)[: budget.of(1, 2, 2)]:
        memory.search("harbour", scope, top_k=k).must_be(200, because=f"top_k {k} is within 1 to {most}")
    for k in (0, most + 1, -1, most + 1_000_000, -(2**31))[: budget.of(3, 5, 5)]:
        memory.search("harbour", scope, top_k=k).must_be_refused(because=f"top_k {k} is not within 1 to {most}")


@requirement("CORE-09", requests=(0, 5, 5), needs=("search",))
def test_top_k_that_is_no_integer_is_refused(memory: MemoryApi, scope: dict[str, str], budget: Budget) -> None:
    """A `top_k` that is a fraction, a string or a truth value is refused."""
    memory.search("harbour", scope, top_k=1).control(200)
    for k in ("1", 1.5, True, [1])[: budget.of(2, 4, 4)]:
        memory.search("harbour", scope, top_k=k).must_be_refused(because=f"top_k {k!r} is no integer")


@requirement("SEARCH-04", requests=4, stories=(CORPUS,))
def test_one_and_two_are_the_first_of_all(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """Results for `top_k` 1, 2 and 3 are the first ones of those for all."""
    at_least_two_results(capabilities)
    story, cuts = corpus(memory, scopes, capabilities), _Cuts(strict=capabilities.exact and capabilities.deterministic)
    long = story.best(memory)
    control(len(long) >= 2, "no search gave two results for words that two memories share: there is nothing to cut")
    for k in (3, 2, 1):
        if k <= min(len(long), capabilities.max_top_k):
            cuts.judge(story.best(memory, top_k=k), long, k)
    cuts.judge_overlap()


@requirement("SEARCH-04", requests=(0, 45, 96), stories=(LIBRARY,))
def test_wanting_more_does_not_change_the_best(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, budget: Budget
) -> None:
    """Results for k are the first k of those for more; where `exact` is not declared, nine in ten are."""
    at_least_two_results(capabilities)
    scene = replace(library(memory, scopes, capabilities, budget).scene, memory=memory)
    rungs = ladders(capabilities, 4)
    cuts = _Cuts(strict=capabilities.exact and capabilities.deterministic)
    for query in all_queries(rungs)[: budget.beyond_smoke(9, 12)]:
        long = scene.rank(query)
        for k in (3, 2, 1, 4, 5, 8, 13)[: budget.of(2, 4, 7)]:
            if k < min(len(long) + 1, scene.widest):
                cuts.judge(scene.rank(query, top_k=k), long, k)
    control(cuts.trials, "no search gave two results for words that two memories share: there is nothing to cut")
    cuts.judge_overlap()


class _Cuts:
    """Compares results for k with those for more: each where the server is exact and repeatable, else all together."""

    def __init__(self, *, strict: bool) -> None:
        self.strict = strict
        self.hits = self.trials = 0

    def judge(self, short: list[Ranked], long: list[Ranked], k: int) -> None:
        """Judge one cut, or count it."""
        expected = min(k, len(long))
        self.trials += expected
        self.hits += min(len(short), expected) - len(missed(short, long, k, tolerance=1e-6))
        breach = prefix_breach(short, long, k) if self.strict else None
        if breach:
            raise NotMet(f"results for top_k {k} to be the first {k} of those for more", breach)

    def judge_overlap(self) -> None:
        """Judge what was counted; a legal server's bad luck is no finding."""
        must(
            not certainly_below(ANN_OVERLAP, self.hits, self.trials),
            f"results for k to be the first k of those for more, {ANN_OVERLAP:.0%} of them at least",
            f"{self.hits} of {self.trials}",
        )
