"""Keyed memories: one for each exact scope and key, replaced whole, seen like any other."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.server.conftest import ALICE

from memconform_server.settings import Limits

if TYPE_CHECKING:
    import httpx
    from tests.server.conftest import Server

LIMITS = Limits()
KEYS = ["k", "K", "k ", " k", "k\x00", "k\n", "é", "e\u0301", "a/b", "a%2Fb", "%", "+", "*", "{}", "null", "..",
        "\U0010ffff", "👩‍👩‍👧‍👦", "\ufeff", "'; --", "key&key=x"]  # fmt: skip


def put(client: httpx.Client, scope: dict[str, str], key: str, body: Any, **headers: str) -> httpx.Response:
    """Set one keyed memory."""
    return client.put("/v1/keyed", params=scope | {"key": key}, json=body, headers=headers)


def get(client: httpx.Client, scope: dict[str, str], key: str) -> httpx.Response:
    """Get one keyed memory."""
    return client.get("/v1/keyed", params=scope | {"key": key})


def test_put_creates_then_replaces(alice: httpx.Client, user: dict[str, str]) -> None:
    """201 with a Location, 200 with the next version, 200 with the same one where the same is set again."""
    created = put(alice, user, "editor", {"content": "vim"})
    assert (created.status_code, created.json()["key"], created.json()["version"]) == (201, "editor", 1)
    assert alice.get(created.headers["location"]).json() == created.json() == get(alice, user, "editor").json()
    replaced = put(alice, user, "editor", {"content": "emacs"})
    assert (replaced.status_code, replaced.json()["id"], replaced.json()["version"]) == (200, created.json()["id"], 2)
    assert replaced.json()["updated_at"] > created.json()["updated_at"]
    assert replaced.json()["created_at"] == created.json()["created_at"]
    again = put(alice, user, "editor", {"content": "emacs"})
    assert (again.status_code, again.json(), again.headers["etag"]) == (200, replaced.json(), replaced.headers["etag"])
    history = alice.get(created.headers["location"] + "/history").json()["items"]
    assert [each["operation"] for each in history] == ["add", "replace"]
    assert alice.get("/v1/memories", params=user).json()["items"] == [replaced.json()]


def test_put_replaces_the_whole(alice: httpx.Client, user: dict[str, str]) -> None:
    """What a PUT does not name is gone: it is no patch. What it cannot name stays."""
    full = {
        "content": "a",
        "metadata": {"m": 1},
        "confidence": 0.5,
        "expires_at": "2099-01-01T00:00:00Z",
        "ext": {"e": 1},
    }
    created = put(alice, user, "k", full)
    assert {name: created.json()[name] for name in full} == full | {"expires_at": "2099-01-01T00:00:00.000Z"}
    alice.patch(created.headers["location"], json={"valid_from": "2026-01-01T00:00:00Z"})
    replaced = put(alice, user, "k", {"content": "b"}).json()
    assert replaced["metadata"] == {}
    assert replaced.keys().isdisjoint({"confidence", "expires_at", "ext"})
    assert (replaced["valid_from"], replaced["version"]) == ("2026-01-01T00:00:00.000Z", 3)


def test_keys_are_opaque(alice: httpx.Client, user: dict[str, str]) -> None:
    """Look-alikes, other normal forms, separators and controls are all keys of their own."""
    created = {key: put(alice, user, key, {"content": f"value of {n}"}) for n, key in enumerate(KEYS)}
    assert {each.status_code for each in created.values()} == {201}
    for key, answer in created.items():
        assert get(alice, user, key).json() == answer.json()
        assert answer.json()["key"] == key
    assert len(alice.get("/v1/memories", params=user).json()["items"]) == len(KEYS)


def test_scopes_are_exact(alice: httpx.Client, bob: httpx.Client, user: dict[str, str]) -> None:
    """A narrower scope, a wider one and another principal have memories of their own under the same key."""
    narrow = user | {"agent_id": "a"}
    ids = {
        put(client, scope, "k", {"content": "x"}).json()["id"] for client in (alice, bob) for scope in (user, narrow)
    }
    assert len(ids) == 4
    assert alice.delete("/v1/keyed", params=user | {"key": "k"}).status_code == 204
    assert [get(alice, user, "k").status_code, get(alice, narrow, "k").status_code] == [404, 200]
    assert get(bob, user, "k").status_code == 200


def test_it_is_a_memory_like_any_other(alice: httpx.Client, user: dict[str, str]) -> None:
    """Listed, searched, patched and deleted by id; then a PUT creates another one."""
    created = put(alice, user, "drink", {"content": "green tea without sugar"}).json()
    assert alice.get("/v1/memories", params=user).json()["items"] == [created]
    found = alice.post("/v1/search", json={"query": "green tea", "scope": user}).json()["results"]
    assert found[0]["memory"] == created
    patched = alice.patch(f"/v1/memories/{created['id']}", json={"content": "coffee", "key": "drink"}).json()
    assert get(alice, user, "drink").json() == patched
    assert alice.delete(f"/v1/memories/{created['id']}").status_code == 204
    assert get(alice, user, "drink").status_code == 404
    assert alice.delete("/v1/keyed", params=user | {"key": "drink"}).status_code == 404
    anew = put(alice, user, "drink", {"content": "coffee"})
    assert anew.status_code == 201
    assert anew.json()["id"] != created["id"]


def test_after_its_expiry_a_put_creates_anew(alice: httpx.Client, user: dict[str, str]) -> None:
    """An expired memory does not hold its key."""
    soon = (datetime.now(UTC) + timedelta(seconds=0.7)).isoformat()
    first = put(alice, user, "k", {"content": "x", "expires_at": soon})
    assert first.status_code == 201
    time.sleep(0.8)
    assert get(alice, user, "k").status_code == 404
    second = put(alice, user, "k", {"content": "x"})
    assert (second.status_code, second.json()["version"]) == (201, 1)
    assert second.json()["id"] != first.json()["id"]


def test_concurrent_puts_leave_one_of_the_values(server: Server, alice: httpx.Client, user: dict[str, str]) -> None:
    """Ten connections set one key: one creates, all succeed, one memory remains with a value that was set."""

    def set_it(number: int) -> int:
        with server.client(ALICE) as client:
            return put(client, user, "k", {"content": f"c{number}", "metadata": {"n": number}}).status_code

    with ThreadPoolExecutor(10) as pool:
        statuses = list(pool.map(set_it, range(10)))
    assert sorted(statuses) == [200] * 9 + [201]
    items = alice.get("/v1/memories", params=user).json()["items"]
    assert len(items) == 1
    assert (items[0]["content"], items[0]["version"]) == (f"c{items[0]['metadata']['n']}", 10)


def test_if_none_match_lets_one_in(server: Server, alice: httpx.Client, user: dict[str, str]) -> None:
    """With `If-None-Match: *` a key is created once: one 201, nine 412; a tag of another state lets a PUT pass."""

    def create(number: int) -> int:
        with server.client(ALICE) as client:
            return put(client, user, "k", {"content": str(number)}, **{"If-None-Match": "*"}).status_code

    with ThreadPoolExecutor(10) as pool:
        statuses = list(pool.map(create, range(10)))
    assert sorted(statuses) == [201] + [412] * 9
    present = get(alice, user, "k")
    assert present.json()["content"] == str(statuses.index(201))
    tag = present.headers["etag"]
    for value in (tag, f"W/{tag}", f'"other", {tag}', "unreadable"):
        assert put(alice, user, "k", {"content": "z"}, **{"If-None-Match": value}).status_code == 412
    assert put(alice, user, "k", {"content": "z"}, **{"If-None-Match": '"other"'}).status_code == 200


WRONG: dict[str, tuple[dict[str, str], Any, int]] = {
    "no key": ({"user_id": "u"}, {"content": "x"}, 422),
    "empty key": ({"user_id": "u", "key": ""}, {"content": "x"}, 422),
    "long key": ({"user_id": "u", "key": "é" * (LIMITS.key_bytes // 2) + "x"}, {"content": "x"}, 422),
    "no scope": ({"key": "k"}, {"content": "x"}, 422),
    "unknown parameter": ({"user_id": "u", "key": "k", "limit": "1"}, {"content": "x"}, 422),
    "no content": ({"user_id": "u", "key": "k"}, {}, 422),
    "content too long": ({"user_id": "u", "key": "k"}, {"content": "x" * (LIMITS.content_bytes + 1)}, 422),
    "past expiry": ({"user_id": "u", "key": "k"}, {"content": "x", "expires_at": "2020-01-01T00:00:00Z"}, 422),
    "metadata too large": ({"user_id": "u", "key": "k"}, {"content": "x", "metadata": {"m": "x" * 17_000}}, 422),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_refused(alice: httpx.Client, name: str) -> None:
    """A missing, empty or long key, a missing scope, a wrong body: refused, and nothing is stored."""
    parameters, content, status = WRONG[name]
    answer = alice.put("/v1/keyed", params=parameters, json=content)
    assert answer.status_code == status, answer.text
    assert all(("pointer" in each) != ("parameter" in each) for each in answer.json()["errors"])
    assert alice.get("/v1/memories", params={"user_id": "u"}).json()["items"] == []


def test_a_key_of_exactly_the_limit_is_taken(alice: httpx.Client, user: dict[str, str]) -> None:
    """`key_bytes` counts bytes of UTF-8."""
    assert put(alice, user, "é" * (LIMITS.key_bytes // 2), {"content": "x"}).status_code == 201


def test_json_is_the_only_media_type(alice: httpx.Client, user: dict[str, str]) -> None:
    """A merge patch is not what PUT takes."""
    headers = {"Content-Type": "application/merge-patch+json"}
    answer = alice.put("/v1/keyed", params=user | {"key": "k"}, content=b'{"content":"x"}', headers=headers)
    assert answer.status_code == 415
