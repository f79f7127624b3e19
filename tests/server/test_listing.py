"""Lists: the scope law, the order, pages that concatenate, walks that survive changes, cursors nobody can borrow."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import httpx

MEMBERS = ("user_id", "agent_id", "app_id", "session_id")


def add(client: httpx.Client, scope: dict[str, str], content: str = "x") -> dict[str, Any]:
    """Add one memory."""
    answer = client.post("/v1/memories", json={"content": content, "scope": scope})
    assert answer.status_code == 201, answer.text
    record: dict[str, Any] = answer.json()
    return record


def page(client: httpx.Client, scope: dict[str, str], **parameters: Any) -> dict[str, Any]:
    """Return one page."""
    answer = client.get("/v1/memories", params={**scope, **parameters})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def walk(client: httpx.Client, scope: dict[str, str], limit: int) -> list[str]:
    """Return the ids of all pages, in order."""
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        one = page(client, scope, limit=limit, **cursor)
        assert len(one["items"]) <= limit
        found += [item["id"] for item in one["items"]]
        if one["next_cursor"] is None:
            return found
        cursor = {"cursor": one["next_cursor"]}


def test_pages_concatenate_whatever_the_limit(alice: httpx.Client, user: dict[str, str]) -> None:
    """Newest first; the pages of any limit make the same list."""
    added = [add(alice, user)["id"] for _ in range(7)]
    for limit in (1, 2, 3, 6, 7, 8, 200):
        assert walk(alice, user, limit) == added[::-1]


def test_a_walk_survives_inserts_and_deletes(alice: httpx.Client, user: dict[str, str]) -> None:
    """Records that are there throughout are seen exactly once, though others come and go between pages."""
    stable = [add(alice, user)["id"] for _ in range(12)]
    going = [add(alice, user)["id"] for _ in range(6)]
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        one = page(alice, user, limit=3, **cursor)
        seen += [item["id"] for item in one["items"]]
        add(alice, user, "in between")
        if going:
            alice.delete(f"/v1/memories/{going.pop()}")
        if one["next_cursor"] is None:
            break
        cursor = {"cursor": one["next_cursor"]}
    assert [each for each in seen if each in stable] == stable[::-1]
    assert len(seen) == len(set(seen))


def test_a_cursor_outlives_the_record_it_points_at(alice: httpx.Client, user: dict[str, str]) -> None:
    """The walk goes on although the last record of a page was deleted meanwhile."""
    added = [add(alice, user)["id"] for _ in range(4)]
    first = page(alice, user, limit=2)
    alice.delete(f"/v1/memories/{first['items'][-1]['id']}")
    rest = page(alice, user, limit=2, cursor=first["next_cursor"])
    assert [item["id"] for item in rest["items"]] == [added[1], added[0]]


def test_a_cursor_serves_one_principal_and_one_scope(
    alice: httpx.Client, bob: httpx.Client, user: dict[str, str]
) -> None:
    """Another limit is fine; another scope, another principal, or one character changed is 400."""
    for _ in range(3):
        add(alice, user)
        add(bob, user)
    cursor = page(alice, user, limit=1)["next_cursor"]
    assert len(page(alice, user, limit=2, cursor=cursor)["items"]) == 2

    def status(client: httpx.Client, scope: dict[str, str], value: str) -> int:
        return client.get("/v1/memories", params={**scope, "cursor": value}).status_code

    assert status(bob, user, cursor) == 400
    assert status(alice, user | {"agent_id": "a"}, cursor) == 400
    assert status(alice, {"agent_id": user["user_id"]}, cursor) == 400
    for place in range(len(cursor)):
        other = "A" if cursor[place] != "A" else "B"
        assert status(alice, user, cursor[:place] + other + cursor[place + 1 :]) == 400
    assert [status(alice, user, each) for each in (cursor + "A", cursor[:-1], cursor + "=", " " + cursor)] == [400] * 4


def test_changes_do_not_move_a_record(alice: httpx.Client, user: dict[str, str]) -> None:
    """The order is that of creation, whatever was patched, set or restored since."""
    added = [add(alice, user)["id"] for _ in range(4)]
    successor = alice.post("/v1/memories", json={"content": "y", "scope": user, "supersedes": [added[0]]}).json()["id"]
    alice.patch(f"/v1/memories/{added[1]}", json={"content": "changed"})
    assert walk(alice, user, 1) == [successor, *added[:0:-1]]
    alice.delete(f"/v1/memories/{successor}")
    assert walk(alice, user, 1) == walk(alice, user, 200) == added[::-1]


def test_the_scope_law_for_every_subset(alice: httpx.Client, user: dict[str, str]) -> None:
    """A query scope selects exactly those whose scopes contain all of its pairs: all 15 shapes against all 15."""
    values = {name: f"{name}-{user['user_id'][-12:]}" for name in MEMBERS}
    shapes = [dict(pairs) for size in range(1, 5) for pairs in itertools.combinations(sorted(values.items()), size)]
    added = {add(alice, shape)["id"]: shape for shape in shapes}
    for query in shapes:
        expected = {each for each, shape in added.items() if query.items() <= shape.items()}
        assert {item["id"] for item in page(alice, query)["items"]} == expected
        found = alice.post("/v1/search", json={"query": "x", "scope": query, "top_k": 200}).json()["results"]
        assert {each["memory"]["id"] for each in found} == expected


OPAQUE = ["ann", "Ann", "ann ", " ann", "an%", "an_", "*", "%", "a", "anna", "e\u0301", "\u00e9", "аnn", "ａｎｎ",
          "ann\x00", "ann\n", '["ann"]', "ann&user_id=x", "+", " ", "ß", "ss", "İ", "null", "\U0010ffff"]  # fmt: skip


def test_scope_values_are_opaque(alice: httpx.Client) -> None:
    """No trimming, folding, normalising, wildcard or prefix: each value selects its own memory and no other."""
    added = {value: add(alice, {"user_id": value, "app_id": "opaque"})["id"] for value in OPAQUE}
    for value, identifier in added.items():
        assert [item["id"] for item in page(alice, {"user_id": value, "app_id": "opaque"})["items"]] == [identifier]
        found = alice.post("/v1/search", json={"query": "x", "scope": {"user_id": value, "app_id": "opaque"}})
        assert [each["memory"]["id"] for each in found.json()["results"]] == [identifier]


FORMS = [("a+b", "a b"), ("a%2Bb", "a+b"), ("%C3%A9", "é"), ("a;b", "a;b"), ("100%", "100%")]


@pytest.mark.parametrize(("encoded", "value"), FORMS)
def test_query_strings_are_form_urlencoded(alice: httpx.Client, encoded: str, value: str) -> None:
    """A plus is a space, bytes are UTF-8, a semicolon separates nothing."""
    identifier = add(alice, {"user_id": value, "session_id": "form"})["id"]
    answer = alice.get(f"/v1/memories?user_id={encoded}&session_id=form")
    assert identifier in [item["id"] for item in answer.json()["items"]]


def test_reading_changes_nothing(alice: httpx.Client, user: dict[str, str]) -> None:
    """Gets, lists and searches leave every record as it was."""
    record = add(alice, user, "a cat")
    for _ in range(3):
        alice.get(f"/v1/memories/{record['id']}")
        alice.post("/v1/search", json={"query": "cat", "scope": user})
    assert page(alice, user)["items"] == [record]
