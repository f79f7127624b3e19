"""Idempotency keys: one effect and one answer for a request however often it comes."""

from __future__ import annotations

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.server.conftest import ALICE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import httpx
    from tests.server.conftest import Server


@pytest.fixture
def key() -> str:
    """Return a key that nobody used."""
    return os.urandom(12).hex()


def add(client: httpx.Client, key: str, body: Any) -> httpx.Response:
    """Post a memory under an idempotency key; text goes as it is."""
    content = body if isinstance(body, str) else json.dumps(body)
    headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
    return client.post("/v1/memories", content=content, headers=headers)


def count(client: httpx.Client, scope: dict[str, str]) -> int:
    """Return how many memories the scope has."""
    return len(client.get("/v1/memories", params=scope).json()["items"])


def test_a_repeat_has_one_effect_and_the_same_answer(alice: httpx.Client, user: dict[str, str], key: str) -> None:
    """Status, body, Location and ETag come again, byte for byte, even after the memory has changed and gone."""
    first = add(alice, key, {"content": "x", "scope": user})
    assert first.status_code == 201
    alice.patch(first.headers["location"], json={"content": "y"})
    for _ in range(2):
        again = add(alice, key, {"content": "x", "scope": user})
        assert (again.status_code, again.content) == (201, first.content)
        for name in ("location", "etag", "content-type"):
            assert again.headers[name] == first.headers[name]
        assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert count(alice, user) == 1
    alice.delete(first.headers["location"])
    assert add(alice, key, {"content": "x", "scope": user}).content == first.content
    assert count(alice, user) == 0


def test_the_json_value_counts_not_its_spelling(alice: httpx.Client, user: dict[str, str], key: str) -> None:
    """Order of members, white space, escapes and the spelling of numbers make no other request."""
    scope = json.dumps(user)
    spellings = [
        f'{{"content":"é","scope":{scope},"metadata":{{"a":1,"b":[1.5,0,100]}}}}',
        f' {{ "scope" : {scope},\r\n"metadata":{{"b":[15e-1,-0.0,1E2],"a":1.0}}, "content":"\\u00e9" }} ',
        f'{{"metadata":{{"b":[1.50,0,100.00],"a":1}},"content":"é","scope":{scope}}}',
    ]
    answers = [add(alice, key, each) for each in spellings]
    assert [each.status_code for each in answers] == [201] * 3
    assert len({each.content for each in answers}) == 1
    assert count(alice, user) == 1


OTHERS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "content": lambda draft: draft | {"content": "y"},
    "normal form": lambda draft: draft | {"content": "e\u0301"},
    "a member more": lambda draft: draft | {"confidence": 1},
    "a null more": lambda draft: draft | {"confidence": None},
    "true for one": lambda draft: draft | {"metadata": {"a": True, "b": [1, 2]}},
    "text for a number": lambda draft: draft | {"metadata": {"a": "1", "b": [1, 2]}},
    "another order of items": lambda draft: draft | {"metadata": {"a": 1, "b": [2, 1]}},
    "the next integer above 2^53": lambda draft: draft | {"metadata": {"a": 9007199254740993, "b": [1, 2]}},
}


@pytest.mark.parametrize("name", OTHERS)
def test_another_value_is_another_request(alice: httpx.Client, user: dict[str, str], key: str, name: str) -> None:
    """Its key is spent: 422, and nothing is stored; the first answer stays."""
    draft = {"content": "é", "scope": user, "metadata": {"a": 1, "b": [1, 2]}}
    first = add(alice, key, draft)
    refused = add(alice, key, OTHERS[name](draft))
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["parameter"] == "Idempotency-Key"
    assert add(alice, key, draft).content == first.content
    assert count(alice, user) == 1


def test_another_path_is_another_request(alice: httpx.Client, user: dict[str, str], key: str) -> None:
    """A key of one path is no key of another, nor of another query string."""
    add(alice, key, {"content": "x", "scope": user})
    headers = {"Idempotency-Key": key}
    assert alice.post("/v1/batch", json={"operations": []}, headers=headers).status_code == 422
    again = alice.post("/v1/memories?a=b", json={"content": "x", "scope": user}, headers=headers)
    assert again.status_code == 422


def test_keys_belong_to_a_principal(alice: httpx.Client, bob: httpx.Client, user: dict[str, str], key: str) -> None:
    """Another principal's key is a new one, and no answer passes over."""
    first = add(alice, key, {"content": "x", "scope": user})
    theirs = add(bob, key, {"content": "other", "scope": user})
    assert theirs.status_code == 201
    assert theirs.json()["id"] != first.json()["id"]
    assert [count(alice, user), count(bob, user)] == [1, 1]


def test_errors_are_not_remembered(alice: httpx.Client, user: dict[str, str], key: str) -> None:
    """After 400, 413, 415 and 422 the key is free for the request that is right."""
    headers = {"Idempotency-Key": key}
    assert add(alice, key, {"content": "", "scope": user}).status_code == 422
    assert add(alice, key, {"content": "x", "scope": user, "supersedes": ["nobody"]}).status_code == 422
    assert add(alice, key, "{").status_code == 400
    assert add(alice, key, " " * 1_048_577).status_code == 413
    assert alice.post("/v1/memories", content=b"x", headers=headers).status_code == 415
    assert add(alice, key, {"content": "x", "scope": user}).status_code == 201
    assert count(alice, user) == 1


def test_a_repeat_need_not_be_valid_any_more(alice: httpx.Client, user: dict[str, str], key: str) -> None:
    """An expiry that was in the future at first is in the past at the repeat: the answer is the first one."""
    soon = (datetime.now(UTC) + timedelta(seconds=0.6)).isoformat()
    first = add(alice, key, {"content": "x", "scope": user, "expires_at": soon})
    assert first.status_code == 201
    time.sleep(0.7)
    again = add(alice, key, {"content": "x", "scope": user, "expires_at": soon})
    assert (again.status_code, again.content) == (201, first.content)


@pytest.mark.parametrize("given", ["", "k" * 256])
def test_bad_keys_are_refused(alice: httpx.Client, user: dict[str, str], given: str) -> None:
    """An empty or an overlong key is 422, and nothing is stored."""
    assert add(alice, given, {"content": "x", "scope": user}).status_code == 422
    assert count(alice, user) == 0


def test_a_repeated_field_is_refused(alice: httpx.Client, user: dict[str, str], key: str) -> None:
    """Two keys are none."""
    headers = [("Idempotency-Key", key), ("Idempotency-Key", key)]
    answer = alice.post("/v1/memories", json={"content": "x", "scope": user}, headers=headers)
    assert (answer.status_code, count(alice, user)) == (422, 0)


def test_parallel_repeats_leave_one_memory(server: Server, alice: httpx.Client, user: dict[str, str], key: str) -> None:
    """Twenty connections send the same request at once: twenty equal answers, one memory."""

    def send(_: int) -> tuple[int, bytes]:
        with server.client(ALICE) as client:
            answer = add(client, key, {"content": "x", "scope": user})
            return answer.status_code, answer.content

    with ThreadPoolExecutor(20) as pool:
        answers = set(pool.map(send, range(20)))
    assert len(answers) == 1
    assert next(iter(answers))[0] == 201
    assert count(alice, user) == 1


def test_a_batch_is_repeatable(alice: httpx.Client, user: dict[str, str], key: str) -> None:
    """The results of a batch come again, the failed items among them."""
    batch = {"operations": [{"op": "add", "memory": {"content": "x", "scope": user}}, {"op": "delete", "id": "none"}]}
    answers = [alice.post("/v1/batch", json=batch, headers={"Idempotency-Key": key}) for _ in range(3)]
    assert len({each.content for each in answers}) == 1
    assert [each["status"] for each in answers[0].json()["results"]] == [201, 404]
    assert count(alice, user) == 1


def test_what_was_erased_does_not_come_back(alice: httpx.Client, user: dict[str, str], key: str) -> None:
    """A repeat of what an erasure took is 410 and stores nothing, whichever way it came; other answers stay."""
    elsewhere = {"content": "canary", "scope": {"agent_id": user["user_id"]}}
    requests = {
        f"{key}-add": ("/v1/memories", {"content": "canary", "scope": user}),
        f"{key}-batch": (
            "/v1/batch",
            {"operations": [{"op": "add", "memory": {"content": "canary", "scope": user | {"session_id": "s"}}}]},
        ),
    }
    for each, (path, body) in requests.items():
        assert alice.post(path, json=body, headers={"Idempotency-Key": each}).status_code in (200, 201)
    kept = add(alice, f"{key}-kept", elsewhere)
    operation = alice.post("/v1/erasures", json={"scope": user}).headers["location"]
    until = time.monotonic() + 10
    while alice.get(operation).json()["status"] != "succeeded":
        assert time.monotonic() < until
        time.sleep(0.05)
    for each, (path, body) in requests.items():
        again = alice.post(path, json=body, headers={"Idempotency-Key": each})
        assert (again.status_code, "canary" in again.text) == (410, False)
    assert count(alice, user) == 0
    again = add(alice, f"{key}-kept", elsewhere)
    assert (again.status_code, again.content) == (201, kept.content)


def test_a_restart_forgets_nothing(run_server: Callable[..., Server], tmp_path: Path) -> None:
    """Answers are durable: after kill -9 the repeat gets the answer of the former process."""
    options = ("--data", tmp_path / "memories.db")
    body = {"content": "x", "scope": {"user_id": "u"}}
    server = run_server(*options)
    with server.client() as client:
        first = add(client, "the-key", body)
    server.kill()
    with run_server(*options).client() as client:
        again = add(client, "the-key", body)
        assert (again.status_code, again.content, again.headers["etag"]) == (201, first.content, first.headers["etag"])
        assert add(client, "the-key", body | {"content": "y"}).status_code == 422
        assert count(client, {"user_id": "u"}) == 1
