"""GET /v1/scopes: the exact scopes that hold data, each once, with their numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.server.following import added

from memconform.contract import validator

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx


def walked(client: httpx.Client, limit: int) -> list[tuple[dict[str, str], int]]:
    """Return all scopes, page by page."""
    found: list[tuple[dict[str, str], int]] = []
    params: dict[str, Any] = {"limit": limit}
    while True:
        page = client.get("/v1/scopes", params=params).raise_for_status().json()
        assert len(page["items"]) <= limit
        assert list(validator("scopes-page").errors(page)) == []
        found += [(item["scope"], item["memories"]) for item in page["items"]]
        if page["next_cursor"] is None:
            return found
        params["cursor"] = page["next_cursor"]


def test_each_exact_scope_is_there_once(run_server: Callable[..., Any]) -> None:
    """With the memories of exactly this scope, superseded ones too; another principal's are not there."""
    server = run_server("--api-key", "a", "--api-key", "b")
    with server.client("a") as mine, server.client("b") as theirs:
        scopes = [{"user_id": f"u{number}"} for number in range(5)] + [{"user_id": "u0", "session_id": "s"}]
        for scope in scopes:
            added(mine, scope)
        first = added(mine, scopes[0], "two")
        added(mine, scopes[0], "three", supersedes=[first["id"]])
        added(theirs, {"user_id": "other"})
        expected = {repr(sorted(scope.items())): 1 for scope in scopes} | {repr(sorted(scopes[0].items())): 3}
        for limit in (1, 2, 200):
            found = walked(mine, limit)
            assert {repr(sorted(scope.items())): count for scope, count in found} == expected
            assert len(found) == len(scopes)
        assert walked(theirs, 50) == [({"user_id": "other"}, 1)]


def test_a_cursor_is_good_for_this_walk_only(alice: httpx.Client, bob: httpx.Client, user: dict[str, str]) -> None:
    """Another principal's cursor, one of a list, and a damaged one are 400."""
    for number in range(2):
        added(alice, {**user, "session_id": str(number)})
    cursor = alice.get("/v1/scopes", params={"limit": 1}).json()["next_cursor"]
    of_a_list = alice.get("/v1/memories", params={**user, "limit": 1}).json()["next_cursor"]
    assert alice.get("/v1/scopes", params={"cursor": cursor}).status_code == 200
    assert bob.get("/v1/scopes", params={"cursor": cursor}).status_code == 400
    for wrong in (of_a_list, cursor[:-1], "x"):
        assert alice.get("/v1/scopes", params={"cursor": wrong}).status_code == 400


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "user_id=u", "limit=1&limit=1"])
def test_wrong_parameters_are_refused(alice: httpx.Client, query: str) -> None:
    """A limit out of range, a scope (which would seem to narrow), and a repeat are 422."""
    assert alice.get(f"/v1/scopes?{query}").status_code == 422
