"""GET /v1/export: a manifest, then every record of the scope, oldest first, one state of the store."""

from __future__ import annotations

import hashlib
import json
import threading
from typing import TYPE_CHECKING, Any

import rfc8785
from tests.server.following import added

from memconform.contract import validator

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx


def exported(client: httpx.Client, scope: dict[str, str]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Export a scope, check what the manifest says of the records, and return both."""
    answer = client.get("/v1/export", params=scope)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-ndjson")
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert answer.content.endswith(b"\n")
    manifest, *records = map(json.loads, answer.content.splitlines())
    assert list(validator("export-manifest").errors(manifest)) == []
    digest = hashlib.sha256(b"".join(rfc8785.dumps(record) + b"\n" for record in records))
    assert (manifest["count"], manifest["sha256"]) == (len(records), digest.hexdigest())
    assert (manifest["type"], manifest["contract"], manifest["scope"]) == ("manifest", "1.0", scope)
    return manifest, records


def test_an_export_is_complete(alice: httpx.Client, bob: httpx.Client, user: dict[str, str]) -> None:
    """Every record as GET gives it, superseded and keyed ones too; nobody else's."""
    first = added(
        alice, user, "first\u2028line", metadata={"n": 0.1, "big": 1e300, "\U0001f600": [None, True], "\ufb33": {}},
        confidence=0.5, valid_from="2026-01-01T00:00:00.000001Z", expires_at="2126-01-01T00:00:00Z",
        source={"method": "verbatim"}, ext={"com.example": {"a": 1}},
    )  # fmt: skip
    second = added(alice, {**user, "session_id": "s"}, "second")
    third = added(alice, user, "third", supersedes=[first["id"]])
    keyed = alice.put("/v1/keyed", params={**user, "key": "k"}, json={"content": "keyed"}).json()
    added(bob, user, "theirs")
    added(alice, {"user_id": user["user_id"] + "!"}, "neighbour")
    _, records = exported(alice, user)
    assert [record["id"] for record in records] == [first["id"], second["id"], third["id"], keyed["id"]]
    assert records == [alice.get(f"/v1/memories/{record['id']}").json() for record in records]
    assert records[0]["superseded_by"] == third["id"]


def test_an_empty_export_is_a_manifest(alice: httpx.Client, user: dict[str, str]) -> None:
    """Nothing to export is a file of one line; HEAD announces the same and sends nothing."""
    manifest, records = exported(alice, user)
    assert (manifest["count"], records) == (0, [])
    head = alice.head("/v1/export", params=user)
    assert (head.status_code, head.content, head.headers["content-type"]) == (200, b"", "application/x-ndjson")


def test_a_scope_is_needed(alice: httpx.Client) -> None:
    """An export without a scope, or with a misspelt one, is refused."""
    for query in ("", "?user=u", "?user_id=", "?user_id=u&limit=1", "?user_id=u&user_id=v"):
        assert alice.get(f"/v1/export{query}").status_code == 422


def test_an_export_during_writes_is_one_state(alice: httpx.Client, user: dict[str, str]) -> None:
    """While others write, each export is valid, and what was there throughout is in it, whole."""
    there = [added(alice, user, f"there {number}", metadata={"half": number, "other": number}) for number in range(20)]
    done = threading.Event()

    def write() -> None:
        number = 0
        while not done.is_set():
            number += 1
            changed = {"content": f"now {number}", "metadata": {"half": number, "other": number}}
            memory = there[number % len(there)]["id"]
            alice.patch(f"/v1/memories/{memory}", json=changed).raise_for_status()
            alice.delete(f"/v1/memories/{added(alice, user, 'passing', metadata={'half': 0, 'other': 0})['id']}")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(15):
            _, records = exported(alice, user)
            assert {memory["id"] for memory in there} <= {record["id"] for record in records}
            assert all(record["metadata"]["half"] == record["metadata"]["other"] for record in records)
    finally:
        done.set()
        writer.join()


def test_a_reader_that_leaves_harms_nothing(run_server: Callable[..., Any]) -> None:
    """Exports that are cut off leave no file and no lock behind: the server writes on and stops cleanly."""
    server = run_server()
    with server.client() as client:
        content = "x" * 60_000
        for number in range(60):
            added(client, {"user_id": "u"}, f"{number} {content}")
        for _ in range(5):
            with client.stream("GET", "/v1/export?user_id=u") as response:
                next(response.iter_bytes(1000))
        assert added(client, {"user_id": "u"}, "on")["content"] == "on"
        _, records = exported(client, {"user_id": "u"})
        assert len(records) == 61
    assert server.stop() == 0
    assert not [line for line in server.log if '"failure"' in line or "Traceback" in line]
