"""What search results are: ordered, scored, and the very memories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from memconform.answer import Answer, control, must, shown
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.memory_api import MemoryApi
from memconform.requirement import requirement
from memconform.scene.corpus import CORPUS, LIBRARY, corpus, library
from memconform.scene.oracle import difference, repeated
from memconform.scene.ranking import SCORE_TOLERANCE, Ranked, is_score, ranking
from memconform.scene.search_scene import (
    SearchScene,
    all_queries,
    all_texts,
    at_least_two_results,
    ladders,
    unrelated_texts,
)
from memconform.scopes import Scopes


@requirement("SEARCH-01", requests=1, stories=(CORPUS,))
def test_results_of_one_search_are_ordered(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """Scores never rise from one result to the next, and no memory comes twice, for words that several share."""
    at_least_two_results(capabilities)
    results = corpus(memory, scopes, capabilities).best(memory)
    _must_be_ordered(results)
    control(len(results) >= 2, "no search gave two results for words that two memories share: no order to judge")


@requirement("SEARCH-01", requests=(0, 12, 12), stories=(LIBRARY,))
def test_results_are_ordered(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, budget: Budget) -> None:
    """Scores never rise from one result to the next, and no memory comes twice."""
    at_least_two_results(capabilities)
    scene = replace(library(memory, scopes, capabilities, budget).scene, memory=memory)
    rungs = ladders(capabilities, 4)
    most = 0
    for query in all_queries(rungs)[:12]:
        results = scene.rank(query)
        most = max(most, len(results))
        _must_be_ordered(results)
    control(most >= 2, "no search gave two results for words that two memories share: there is no order to judge")


def _must_be_ordered(results: Sequence[Ranked]) -> None:
    twice = repeated(each.id for each in results)
    must(not twice, "each memory once in the results", f"{(twice or ['?'])[0]} more than once")
    for better, worse in pairwise(results):
        must(
            worse.score <= better.score + SCORE_TOLERANCE,
            "results by non-increasing score",
            f"{worse.score} directly after {better.score}",
        )


@requirement("SEARCH-02", requests=2, stories=(CORPUS,))
def test_scores_of_one_search_lie_between_zero_and_one(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities
) -> None:
    """Every score is a finite number in [0, 1], for words that memories share and for a perfect match."""
    story = corpus(memory, scopes, capabilities)
    seen = _judged(story.ask(memory, story.query)) + _judged(story.ask(memory, story.texts[0]))
    control(seen, "no search gave any result, not even for a stored text: there is no score to judge")


@requirement("SEARCH-02", requests=(0, 19, 119), stories=(LIBRARY,))
def test_scores_lie_between_zero_and_one(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, budget: Budget
) -> None:
    """Every score is a finite number in [0, 1], for a perfect match and for none."""
    scene = replace(library(memory, scopes, capabilities, budget).scene, memory=memory)
    rungs = ladders(capabilities, 4)
    texts, strangers = all_texts(rungs), unrelated_texts(capabilities, 100)
    queries = [texts[0], *reversed(strangers[-budget.of(1, 5, 100) :]), *all_queries(rungs)[:12]]
    seen = [score for query in queries for score in _raw_scores(scene, query)]
    control(seen, "no search gave any result, not even for a stored text: there is no score to judge")


def _raw_scores(scene: SearchScene, query: str) -> list[Any]:
    """Return the scores as they stand in the answer, each judged."""
    return _judged(scene.memory.search(query, scene.scope, top_k=scene.widest))


def _judged(answer: Answer) -> list[Any]:
    answer.control(200)
    results = answer.control_object("results", list)["results"]
    scores = [result.get("score") if isinstance(result, dict) else None for result in results]
    for score in scores:
        must(is_score(score), "scores that are finite numbers in [0, 1]", f"the score {shown(score)}", answer)
    return scores


@requirement("SEARCH-11", requests=2, stories=(CORPUS,))
def test_the_best_result_is_what_get_returns(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """The memory in the best result equals what GET returns for its id, member for member."""
    story = corpus(memory, scopes, capabilities)
    results = story.best(memory)
    control(results, "no search found any of the memories")
    got = memory.get(results[0].id).must_be(200, because="a search just found it")
    _must_be_the_same(got, story.ask(memory, story.query), results[0].memory)


@requirement("SEARCH-11", requests=(0, 24, 53))
def test_each_result_is_what_get_returns(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget
) -> None:
    """The memory in a result equals what GET returns for its id, member for member."""
    scene, (rung, *_) = SearchScene(memory, capabilities, scope), ladders(capabilities, 1)
    texts = [_long_text(capabilities, rung.texts[0]), *rung.texts[1 : budget.of(2, 5, 5)]]
    scene.stock(texts, metadata=_rich_metadata(capabilities))
    seen = 0
    for query in [*rung.queries, *rung.texts][: budget.beyond_smoke(3, 8)]:
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
