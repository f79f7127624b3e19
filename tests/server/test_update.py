"""PATCH: merge patch as RFC 7396 has it, the server's own members, versions, refusals that change nothing."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memconform_server.equality import same_json
from memconform_server.rules.patches import merged
from memconform_server.settings import Limits

if TYPE_CHECKING:
    import httpx

LIMITS = Limits()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "é"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(st.sampled_from("abc"), JSON, max_size=3)

RFC_7396 = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]  # fmt: skip


@pytest.mark.parametrize(("target", "patch", "result"), RFC_7396)
def test_the_examples_of_the_rfc(target: Any, patch: Any, result: Any) -> None:
    """Appendix A of RFC 7396, case for case; the target itself stays as it was."""
    before = copy.deepcopy(target)
    assert merged(target, patch) == result
    assert target == before


def oracle(target: Any, patch: Any) -> Any:
    """Return what the pseudo-code of RFC 7396 section 2 makes of it, line for line."""
    if isinstance(patch, dict):
        if not isinstance(target, dict):
            target = {}
        target = copy.deepcopy(target)
        for name, value in patch.items():
            if value is None:
                if name in target:
                    del target[name]
            else:
                target[name] = oracle(target.get(name), value)
        return target
    return patch


@given(metadata=OBJECTS, patch=OBJECTS)
@settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_metadata_merges(
    alice: httpx.Client, user: dict[str, str], metadata: dict[str, Any], patch: dict[str, Any]
) -> None:
    """Any patch of any metadata gives what the RFC says, and a version exactly where that differs."""
    path, before = added(alice, user, metadata=metadata)
    answer = alice.patch(path, json={"metadata": patch})
    assert answer.status_code == 200, answer.text
    expected = oracle(metadata, patch)
    assert same_json(answer.json()["metadata"], expected)
    assert answer.json()["version"] == (1 if same_json(metadata, expected) else 2)
    assert answer.json() == alice.get(path).json()
    assert answer.json() | {name: before[name] for name in ("metadata", "version", "updated_at")} == before


def added(client: httpx.Client, scope: dict[str, str], **members: Any) -> tuple[str, dict[str, Any]]:
    """Add a memory; return its path and its document."""
    answer = client.post("/v1/memories", json={"content": "x", "scope": scope, **members})
    assert answer.status_code == 201, answer.text
    document: dict[str, Any] = answer.json()
    return answer.headers["location"], document


FULL = {
    "metadata": {"a": {"b": 1}, "c": [1]},
    "confidence": 0.5,
    "expires_at": "2099-01-01T00:00:00.123456Z",
    "valid_from": "2026-01-01T00:00:00.000001Z",
    "valid_to": "2027-01-01T00:00:00.000Z",
    "source": {"method": "verbatim"},
    "ext": {"com.example": {"a": 1, "b": 2}},
}
PATCHES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "content": ({"content": "e\u0301 \r\n"}, {"content": "e\u0301 \r\n"}),
    "metadata to nothing": ({"metadata": None}, {"metadata": {}}),
    "metadata in depth": ({"metadata": {"a": {"b": None, "d": 2}}}, {"metadata": {"a": {"d": 2}, "c": [1]}}),
    "confidence": ({"confidence": 1}, {"confidence": 1.0}),
    "confidence away": ({"confidence": None}, {"confidence": None}),
    "expiry": ({"expires_at": "2098-01-01T02:00:00+02:00"}, {"expires_at": "2098-01-01T00:00:00.000Z"}),
    "no expiry": ({"expires_at": None}, {"expires_at": None}),
    "validity": (
        {"valid_from": None, "valid_to": "2028-01-01T00:00:00.5Z"},
        {"valid_from": None, "valid_to": "2028-01-01T00:00:00.500Z"},
    ),
    "ext in depth": ({"ext": {"com.example": {"a": None}}}, {"ext": {"com.example": {"b": 2}}}),
    "ext away": ({"ext": None}, {"ext": None}),
    "several": ({"content": "y", "confidence": None}, {"content": "y", "confidence": None}),
}


@pytest.mark.parametrize("name", PATCHES)
def test_what_a_patch_names_changes_and_nothing_else(alice: httpx.Client, user: dict[str, str], name: str) -> None:
    """Absent keeps, null removes; the version rises by one and `updated_at` strictly."""
    path, before = added(alice, user, **FULL)
    patch, expected = PATCHES[name]
    answer = alice.patch(path, json=patch, headers={"Content-Type": "application/merge-patch+json"})
    assert answer.status_code == 200, answer.text
    after = answer.json()
    wanted = before | expected | {"version": 2, "updated_at": after["updated_at"]}
    assert after == {member: value for member, value in wanted.items() if value is not None}
    assert after["updated_at"] > before["updated_at"]
    assert alice.get(path).json() == after
    again = alice.patch(path, json=patch)
    assert (again.status_code, again.json()) == (200, after)


UNCHANGING = [
    {},
    {"content": "x"},
    {"metadata": {}},
    {"metadata": {"nothing": None}},
    {"metadata": {"c": [1.0]}},
    {"confidence": 0.50},
    {"expires_at": "2099-01-01T01:00:00.123456+01:00"},
    {"ext": {"com.example": {"b": 2, "a": 1}}},
    {"mood": "an unknown member"},
]  # fmt: skip


@pytest.mark.parametrize("patch", UNCHANGING, ids=str)
def test_a_patch_that_changes_nothing_raises_nothing(
    alice: httpx.Client, user: dict[str, str], patch: dict[str, Any]
) -> None:
    """Neither version nor `updated_at` nor history move."""
    path, before = added(alice, user, **FULL)
    answer = alice.patch(path, json=patch)
    assert (answer.status_code, answer.json()) == (200, before)
    assert len(alice.get(f"{path}/history").json()["items"]) == 1


def test_true_is_not_one(alice: httpx.Client, user: dict[str, str]) -> None:
    """Python takes them for equal; JSON does not."""
    path, _ = added(alice, user, metadata={"a": 1})
    assert alice.patch(path, json={"metadata": {"a": True}}).json()["version"] == 2
    assert alice.get(path).json()["metadata"]["a"] is True


OWN = {
    "id": "another",
    "key": "k",
    "created_at": "2020-01-01T00:00:00Z",
    "updated_at": "2020-01-01T00:00:00Z",
    "version": 9,
    "superseded_by": "another",
    "scope": {"user_id": "another"},
    "supersedes": ["another"],
    "source": {"method": "inferred"},
}


@pytest.mark.parametrize("name", OWN)
def test_own_members_are_refused_unless_they_are_the_same(alice: httpx.Client, user: dict[str, str], name: str) -> None:
    """Another value, or null for one that is there, is 422 and changes nothing; the present value does no harm."""
    path, before = added(alice, user, **FULL)
    values = [OWN[name]] if name not in before else [OWN[name], None]
    for value in values:
        refused = alice.patch(path, json={"content": "changed", name: value})
        assert refused.status_code == 422
        assert [each["pointer"] for each in refused.json()["errors"]] == [f"/{name}"]
    assert alice.get(path).json() == before
    taken = alice.patch(path, json={"content": "changed", name: before.get(name)})
    assert (taken.status_code, taken.json()["content"]) == (200, "changed")


def test_a_whole_memory_can_be_sent_back(alice: httpx.Client, user: dict[str, str]) -> None:
    """Read, change one member, send everything: what clients do."""
    path, before = added(alice, user, **FULL)
    answer = alice.patch(path, json=before | {"content": "y"})
    assert (answer.status_code, answer.json()["content"], answer.json()["version"]) == (200, "y", 2)


WRONG: dict[str, tuple[Any, str]] = {
    "no object": ([], ""),
    "a number": (0, ""),
    "text": ("x", ""),
    "no content": ({"content": None}, "/content"),
    "empty content": ({"content": ""}, "/content"),
    "content too long": ({"content": "x" * (LIMITS.content_bytes + 1)}, "/content"),
    "metadata is an array": ({"metadata": []}, "/metadata"),
    "metadata too large": ({"metadata": {"more": "x" * (LIMITS.metadata_bytes - 20)}}, "/metadata"),
    "metadata too deep": ({"metadata": {"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": {}}}}}}}}}}, "/metadata"),
    "confidence": ({"confidence": 2}, "/confidence"),
    "past expiry": ({"expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"),
    "no timestamp": ({"valid_from": "now"}, "/valid_from"),
    "leap second": ({"valid_to": "2016-12-31T23:59:60Z"}, "/valid_to"),
    "ends before it begins": ({"valid_to": "2025-01-01T00:00:00Z"}, "/valid_to"),
    "ext is text": ({"ext": "x"}, "/ext"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_patch_changes_nothing(alice: httpx.Client, user: dict[str, str], name: str) -> None:
    """It is 422, the pointer says where; limits count for what would be there after the merge."""
    path, before = added(alice, user, **FULL)
    patch, pointer = WRONG[name]
    answer = alice.patch(path, json=patch)
    assert answer.status_code == 422, answer.text
    assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]
    assert alice.get(path).json() == before


def test_ext_does_not_grow_without_end(alice: httpx.Client, user: dict[str, str]) -> None:
    """Patches cannot make a record larger than any body that is taken."""
    path, _ = added(alice, user)
    statuses = [alice.patch(path, json={"ext": {str(n): "x" * 600_000}}).status_code for n in range(2)]
    assert statuses == [200, 422]


def test_media_types_and_unknown_ids(alice: httpx.Client, bob: httpx.Client, user: dict[str, str]) -> None:
    """Merge patch and JSON are taken, others are 415; an unknown id, or somebody else's, is 404."""
    path, before = added(alice, user)
    for media_type in ("text/plain", "application/json-patch+json", "application/x-ndjson"):
        answer = alice.patch(path, content=b'{"content":"y"}', headers={"Content-Type": media_type})
        assert answer.status_code == 415
        assert "application/merge-patch+json" in answer.headers["accept-patch"]
    assert alice.patch("/v1/memories/unknown", json={"content": "y"}).status_code == 404
    assert alice.patch("/v1/memories/%00", json={"content": "y"}).status_code == 404
    assert bob.patch(path, json={"content": "y"}).status_code == 404
    assert bob.get(f"{path}/history").status_code == 404
    assert alice.get(path).json() == before


def test_history_tells_every_version(alice: httpx.Client, user: dict[str, str]) -> None:
    """One entry for each accepted change, oldest first, the last one like the memory; pages of one make the same."""
    path, first = added(alice, user, metadata={"n": 0})
    last = first
    for n in range(1, 4):
        last = alice.patch(path, json={"content": f"text {n}", "metadata": {"n": n}}).json()
        alice.patch(path, json={"content": f"text {n}"})
        alice.patch(path, json={"version": 99})
    entries = alice.get(f"{path}/history").json()["items"]
    assert [each["version"] for each in entries] == [1, 2, 3, 4]
    assert [each["operation"] for each in entries] == ["add", "update", "update", "update"]
    assert (entries[0]["content"], entries[0]["at"]) == (first["content"], first["created_at"])
    assert entries[-1] == {name: last[name] for name in ("version", "content", "metadata")} | {
        "operation": "update",
        "at": last["updated_at"],
    }
    seen, cursor = [], None
    while True:
        page = alice.get(f"{path}/history", params={"limit": 1} | ({"cursor": cursor} if cursor else {})).json()
        seen += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        _borrowed(alice, user, cursor)
    assert seen == entries
    assert alice.get(f"{path}/history", params={"limit": 0}).status_code == 422
    alice.delete(path)
    assert alice.get(f"{path}/history").status_code == 404


def _borrowed(alice: httpx.Client, user: dict[str, str], cursor: str) -> None:
    other, _ = added(alice, user)
    assert alice.get(f"{other}/history", params={"cursor": cursor}).status_code == 400
    assert alice.get("/v1/memories", params=user | {"cursor": cursor}).status_code == 400


def test_a_changed_memory_is_found_by_its_new_text(alice: httpx.Client, user: dict[str, str]) -> None:
    """The index follows the content, and the list does not move."""
    path, _ = added(alice, user, content="the cat sleeps on the sofa")
    _, other = added(alice, user, content="quarterly revenue forecast")
    changed = alice.patch(path, json={"content": "our zebra lives in Kenya"}).json()
    found = alice.post("/v1/search", json={"query": "zebra Kenya", "scope": user}).json()["results"]
    assert found[0]["memory"] == changed
    assert alice.get("/v1/memories", params=user).json()["items"] == [other, changed]
