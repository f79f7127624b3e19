"""What users type: any text is a query, none is a query language."""

from __future__ import annotations

from collections.abc import Collection

from hypothesis import strategies as st

from memconform.answer import Answer, must, shown
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.explore import Explorer
from memconform.memory_api import MemoryApi
from memconform.requirement import requirement
from memconform.scene.corpus import CORPUS, corpus
from memconform.scene.ranking import ranking
from memconform.scene.search_scene import SearchScene, all_texts, hostile_queries, ladders, query_bytes
from memconform.scopes import Scopes

SYNTAX = ('"red" AND (boat* OR NOT harbour) content:^boat NEAR/2', "boat\0harbour")

SPICES = "\"'*()[]{}^~:;+-!&|<>=%_?\\/.,#@$\0\t\n"
"""Characters that mean something to one query language or another."""


@requirement("SEARCH-12", requests=(1, 2, 2))
def test_empty_query_is_refused(memory: MemoryApi, scope: dict[str, str], budget: Budget) -> None:
    """A query without a character is refused; a plain one is not."""
    if budget.size != "smoke":  # other tests of the profile show it, too
        memory.search("harbour", scope).must_be(200, because="it is a plain query")
    memory.search("", scope).must_be_refused(because="the query is empty")


@requirement("SEARCH-12", requests=3, stories=(CORPUS,))
def test_syntax_and_nul_are_only_text(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """Quotes and operators of query languages, and NUL, are answered with 200 or refused, and open no other scope."""
    story, size = corpus(memory, scopes, capabilities), query_bytes(capabilities)
    for query in [each for each in SYNTAX if len(each.encode()) <= size]:
        answer = story.ask(memory, query)
        _must_be_only_text(answer, [record["id"] for record in story.records], query)


@requirement("SEARCH-12", requests=(0, 60, 200))
def test_hostile_queries_are_only_text(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget
) -> None:
    """Operators, quotes, NUL, patterns and any script are answered with 200 or refused, and open no other scope."""
    (own,) = SearchScene(memory, capabilities, scope).stock(all_texts(ladders(capabilities, 1))[:1])
    queries = hostile_queries(capabilities, budget.beyond_smoke(30, 400))
    room = min(query_bytes(capabilities), capabilities.limit_or("request_bytes", 1 << 20) // 2)
    longest = "boat " * (room // 5)
    for query in [*queries, longest][: budget.beyond_smoke(31, 400)]:
        _must_be_only_text(memory.search(query, scope), [own["id"]], query)


@requirement("SEARCH-12", requests=(0, 31, 401))
def test_any_text_is_a_query(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, explore: Explorer
) -> None:
    """Text of any characters within `query_bytes` is answered with 200 or refused."""
    (own,) = SearchScene(memory, capabilities, scope).stock(all_texts(ladders(capabilities, 1))[:1])
    size = query_bytes(capabilities)
    letters = st.characters(codec="utf-8") | st.sampled_from(SPICES) | st.sampled_from("boat AND OR")
    queries = st.text(letters, min_size=1, max_size=min(size, 60)).filter(lambda text: len(text.encode()) <= size)

    def check(query: str) -> None:
        _must_be_only_text(memory.search(query, scope), [own["id"]], query)

    explore(queries, check, examples=(0, 30, 400))


def _must_be_only_text(answer: Answer, own: Collection[str], query: str) -> None:
    what = f"the query is {shown(query, 60)}, within query_bytes"
    if answer.must_be(200, 400, 422, because=what).status != 200:
        return
    strangers = [each.id for each in ranking(answer) if each.id not in own]
    must(not strangers, f"only memories of the scope, or none ({what})", f"{shown(strangers)}", answer)
