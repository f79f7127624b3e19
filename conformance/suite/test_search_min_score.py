"""What a threshold lets through."""

from __future__ import annotations

from dataclasses import replace

from memconform.answer import control, must, shown
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.memory_api import MemoryApi
from memconform.requirement import requirement
from memconform.scene.corpus import CORPUS, LIBRARY, corpus, library
from memconform.scene.ranking import Ranked, certainly_below, ranking, thresholds
from memconform.scene.search_scene import all_queries, ladders
from memconform.scopes import Scopes
from memconform.verdict import Inconclusive

_SERVED = "every search takes a min_score in [0, 1]"


@requirement("SEARCH-05", requests=2, stories=(CORPUS,))
def test_one_min_score_keeps_what_reaches_it(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """With `min_score` in the widest gap between two scores a search gives the results above it, and no other."""
    story = corpus(memory, scopes, capabilities)
    results = story.best(memory)
    least, *_ = [*thresholds([each.score for each in results]), None]
    if least is None:
        raise Inconclusive("all scores were the same, and the greatest: no min_score lies between two of them")
    passed = ranking(story.ask(memory, story.query, min_score=least).must_be(200, because=_SERVED))
    low = next((each.score for each in passed if each.score < least), None)
    must(low is None, f"only scores of at least {least} for that min_score", f"a score of {low}")
    if capabilities.exact and capabilities.deterministic:
        _must_be_all([each for each in results if each.score >= least], passed, least)


@requirement("SEARCH-05", requests=(0, 25, 120), stories=(LIBRARY,))
def test_min_score_keeps_exactly_what_reaches_it(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, budget: Budget
) -> None:
    """With `min_score` between two scores a search gives the results above it, all of them and no other."""
    scene = replace(library(memory, scopes, capabilities, budget).scene, memory=memory)
    rungs = ladders(capabilities, 4)
    kept = wanted = tried = 0
    for query in all_queries(rungs)[: budget.beyond_smoke(5, 12)]:
        results = scene.rank(query)
        steps = thresholds([each.score for each in results])
        for least in dict.fromkeys([*steps[:1], *steps[-1:], *steps[1 : budget.of(1, 3, 8)]]):
            answer = memory.search(query, scene.scope, top_k=scene.widest, min_score=least)
            passed = ranking(answer.must_be(200, because=_SERVED))
            tried += 1
            for each in passed:
                must(
                    each.score >= least,
                    f"only scores of at least {least} for that min_score",
                    f"a score of {each.score}",
                )
            above = [each for each in results if each.score >= least]
            wanted += len(above)
            kept += len(above) - len(_lost(above, passed))
            if capabilities.exact and capabilities.deterministic:
                _must_be_all(above, passed, least)
    control(tried, "all scores were the same, and the greatest: no min_score lies between two of them")
    must(
        not certainly_below(0.9, kept, wanted),
        "with min_score the results that reach it",
        f"{kept} of {wanted} of them",
    )


def _lost(above: list[Ranked], passed: list[Ranked]) -> list[Ranked]:
    ids = {each.id for each in passed}
    return [each for each in above if each.id not in ids]


def _must_be_all(above: list[Ranked], passed: list[Ranked], least: float) -> None:
    lost = _lost(above, passed)
    must(
        not lost,
        f"min_score {least} to keep every result that reaches it",
        f"no result {lost[0].id}, whose score without min_score is {lost[0].score}" if lost else "",
    )
    known = {each.id for each in above}
    more = [each.id for each in passed if each.id not in known]
    must(not more, f"only results that are there without min_score, for {least}", f"{shown(more)} besides")
