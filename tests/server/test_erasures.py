"""Erasures over HTTP: what was there is gone everywhere, what was not asked for stays, and a receipt remains."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from tests.server.following import added, erased, listed, settled, streamed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import httpx


def test_everything_of_the_scope_goes(alice: httpx.Client, user: dict[str, str]) -> None:
    """Get, list, search, history, export, events, scopes and summaries know nothing of it any more."""
    memory = added(alice, user, "canary-content", metadata={"m": "canary-metadata"})
    narrower = added(alice, {**user, "session_id": "s"}, "canary-narrower")
    alice.put("/v1/keyed", params={**user, "key": "canary-key"}, json={"content": "canary-keyed"})
    alice.patch(f"/v1/memories/{memory['id']}", json={"content": "canary-changed"})
    receipt = erased(alice, user)
    assert receipt["counts"] == {"memories": 3, "versions": 4, "operations": 0}
    assert (receipt["scope"], receipt["derived"]) == (user, [])
    assert datetime.fromisoformat(receipt["requested_at"]) <= datetime.fromisoformat(receipt["completed_at"])
    assert "canary" not in json.dumps({**receipt, "scope": None})
    for one in (memory, narrower):
        assert alice.get(f"/v1/memories/{one['id']}").status_code == 404
        assert alice.get(f"/v1/memories/{one['id']}/history").status_code == 404
    assert listed(alice, user) == []
    assert alice.get("/v1/keyed", params={**user, "key": "canary-key"}).status_code == 404
    assert alice.post("/v1/search", json={"query": "canary", "scope": user}).json()["results"] == []
    assert "canary" not in alice.get("/v1/export", params=user).text
    assert alice.post("/v1/summaries", json={"scope": user}).json()["sources"] == []
    assert user["user_id"] not in alice.get("/v1/scopes", params={"limit": 200}).text
    events = streamed(alice, user, lambda found: len(found) >= 3)
    assert {event["data"]["operation"] for event in events} == {"erase"}


def test_others_and_later_writes_stay(alice: httpx.Client, bob: httpx.Client, user: dict[str, str]) -> None:
    """A neighbour, another principal's equal scope and what was added after the request are untouched."""
    added(alice, user)
    neighbour = added(alice, {"user_id": user["user_id"] + "!"})
    theirs = added(bob, user)
    accepted = alice.post("/v1/erasures", json={"scope": user})
    later = added(alice, user, "later")
    operation = settled(alice, accepted)
    assert operation["result"]["counts"]["memories"] == 1
    assert [memory["id"] for memory in listed(alice, user)] == [later["id"]]
    assert alice.get(f"/v1/memories/{neighbour['id']}").json() == neighbour
    assert bob.get(f"/v1/memories/{theirs['id']}").json() == theirs


def test_what_was_derived_goes_too(alice: httpx.Client, user: dict[str, str]) -> None:
    """A memory elsewhere all of whose sources are erased is listed as derived, not counted as selected."""
    other = {"user_id": user["user_id"] + "?"}
    source = added(alice, user)
    derived = added(alice, other, "derived", source={"method": "inferred", "memory_ids": [source["id"]]})
    kept = added(alice, other, "kept", source={"method": "inferred", "memory_ids": [source["id"], "another"]})
    receipt = erased(alice, user)
    assert (receipt["derived"], receipt["counts"]["memories"]) == ([derived["id"]], 1)
    assert [memory["id"] for memory in listed(alice, other)] == [kept["id"]]


def test_a_repeat_with_a_key_erases_once(alice: httpx.Client, user: dict[str, str]) -> None:
    """The same key gives the same operation, also after it is done: what came later is not erased by it."""
    added(alice, user)
    headers = {"Idempotency-Key": f"e{user}"[:200]}
    first = alice.post("/v1/erasures", json={"scope": user}, headers=headers)
    settled(alice, first)
    added(alice, user, "later")
    again = alice.post("/v1/erasures", json={"scope": user}, headers=headers)
    assert (again.status_code, again.content) == (202, first.content)
    assert settled(alice, again)["result"]["counts"]["memories"] == 1
    assert len(listed(alice, user)) == 1


def test_what_an_erased_write_answered_is_gone(alice: httpx.Client, user: dict[str, str]) -> None:
    """A repeat of an add whose memory was erased is 410, and nothing comes back."""
    body = {"content": "canary", "scope": user}
    headers = {"Idempotency-Key": f"a{user}"[:200]}
    assert alice.post("/v1/memories", json=body, headers=headers).status_code == 201
    erased(alice, user)
    assert alice.post("/v1/memories", json=body, headers=headers).status_code == 410
    assert listed(alice, user) == []


def test_nothing_comes_back_after_a_restart(run_server: Callable[..., Any], tmp_path: Path) -> None:
    """Killed after the receipt, the server has forgotten; the receipt can still be read."""
    server = run_server("--data", tmp_path / "m.db")
    with server.client() as client:
        added(client, {"user_id": "u"}, "canary")
        accepted = client.post("/v1/erasures", json={"scope": {"user_id": "u"}})
        done = settled(client, accepted)
    server.kill()
    again = run_server("--data", tmp_path / "m.db")
    with again.client() as client:
        assert listed(client, {"user_id": "u"}) == []
        assert settled(client, accepted) == done


def test_nothing_to_erase_is_a_receipt_of_zeros(alice: httpx.Client, user: dict[str, str]) -> None:
    """An unknown scope is no error."""
    assert erased(alice, user)["counts"] == {"memories": 0, "versions": 0, "operations": 0}


@pytest.mark.parametrize(
    "body", [{}, {"scope": {}}, {"scope": {"user_id": None}}, {"scope": {"id": "x"}}, [], {"scope": []}]
)
def test_a_wrong_scope_erases_nothing(alice: httpx.Client, body: Any) -> None:
    """A missing, empty or misspelt scope is refused, never widened."""
    assert alice.post("/v1/erasures", json=body).status_code == 422
