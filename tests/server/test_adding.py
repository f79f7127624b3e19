"""What goes in comes out: content by code point, metadata by value, members as given."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    import httpx

SCALARS = st.characters(codec="utf-8")
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
METADATA = st.dictionaries(
    st.text(SCALARS, max_size=8),
    st.recursive(
        st.none() | st.booleans() | NUMBERS | st.text(SCALARS, max_size=12),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(SCALARS, max_size=4), inner, max_size=3),
        max_leaves=6,
    ),
    max_size=4,
)  # fmt: skip
TEXTS = [
    " padded \t",
    "line\r\nline\rline\n",
    "e\u0301 and \u00e9",
    "\ufeffbom",
    "nul\x00in",
    "\x01\x1f\x7f\x85\u2028",
    "👩‍👩‍👧‍👦 🏳️‍🌈",
    "שלום \u202eabc\u202c مرحبا",
    "𝒳𐍈\U0010ffff\ufffe\uffff",
    "null",
    "{}",
    "'; DROP TABLE memories; --",
]
BOUNDED = settings(
    max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def same(left: Any, right: Any) -> bool:
    """Compare JSON by value: numbers numerically, and a boolean is no number."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[name], right[name]) for name in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)


@pytest.mark.parametrize("text", TEXTS)
def test_content_comes_back_code_point_for_code_point(alice: httpx.Client, user: dict[str, str], text: str) -> None:
    """Nothing trims, normalises or translates content, on the way in, in a get, a list or a search."""
    added = alice.post("/v1/memories", json={"content": text, "scope": user})
    assert added.status_code == 201
    found = alice.post("/v1/search", json={"query": text, "scope": user}).json()["results"]
    assert [added.json()["content"], found[0]["memory"]["content"]] == [text, text]
    assert alice.get(added.headers["location"]).json() == added.json() == found[0]["memory"]
    assert alice.get("/v1/memories", params=user).json()["items"] == [added.json()]


@given(content=st.text(SCALARS, min_size=1, max_size=40), metadata=METADATA)
@BOUNDED
def test_content_and_metadata_round_trip(
    alice: httpx.Client, user: dict[str, str], content: str, metadata: dict[str, Any]
) -> None:
    """Any Unicode text and any JSON object come back with the same value."""
    added = alice.post("/v1/memories", json={"content": content, "scope": user, "metadata": metadata})
    assert added.status_code == 201, added.text
    stored = alice.get(added.headers["location"]).json()
    assert stored["content"] == content
    assert same(stored["metadata"], metadata)


@pytest.mark.parametrize(
    "literal",
    ["0", "-0.0", "1.0", "1E5", "1e-7", "5e-324", "1.7976931348623157e308", "0.1", "9007199254740993",
     "9007199254740993.0", "-9007199254740993e0", "123456789012345678901234567890", "1" * 309, "1e300", "1e22",
     "0." + "0" * 2000 + "1", "1." + "3" * 2000],
)  # fmt: skip
def test_numbers_keep_their_value(alice: httpx.Client, user: dict[str, str], literal: str) -> None:
    """Integers are kept exactly however large; other numbers are the binary64 value of their literal."""
    draft = f'{{"content":"n","scope":{json.dumps(user)},"metadata":{{"n":{literal}}}}}'
    answer = alice.post("/v1/memories", content=draft, headers={"Content-Type": "application/json"})
    assert answer.status_code == 201, answer.text
    stored = json.loads(alice.get(answer.headers["location"]).text)["metadata"]["n"]
    whole = re.fullmatch(r"(-?\d+)(?:\.0|e0)?", literal)
    assert stored == (int(whole[1]) if whole else float(literal))


def test_optional_members_come_back(alice: httpx.Client, user: dict[str, str]) -> None:
    """Confidence, times, source and vendor members are kept; instants come back in UTC, to the microsecond."""
    draft = {
        "content": "x",
        "scope": user,
        "confidence": 0.25,
        "valid_from": "2026-01-01t01:00:00.5+01:00",
        "valid_to": "9999-12-31T23:59:59.0000019Z",
        "expires_at": "2098-12-31T23:30:00.123456-00:30",
        "source": {"method": "verbatim", "memory_ids": [], "message_ids": ["m1"]},
        "ext": {"com.example": {"a": [1, None]}},
    }
    stored = alice.get(alice.post("/v1/memories", json=draft).headers["location"]).json()
    assert stored["valid_from"] == "2026-01-01T00:00:00.500Z"
    assert stored["valid_to"] == "9999-12-31T23:59:59.000001Z"
    assert stored["expires_at"] == "2099-01-01T00:00:00.123456Z"
    assert {name: stored[name] for name in ("confidence", "source", "ext")} == {
        name: draft[name] for name in ("confidence", "source", "ext")
    }


def test_expiry_is_at_once(alice: httpx.Client, user: dict[str, str]) -> None:
    """Until its expiry a memory is everywhere, from then on nowhere; it leaves no room and no history."""
    stays = alice.post("/v1/memories", json={"content": "a tin of green tea", "scope": user}).json()
    soon = datetime.now(UTC) + timedelta(seconds=1)
    goes = {"content": "a cup of green tea", "scope": user, "expires_at": soon.isoformat()}
    path = alice.post("/v1/memories", json=goes).headers["location"]
    search = {"query": "a cup of green tea", "scope": user, "top_k": 1}
    assert alice.post("/v1/search", json=search).json()["results"][0]["memory"] == alice.get(path).json()
    assert len(alice.get("/v1/memories", params=user).json()["items"]) == 2
    time.sleep(max(0.0, (soon - datetime.now(UTC)).total_seconds()))
    assert [alice.get(each).status_code for each in (path, f"{path}/history")] == [404, 404]
    assert [alice.patch(path, json={"content": "y"}).status_code, alice.delete(path).status_code] == [404, 404]
    assert alice.get("/v1/memories", params=user).json()["items"] == [stays]
    assert [each["memory"] for each in alice.post("/v1/search", json=search).json()["results"]] == [stays]


def test_superseding_hides_and_deleting_restores(alice: httpx.Client, user: dict[str, str]) -> None:
    """The old memory is out of list and search, and readable by id with its successor; then it is back."""
    old = alice.post("/v1/memories", json={"content": "lives in Rome", "scope": user}).json()
    draft = {"content": "lives in Oslo", "scope": user, "supersedes": [old["id"]]}
    new = alice.post("/v1/memories", json=draft).json()
    assert new["supersedes"] == [old["id"]]
    hidden = alice.get(f"/v1/memories/{old['id']}").json()
    changed = {"superseded_by": new["id"], "version": 2, "updated_at": hidden["updated_at"]}
    assert hidden == old | changed
    assert alice.get("/v1/memories", params=user).json()["items"] == [new]
    search = {"query": "lives in Rome", "scope": user}
    assert [each["memory"] for each in alice.post("/v1/search", json=search).json()["results"]] == [new]
    again = alice.post("/v1/memories", json=draft)
    assert (again.status_code, again.json()["errors"][0]["pointer"]) == (422, "/supersedes/0")
    twice = draft | {"supersedes": [new["id"], new["id"]]}
    assert alice.post("/v1/memories", json=twice).status_code == 422
    elsewhere = draft | {"scope": user | {"agent_id": "a"}, "supersedes": [new["id"]]}
    assert alice.post("/v1/memories", json=elsewhere).status_code == 422
    alice.delete(f"/v1/memories/{new['id']}")
    restored = alice.get(f"/v1/memories/{old['id']}").json()
    assert restored == old | {"version": 3, "updated_at": restored["updated_at"]}
    assert alice.get("/v1/memories", params=user).json()["items"] == [restored]


def test_a_record_tells_its_times(alice: httpx.Client, user: dict[str, str]) -> None:
    """A new record is of now, in UTC, and its version is 1."""
    answer = alice.post("/v1/memories", json={"content": "x", "scope": user})
    record = answer.json()
    created = datetime.fromisoformat(record["created_at"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record["created_at"])
    assert abs(created - parsedate_to_datetime(answer.headers["date"])) < timedelta(seconds=5)
    assert abs(created - datetime.now(UTC)) < timedelta(seconds=5)
    assert (record["updated_at"], record["version"]) == (record["created_at"], 1)


def test_ids_are_url_safe_and_never_used_again(alice: httpx.Client, user: dict[str, str]) -> None:
    """Ids are UUIDv7; deleting a memory frees its id for nobody."""
    seen = set()
    for _ in range(30):
        answer = alice.post("/v1/memories", json={"content": "x", "scope": user})
        identifier = answer.json()["id"]
        assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", identifier)
        assert answer.headers["location"] == f"/v1/memories/{identifier}"
        seen.add(identifier)
        assert alice.delete(answer.headers["location"]).status_code == 204
    assert len(seen) == 30


def test_deleted_is_gone_everywhere(alice: httpx.Client, user: dict[str, str]) -> None:
    """After a delete neither get, list nor search know the memory, and a second delete is 404."""
    keep = alice.post("/v1/memories", json={"content": "the cat is called Tom", "scope": user}).json()
    path = alice.post("/v1/memories", json={"content": "the dog is called Rex", "scope": user}).headers["location"]
    assert len(alice.post("/v1/search", json={"query": "dog Rex", "scope": user}).json()["results"]) == 2
    deleted = alice.delete(path)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert [alice.get(path).status_code, alice.delete(path).status_code] == [404, 404]
    assert alice.get("/v1/memories", params=user).json() == {"items": [keep], "next_cursor": None}
    found = alice.post("/v1/search", json={"query": "the dog is called Rex", "scope": user}).json()["results"]
    assert [each["memory"]["id"] for each in found] == [keep["id"]]
