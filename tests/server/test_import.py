"""POST /v1/import: a file is taken in whole or not at all, and the receipt says what became of every record."""

from __future__ import annotations

import hashlib
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
import rfc8785
from tests.server.following import added, erased, listed

from memconform.contract import validator

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import httpx

LINES = {"Content-Type": "application/x-ndjson"}
Record = dict[str, Any]


def record(number: int, scope: dict[str, str], **members: Any) -> Record:
    """Return a record that no server has yet."""
    instant = f"2026-01-01T00:00:00.{number:03}Z"
    own = {
        "id": f"{abs(hash(scope['user_id'])):x}-{number}",
        "created_at": instant,
        "updated_at": instant,
        "version": 3,
    }
    return {"content": f"fact {number}", "scope": scope, "metadata": {}, **own, **members}


def file(*records: Record, **manifest: Any) -> bytes:
    """Return an export of these records."""
    digest = hashlib.sha256(b"".join(rfc8785.dumps(each) + b"\n" for each in records)).hexdigest()
    first = {"type": "manifest", "contract": "1.0", "scope": {"user_id": "u"}, "count": len(records), "sha256": digest,
             "exported_at": "2026-01-01T00:00:00Z"} | manifest  # fmt: skip
    return b"".join(json.dumps(each, ensure_ascii=False).encode() + b"\n" for each in (first, *records))


def imported(client: httpx.Client, content: bytes, on_conflict: str | None = None, **headers: str) -> httpx.Response:
    """Import a file."""
    params = {} if on_conflict is None else {"on_conflict": on_conflict}
    answer = client.post("/v1/import", params=params, content=content, headers=LINES | headers)
    schema = validator("import-receipt" if answer.status_code == 200 else "problem")
    assert list(schema.errors(answer.json())) == []
    return answer


def without(memory: Record, *names: str) -> Record:
    """Return a memory without some members."""
    return {name: value for name, value in memory.items() if name not in names}


def test_an_export_comes_in_elsewhere(alice: httpx.Client, bob: httpx.Client, user: dict[str, str]) -> None:
    """An empty principal has all of it again: nothing is lost but `updated_at` and `version`, ids are kept."""
    first = added(
        alice, user, "first\u2028", metadata={"n": 0.1, "big": 1e300, "deep": [{"a": None}], "\U0001f600": 1},
        confidence=0.25, valid_from="2026-01-01T00:00:00.000001Z", valid_to="2027-01-01T00:00:00Z",
        expires_at="2126-01-01T00:00:00Z", source={"method": "inferred", "message_ids": ["m"]}, ext={"com.example": {}},
    )  # fmt: skip
    added(alice, {**user, "agent_id": "a"}, "second", supersedes=[])
    added(alice, user, "third", supersedes=[first["id"]])
    alice.put("/v1/keyed", params={**user, "key": "k"}, json={"content": "keyed"})
    before = alice.get("/v1/export", params=user).content
    receipt = imported(bob, before)
    assert receipt.status_code == 200, receipt.text
    assert (receipt.json()["count"], receipt.json()["counts"]) == (4, {"created": 4, "overwritten": 0, "skipped": 0})
    after = bob.get("/v1/export", params=user).content
    own = ("updated_at", "version")
    there, here = ([json.loads(line) for line in text.splitlines()[1:]] for text in (before, after))
    assert [without(each, *own) for each in here] == [without(each, *own) for each in there]
    assert [entry["line"] for entry in receipt.json()["records"]] == [2, 3, 4, 5]
    assert [entry["id"] for entry in receipt.json()["records"]] == [each["id"] for each in there]
    assert [memory["content"] for memory in listed(bob, user)] == ["keyed", "third", "second"]
    found = bob.post("/v1/search", json={"query": "third", "scope": user}).json()["results"]
    assert found[0]["memory"]["content"] == "third"


def test_what_is_there_already(alice: httpx.Client, user: dict[str, str]) -> None:
    """`skip` leaves it, `overwrite` replaces the whole record, `fail`, the default, refuses the file with 409."""
    first, second = record(1, user, metadata={"a": 1}, confidence=0.5), record(2, user)
    assert imported(alice, file(first)).json()["counts"]["created"] == 1
    before = alice.get(f"/v1/memories/{first['id']}").json()
    for refused in (imported(alice, file(second, first)), imported(alice, file(second, first), "fail")):
        assert (refused.status_code, refused.json()["line"]) == (409, 3)
        assert alice.get(f"/v1/memories/{second['id']}").status_code == 404
    changed = without({**first, "content": "changed"}, "confidence") | {"metadata": {"b": 2}}
    for created in (1, 0):
        receipt = imported(alice, file(second, changed), "skip").json()
        assert alice.get(f"/v1/memories/{first['id']}").json() == before
        assert receipt["counts"] == {"created": created, "overwritten": 0, "skipped": 2 - created}
    receipt = imported(alice, file(changed), "overwrite").json()
    assert receipt["records"] == [{"line": 2, "id": first["id"], "status": "overwritten"}]
    after = alice.get(f"/v1/memories/{first['id']}").json()
    assert (after["content"], after["metadata"], "confidence" in after) == ("changed", {"b": 2}, False)
    assert after["version"] == before["version"] + 1


def test_what_has_expired_is_left_out(alice: httpx.Client, user: dict[str, str]) -> None:
    """A record that expired since it was exported is skipped, and the receipt still sums up."""
    receipt = imported(alice, file(record(1, user, expires_at="2026-01-02T00:00:00Z"), record(2, user))).json()
    assert receipt["counts"] == {"created": 1, "overwritten": 0, "skipped": 1}
    assert [memory["content"] for memory in listed(alice, user)] == ["fact 2"]


def test_spellings_that_mean_the_same(alice: httpx.Client, user: dict[str, str]) -> None:
    """Nulls for what is absent, spellings of UTC, upper-case digests, no line feed at the end, unknown members."""
    nulls = dict.fromkeys(("key", "expires_at", "supersedes", "superseded_by", "source", "ext"))
    odd = record(1, user, created_at="2026-01-01t00:00:00+00:00", novelty=[1], **nulls)
    odd["scope"] = {**user, "agent_id": None}
    text = file(odd)
    digest = json.loads(text.splitlines()[0])["sha256"]
    assert imported(alice, text.replace(digest.encode(), digest.upper().encode())[:-1]).status_code == 200
    (memory,) = listed(alice, user)
    assert (memory["scope"], memory["created_at"]) == (user, "2026-01-01T00:00:00.000Z")


def damaged(user: dict[str, str]) -> dict[str, tuple[bytes, int]]:
    """Return files that are wrong, each with the line that is."""
    three = [record(number, user) for number in (1, 2, 3)]
    good = file(*three)
    lines = good.splitlines(keepends=True)
    far = {"created_at": "2026-13-01T00:00:00Z"}
    return {
        "nothing": (b"", 1),
        "no manifest": (b"".join(lines[1:]), 1),
        "null": (b"null\n", 1),
        "cut within a line": (good[:-20], 4),
        "cut between lines": (b"".join(lines[:3]), 4),
        "a line too many": (good + lines[2], 5),
        "another order": (lines[0] + lines[2] + lines[1] + lines[3], 1),
        "a changed record": (good.replace(b"fact 2", b"fiction"), 1),
        "an empty line": (lines[0] + b"\n" + b"".join(lines[1:]), 2),
        "no JSON": (lines[0] + b"{]\n" + b"".join(lines[2:]), 2),
        "no UTF-8": (good.replace(b"fact 2", b"fact \xff"), 3),
        "a member twice": (good.replace(b'"content": "fact 2"', b'"content": "a", "content": "fact 2"'), 3),
        "a lone surrogate": (good.replace(b"fact 2", b"\\ud800"), 3),
        "an array": (lines[0] + b"[]\n" + b"".join(lines[2:]), 2),
        "no content": (file(three[0], without(three[1], "content")), 3),
        "an empty scope": (file({**three[0], "scope": {}}), 2),
        "a hostile id": (file(three[0], three[1], {**three[2], "id": "../x"}), 4),
        "an id twice": (file(three[0], three[1], three[0]), 4),
        "a key twice": (file({**three[0], "key": "k"}, {**three[1], "key": "k"}), 3),
        "a date that is none": (file({**three[0], **far}), 2),
        "a leap second": (file({**three[0], "created_at": "2016-12-31T23:59:60Z"}), 2),
        "validity that ends first": (
            file({**three[0], "valid_from": "2026-01-02T00:00:00Z", "valid_to": "2026-01-01T00:00:00Z"}),
            2,
        ),
        "too much content": (file({**three[0], "content": "x" * 65_537}), 2),
        "too much metadata": (file(three[0], {**three[1], "metadata": {"x": "y" * 16_384}}), 3),
        "metadata too deep": (
            file({**three[0], "metadata": {"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": {}}}}}}}}}}),
            2,
        ),
        "too long a key": (file({**three[0], "key": "x" * 257}), 2),
        "too long a scope value": (file({**three[0], "scope": {"user_id": "x" * 257}}), 2),
        "a huge line": (lines[0] + b'"' + b"x" * 5_000_000 + b'"\n', 2),
        "another contract": (file(*three, contract="2.0"), 1),
        "a wrong count": (file(*three, count=2), 4),
        "a wrong digest": (file(*three, sha256="0" * 64), 1),
    }


@pytest.mark.parametrize("name", damaged({"user_id": "u"}))
def test_a_damaged_file_is_refused_whole(alice: httpx.Client, user: dict[str, str], name: str) -> None:
    """The problem names the line, and nothing of the file is stored."""
    content, line = damaged(user)[name]
    answer = imported(alice, content)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert (answer.json()["line"], f"line {line} " in answer.json()["detail"]) == (line, True), answer.text
    assert listed(alice, user) == []
    assert alice.get("/v1/export", params=user).json()["count"] == 0


def test_a_conflict_of_keys_is_a_conflict(alice: httpx.Client, user: dict[str, str]) -> None:
    """A key that another memory has in the same exact scope is taken."""
    alice.put("/v1/keyed", params={**user, "key": "k"}, json={"content": "here"})
    answer = imported(alice, file(record(1, user, key="k")))
    assert (answer.status_code, answer.json()["line"]) == (409, 2)
    assert imported(alice, file(record(1, {**user, "app_id": "x"}, key="k"))).status_code == 200


@pytest.mark.parametrize(("query", "status"), [("on_conflict=merge", 422), ("user_id=u", 422), ("on_conflict=", 422)])
def test_wrong_parameters_are_refused(alice: httpx.Client, query: str, status: int) -> None:
    """An unknown way to settle conflicts, or an unknown parameter, imports nothing."""
    assert alice.post(f"/v1/import?{query}", content=file(), headers=LINES).status_code == status


def test_another_media_type_is_415(alice: httpx.Client) -> None:
    """The body has to be lines of JSON, and say so."""
    answer = alice.post("/v1/import", content=file(), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.headers["accept"]) == (415, "application/x-ndjson")


def test_the_limit_of_a_file_is_exact(run_server: Callable[..., Any]) -> None:
    """A file of `import_bytes` is taken; one byte more is 413, announced or not, and nothing is stored."""
    content = file(*[record(number, {"user_id": "u"}) for number in range(20)])
    server = run_server("--limit", f"import_bytes={len(content)}", "--limit", "request_bytes=1000")
    with server.client() as client:
        assert client.get("/v1/capabilities").json()["limits"]["import_bytes"] == len(content)
        for body in (content + b"\n", iter([content, b"\n"])):
            answer = client.post("/v1/import", content=body, headers=LINES)
            assert answer.status_code == 413
            assert "limits.import_bytes" in answer.json()["detail"]
        assert listed(client, {"user_id": "u"}) == []
        assert imported(client, content).json()["counts"]["created"] == 20


def test_a_repeat_with_a_key_imports_once(alice: httpx.Client, user: dict[str, str]) -> None:
    """The same bytes under the same key get the same receipt; other bytes are 422; after an erasure it is 410."""
    content, headers = file(record(1, user)), {"Idempotency-Key": f"i{user}"[:200]}
    first, second = (imported(alice, content, **headers) for _ in range(2))
    assert (second.status_code, second.content) == (200, first.content)
    assert imported(alice, file(record(2, user)), **headers).status_code == 422
    erased(alice, user)
    assert imported(alice, content, **headers).status_code == 410
    assert listed(alice, user) == []


def test_a_large_file_goes_in_as_one(run_server: Callable[..., Any], tmp_path: Path) -> None:
    """Thousands of records are there after one request, also after a kill right behind the answer."""
    content = file(*[record(number % 1000, {"user_id": "u"}, id=f"id-{number}") for number in range(3_000)])
    server = run_server("--data", tmp_path / "m.db")
    with server.client() as client:
        began = time.monotonic()
        assert imported(client, content).json()["counts"]["created"] == 3_000
        assert time.monotonic() - began < 60
    server.kill()
    with run_server("--data", tmp_path / "m.db").client() as client:
        assert client.get("/v1/scopes").json()["items"] == [{"scope": {"user_id": "u"}, "memories": 3_000}]
