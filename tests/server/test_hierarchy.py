"""Inheritance in searches (HIERARCHY-01): every scope against every query, and no score that depends on the way."""

from __future__ import annotations

from contextlib import closing
from itertools import combinations
from typing import TYPE_CHECKING

import pytest

from memconform_server.store import Draft, SearchQuery
from memconform_server.stores.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

P = "p"
MEMBERS = ("user_id", "agent_id", "app_id", "session_id")
VALUES = {"user_id": ("u", "v"), "agent_id": ("a",), "app_id": ("p",), "session_id": ("s", "t")}


def scopes() -> list[dict[str, str]]:
    """Return every scope over two users, one agent, one application and two sessions."""
    found: list[dict[str, str]] = [{}]
    for member in MEMBERS:
        found += [scope | {member: value} for scope in found for value in VALUES[member]]
    return found[1:]


def name(scope: dict[str, str]) -> str:
    """Return a text that tells the scope."""
    return "note of " + " ".join(scope.values())


@pytest.fixture(scope="module")
def store() -> Iterator[SqliteStore]:
    """Give a store with one memory in each scope, and the same for another principal."""
    with closing(SqliteStore(":memory:")) as filled:
        for principal in (P, "q"):
            for scope in scopes():
                filled.add(principal, Draft(name(scope), scope))
        yield filled


def selected(query: dict[str, str], scope: dict[str, str], *, inherit: bool) -> bool:
    """Tell what the requirement says."""
    if query.items() <= scope.items():
        return True
    subset = scope.items() <= query.items()
    own_user = "user_id" in query and scope.get("user_id") == query["user_id"]
    return inherit and subset and (own_user or scope.keys() <= {"agent_id", "app_id"})


@pytest.mark.parametrize("inherit", [False, True])
def test_every_scope_against_every_query(store: SqliteStore, inherit: bool) -> None:
    """A query finds what it selects, with `inherit` what stands above it too, nothing twice, nothing else."""
    for query in scopes():
        hits = store.search(P, SearchQuery("note", query, 200, inherit=inherit))
        expected = sorted(name(scope) for scope in scopes() if selected(query, scope, inherit=inherit))
        assert sorted(hit.memory.content for hit in hits) == expected
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_all_selected_memories_are_ranked_as_one_set() -> None:
    """A memory from above is ranked among the session's own: the scores are those of all of them in one scope."""
    texts = ["the red boat", "a red harbour", "boats and harbours", "tea", "the harbour at dawn", "red tea"]
    session = {"user_id": "u", "agent_id": "a", "session_id": "s"}
    levels = [
        dict(each) for size in (1, 2, 3) for each in combinations(session.items(), size) if "user_id" in dict(each)
    ]
    with closing(SqliteStore(":memory:")) as store:
        for number, text in enumerate(texts):
            store.add(P, Draft(text, levels[number % len(levels)]))
            store.add("flat", Draft(text, session))
        for query in ("red boat", "harbour tea", "x"):
            spread = store.search(P, SearchQuery(query, session, 10, inherit=True))
            flat = store.search("flat", SearchQuery(query, session, 10))
            assert [(hit.memory.content, hit.score) for hit in spread] == [
                (hit.memory.content, hit.score) for hit in flat
            ]


def test_inheritance_over_http(alice: httpx.Client, user: dict[str, str]) -> None:
    """A user's facts reach the user's sessions; another user's, and another session's, never do."""
    session = user | {"session_id": "s1"}
    for content, scope in (
        ("the user's name is Ada", user),
        ("this session is about tea", session),
        ("another session's tea", user | {"session_id": "s2"}),
        ("another user's tea", {"user_id": user["user_id"] + "2"}),
    ):
        assert alice.post("/v1/memories", json={"content": content, "scope": scope}).status_code == 201
    for inherit, expected in ((False, {"this session is about tea"}), (None, {"this session is about tea"}),
                              (True, {"this session is about tea", "the user's name is Ada"})):  # fmt: skip
        body = {"query": "tea", "scope": session} | ({} if inherit is None else {"inherit": inherit})
        results = alice.post("/v1/search", json=body).json()["results"]
        assert {hit["memory"]["content"] for hit in results} == expected
