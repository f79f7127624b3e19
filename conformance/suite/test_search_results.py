"""What search results are: ordered, scored, and the very memories."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from memconform.answer import control, must, shown
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.memory_api import MemoryApi
from memconform.oracle import difference, repeated
from memconform.ranking import SCORE_TOLERANCE, is_score
from memconform.requirement import requirement
from memconform.search_scene import SearchScene, all_queries, all_texts, at_least_two_results, ladders, unrelated_texts


@requirement("SEARCH-01", requests=(6, 32, 140))
def test_results_are_ordered(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget
) -> None:
    """Scores never rise from one result to the next, and no memory comes twice."""
    at_least_two_results(capabilities)
    scene, rungs = SearchScene(memory, capabilities, scope), ladders(capabilities, budget.of(1, 4, 4))
    others = unrelated_texts(capabilities, 100)[: budget.of(0, 0, 100)]
    scene.stock([*all_texts(rungs)[: budget.of(4, 20, 20)], *others])
    most = 0
    for query in all_queries(rungs)[: budget.of(2, 12, 12)]:
        results = scene.rank(query)
        most = max(most, len(results))
        twice = repeated(each.id for each in results)
        must(not twice, "each memory once in the results", f"{(twice or ['?'])[0]} more than once")
        for better, worse in pairwise(results):
            must(
                worse.score <= better.score + SCORE_TOLERANCE,
                "results by non-increasing score",
                f"{worse.score} directly after {better.score}",
            )
    control(most >= 2, "no search gave two results for words that two memories share: there is no order to judge")


@requirement("SEARCH-02", requests=(6, 50, 240))
def test_scores_lie_between_zero_and_one(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget
) -> None:
    """Every score is a finite number in [0, 1], for a perfect match and for none."""
    scene, rungs = SearchScene(memory, capabilities, scope), ladders(capabilities, budget.of(1, 4, 4))
    texts, strangers = all_texts(rungs)[: budget.of(3, 20, 20)], unrelated_texts(capabilities, 100)
    scene.stock([*texts, *strangers[: budget.of(0, 0, 80)]])
    queries = [texts[0], *reversed(strangers[-budget.of(1, 10, 100) :]), *all_queries(rungs)[: budget.of(1, 12, 12)]]
    seen = [score for query in queries for score in _raw_scores(scene, query)]
    control(seen, "no search gave any result, not even for a stored text: there is no score to judge")


def _raw_scores(scene: SearchScene, query: str) -> list[Any]:
    """Return the scores as they stand in the answer, each judged."""
    answer = scene.memory.search(query, scene.scope, top_k=scene.widest).control(200)
    results = answer.control_object("results", list)["results"]
    scores = [result.get("score") if isinstance(result, dict) else None for result in results]
    for score in scores:
        must(is_score(score), "scores that are finite numbers in [0, 1]", f"the score {shown(score)}", answer)
    return scores


@requirement("SEARCH-11", requests=(6, 24, 60))
def test_each_result_is_what_get_returns(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget
) -> None:
    """The memory in a result equals what GET returns for its id, member for member."""
    scene = SearchScene(memory, capabilities, scope)
    texts = ["The harbour at dawn: ", *all_texts(ladders(capabilities, 4))[: budget.of(1, 10, 20)]]
    long = capabilities.limit_or("content_bytes", 3000) - len(texts[0])
    texts[0] += "\n\ttide, e\u0301bb " + "x" * (long - 13) + " \n" if long > 15 else ""
    records = [_with_members(scene, text) for text in texts]
    scene.settle()
    queries = ["harbour", *[text for text in texts[1:] if len(text) % 3 == 0][: budget.of(0, 2, 9)]]
    results = [result for query in queries for result in scene.rank(query, top_k=min(3, scene.widest))]
    known = {record["id"] for record in records}
    control(known & {result.id for result in results}, "no search found any of the memories")
    for result in results[: budget.of(2, 9, 30)]:
        present = memory.fetch(result.id)
        member = difference(present, result.memory)
        must(
            member is None,
            f"the memory in a result to be what GET returns: {member} {shown(present.get(member or ''))}",
            f"{member} {shown(result.memory.get(member or ''))}",
            memory.get(result.id) if member else memory.search(queries[0], scope),
        )


def _with_members(scene: SearchScene, text: str) -> dict[str, Any]:
    """Add a text with as much beside it as the server takes."""
    rich = scene.capabilities.limit_or("metadata_bytes", 200) >= 200 and scene.capabilities.limit_or("metadata_depth", 3) >= 3
    metadata = {"tide": {"high": [1.5, None, "è"]}, "n": 3} if rich else {}
    return scene.memory.add(text, scene.scope, metadata=metadata)
