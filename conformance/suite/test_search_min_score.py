"""What a threshold lets through."""

from __future__ import annotations

from memconform.answer import control, must, shown
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.memory_api import MemoryApi
from memconform.requirement import requirement
from memconform.scene.ranking import Ranked, certainly_below, thresholds
from memconform.scene.search_scene import SearchScene, all_queries, all_texts, ladders


@requirement("SEARCH-05", requests=(6, 65, 140))
def test_min_score_keeps_exactly_what_reaches_it(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget
) -> None:
    """With `min_score` between two scores a search gives the results above it, all of them and no other."""
    scene, rungs = SearchScene(memory, capabilities, scope), ladders(capabilities, budget.of(1, 4, 4))
    scene.stock(all_texts(rungs)[: budget.of(3, 20, 20)])
    kept = wanted = tried = 0
    for query in all_queries(rungs)[: budget.of(1, 9, 12)]:
        results = scene.rank(query)
        steps = thresholds([each.score for each in results])
        for least in dict.fromkeys([*steps[:1], *steps[-1:], *steps[1 : budget.of(1, 3, 8)]]):
            passed = scene.rank(query, min_score=least)
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
