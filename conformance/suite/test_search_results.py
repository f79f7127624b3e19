"""What search results are: ordered, scored, and the very memories."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from memconform.answer import Answer, control, must, shown
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.memory_api import MemoryApi
from memconform.requirement import requirement
from memconform.scene.oracle import difference, repeated
from memconform.scene.ranking import SCORE_TOLERANCE, is_score, ranking
from memconform.scene.search_scene import (
    SearchScene,
    all_queries,
    all_texts,
    at_least_two_results,
    ladders,
    unrelated_texts,
)


@requirement("SEARCH-01", requests=(5, 32, 132))
def test_results_are_ordered(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget
) -> None:
    """Scores never rise from one result to the next, and no memory comes twice."""
    at_least_two_results(capabilities)
    scene, rungs = SearchScene(memory, capabilities, scope), ladders(capabilities, budget.of(1, 4, 4))
    others = unrelated_texts(capabilities, 100)[: budget.of(0, 0, 100)]
    scene.stock([*all_texts(rungs)[: budget.of(3, 20, 20)], *others])
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


@requirement("SEARCH-02", requests=(5, 43, 213))
def test_scores_lie_between_zero_and_one(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget
) -> None:
    """Every score is a finite number in [0, 1], for a perfect match and for none."""
    scene, rungs = SearchScene(memory, capabilities, scope), ladders(capabilities, budget.of(1, 4, 4))
    texts, strangers = all_texts(rungs)[: budget.of(2, 20, 20)], unrelated_texts(capabilities, 100)
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


@requirement("SEARCH-11", requests=(5, 29, 53))
def test_each_result_is_what_get_returns(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget
) -> None:
    """The memory in a result equals what GET returns for its id, member for member."""
    scene, (rung, *_) = SearchScene(memory, capabilities, scope), ladders(capabilities, 1)
    texts = [_long_text(capabilities, rung.texts[0]), *rung.texts[1 : budget.of(2, 5, 5)]]
    scene.stock(texts, metadata=_rich_metadata(capabilities))
    seen = 0
    for query in [*rung.queries, *rung.texts][: budget.of(1, 4, 8)]:
        found = memory.search(query, scope, top_k=scene.widest)
        for result in ranking(found):
            seen += 1
            got = memory.get(result.id).must_be(200, because="a search just found it")
            _must_be_the_same(got, found, result.memory)
    control(seen, "no search found any of the memories")


def _must_be_the_same(got: Answer, found: Answer, result: dict[str, Any]) -> None:
    present = got.control_object("id", str)
    member = difference(present, result) or ""
    must(
        not member,
        f"the memory in a result to be what GET returns: {member} {shown(present.get(member))}",
        f"in the result {member} {shown(result.get(member))}",
        found,
        got,
    )


def _long_text(capabilities: Capabilities, sentence: str) -> str:
    """Return a text of many sentences whose end is easily lost: a combining mark, blanks and a newline."""
    sentence, end = f"{sentence}. ", "Soir\u00e9e, soire\u0301e \t\n"
    room = capabilities.limit_or("content_bytes", 3000) - len(end.encode())
    return sentence * (room // len(sentence.encode())) + end if room >= 2 * len(sentence.encode()) else sentence[:-2]


def _rich_metadata(capabilities: Capabilities) -> dict[str, Any]:
    """Return metadata with a value of each kind; little where the server takes little."""
    room, depth = capabilities.limit_or("metadata_bytes", 99), capabilities.limit_or("metadata_depth", 3)
    if room < 99 or depth < 3:
        return {}
    return {"tide": {"high": [1.5, True, "\u00e8"]}, "n": 3, "": "empty"}
