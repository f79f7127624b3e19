"""Batches: a status for each item, in order; the same state as one by one; a bad item harms no other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from memconform.contract import validator
from memconform_server.settings import Limits

if TYPE_CHECKING:
    import httpx

LIMITS = Limits()


def run(client: httpx.Client, *operations: Any) -> list[dict[str, Any]]:
    """Run a batch; return its results, of the right shape and in the right order."""
    answer = client.post("/v1/batch", json={"operations": operations})
    assert answer.status_code == 200, answer.text
    assert validator("batch-response").errors(answer.json()) == []
    results: list[dict[str, Any]] = answer.json()["results"]
    assert [each["index"] for each in results] == list(range(len(operations)))
    for each in results:
        assert ("problem" in each) == (each["status"] >= 400)
        if "problem" in each:
            assert each["problem"]["status"] == each["status"]
    return results


def adding(content: str, scope: dict[str, str], **members: Any) -> dict[str, Any]:
    """Return an item that adds."""
    return {"op": "add", "memory": {"content": content, "scope": scope, **members}}


def test_each_operation_has_its_status(alice: httpx.Client, user: dict[str, str]) -> None:
    """201 with memory and tag, 200 with memory and tag, 204 with nothing: as single requests answer."""
    one, two = run(alice, adding("a", user), adding("b", user, metadata={"n": 1}))
    assert [one["status"], two["status"]] == [201, 201]
    path = f"/v1/memories/{two['memory']['id']}"
    assert (alice.get(path).json(), alice.get(path).headers["etag"]) == (two["memory"], two["etag"])
    changed, gone = run(
        alice,
        {"op": "update", "id": two["memory"]["id"], "patch": {"metadata": {"n": 2}}, "if_match": two["etag"]},
        {"op": "delete", "id": one["memory"]["id"]},
    )
    assert [changed["status"], gone] == [200, {"index": 1, "status": 204}]
    assert (alice.get(path).json(), alice.get(path).headers["etag"]) == (changed["memory"], changed["etag"])
    assert alice.get("/v1/memories", params=user).json()["items"] == [changed["memory"]]


def test_later_items_see_earlier_ones(alice: httpx.Client, user: dict[str, str]) -> None:
    """The same memory may be changed twice and deleted in one batch; versions have no gap, instants rise."""
    memory = run(alice, adding("a", user))[0]["memory"]
    update = {"op": "update", "id": memory["id"]}
    results = run(
        alice,
        update | {"patch": {"content": "b"}},
        update | {"patch": {"content": "b"}},
        update | {"patch": {"content": "c"}},
    )
    assert [each["memory"]["version"] for each in results] == [2, 2, 3]
    stamps = [memory["updated_at"], results[0]["memory"]["updated_at"], results[2]["memory"]["updated_at"]]
    assert stamps == sorted(set(stamps))
    entries = alice.get(f"/v1/memories/{memory['id']}/history").json()["items"]
    assert [each["content"] for each in entries] == ["a", "b", "c"]
    delete = {"op": "delete", "id": memory["id"]}
    assert [each["status"] for each in run(alice, delete, delete, update | {"patch": {}})] == [204, 404, 404]


def bad_items(present: dict[str, Any], scope: dict[str, str]) -> dict[str, tuple[Any, int, str | None]]:
    """Return items that are wrong each in its way, with the status and the pointer that they deserve."""
    update = {"op": "update", "id": present["id"]}
    return {
        "no object": ("add", 422, "/op"),
        "null": (None, 422, "/op"),
        "no op": ({}, 422, "/op"),
        "unknown op": ({"op": "upsert"}, 422, "/op"),
        "op is a list": ({"op": ["add"]}, 422, "/op"),
        "no memory": ({"op": "add"}, 422, "/memory"),
        "empty content": (adding("", scope), 422, "/memory/content"),
        "content too long": (adding("x" * (LIMITS.content_bytes + 1), scope), 422, "/memory/content"),
        "own member": (adding("x", scope, version=3), 422, "/memory/version"),
        "supersedes nobody": (adding("x", scope, supersedes=["nobody"]), 422, "/memory/supersedes"),
        "unknown id": ({"op": "delete", "id": "unknown"}, 404, None),
        "id that cannot be": ({"op": "delete", "id": "a/b"}, 404, None),
        "id is a number": ({"op": "delete", "id": 7}, 422, "/id"),
        "no id": ({"op": "update", "patch": {}}, 422, "/id"),
        "no patch": (update, 422, "/patch"),
        "wrong patch": (update | {"patch": {"content": ""}}, 422, "/patch/content"),
        "patch of an own member": (update | {"patch": {"id": "other"}}, 422, "/patch/id"),
        "stale": (update | {"patch": {"content": "y"}, "if_match": '"stale"'}, 412, None),
        "weak": ({"op": "delete", "id": present["id"], "if_match": 'W/"a"'}, 412, None),
        "condition is a number": ({"op": "delete", "id": present["id"], "if_match": 1}, 422, "/if_match"),
        "condition on nobody": ({"op": "delete", "id": "unknown", "if_match": "*"}, 404, None),
    }


def test_a_bad_item_harms_no_other(alice: httpx.Client, user: dict[str, str]) -> None:
    """Between good items, every kind of bad one is answered in its place, and leaves nothing."""
    present = run(alice, adding("present", user))[0]["memory"]
    bad = bad_items(present, user)
    items = [item for name, (wrong, _, _) in bad.items() for item in (adding(f"before {name}", user), wrong)]
    results = run(alice, *items)
    for place, (name, (_, status, pointer)) in enumerate(bad.items()):
        good, wrong = results[2 * place], results[2 * place + 1]
        assert (name, good["status"], wrong["status"]) == (name, 201, status)
        if pointer is not None:
            pointers = [each["pointer"] for each in wrong["problem"]["errors"]]
            expected = f"/operations/{2 * place + 1}{pointer}"
            assert (name, all(each.startswith(expected) for each in pointers)) == (name, True)
    kept = [each["memory"] for each in results if each["status"] == 201]
    listed = alice.get("/v1/memories", params=user | {"limit": 200}).json()["items"]
    assert listed == [*kept[::-1], present]


def test_a_batch_is_as_good_as_its_items_one_by_one(
    alice: httpx.Client, bob: httpx.Client, user: dict[str, str]
) -> None:
    """The same work in a batch and in single requests leaves the same records but for ids and instants."""
    drafts = [{"content": f"text {n}", "scope": user, "metadata": {"n": n}} for n in range(4)]
    ids = [each["memory"]["id"] for each in run(alice, *({"op": "add", "memory": draft} for draft in drafts))]
    run(
        alice,
        {"op": "update", "id": ids[0], "patch": {"content": "changed", "metadata": None}},
        {"op": "update", "id": ids[1], "patch": {"content": "text 1"}},
        {"op": "delete", "id": ids[2]},
        adding("instead", user, supersedes=[ids[3]]),
    )
    paths = [bob.post("/v1/memories", json=draft).headers["location"] for draft in drafts]
    bob.patch(paths[0], json={"content": "changed", "metadata": None})
    bob.patch(paths[1], json={"content": "text 1"})
    bob.delete(paths[2])
    bob.post("/v1/memories", json={"content": "instead", "scope": user, "supersedes": [paths[3].rpartition("/")[2]]})
    states: list[list[tuple[Any, ...]]] = []
    for client in (alice, bob):
        items = client.get("/v1/memories", params=user).json()["items"]
        states.append([(each["content"], each["metadata"], each["version"]) for each in items])
        found = client.post("/v1/search", json={"query": "changed text", "scope": user}).json()["results"]
        states[-1] += [(each["memory"]["content"], each["score"]) for each in found]
    assert states[0] == states[1]


def test_the_number_of_items_is_bounded(alice: httpx.Client, user: dict[str, str]) -> None:
    """As many as declared are done; one more is 422, and none of them is."""
    items = [adding(str(n), user) for n in range(LIMITS.batch + 1)]
    refused = alice.post("/v1/batch", json={"operations": items})
    assert refused.status_code == 422
    assert alice.get("/v1/memories", params=user).json()["items"] == []
    assert {each["status"] for each in run(alice, *items[1:])} == {201}
    assert len(alice.get("/v1/memories", params=user | {"limit": 200}).json()["items"]) == LIMITS.batch
    assert run(alice) == []


@pytest.mark.parametrize("body", [{}, [], None, {"operations": None}, {"operations": {}}], ids=str)
def test_what_is_no_batch_is_refused(alice: httpx.Client, body: Any) -> None:
    """A body without a list of operations is 422 as a whole."""
    content = b"null" if body is None else None
    headers = {"Content-Type": "application/json"}
    arguments = {"content": content} if content else {"json": body}
    assert alice.post("/v1/batch", **arguments, headers=headers).status_code == 422


def test_another_principal_is_nobody_here(alice: httpx.Client, bob: httpx.Client, user: dict[str, str]) -> None:
    """Items on another principal's memories are 404, in the words of any unknown id."""
    memory = run(alice, adding("a", user))[0]["memory"]
    results = run(
        bob,
        {"op": "update", "id": memory["id"], "patch": {"content": "b"}},
        {"op": "update", "id": "unknown", "patch": {"content": "b"}},
        {"op": "delete", "id": memory["id"]},
        {"op": "delete", "id": "unknown"},
    )
    assert [each["status"] for each in results] == [404] * 4
    assert len({str(each["problem"]) for each in results}) == 1
    assert alice.get(f"/v1/memories/{memory['id']}").json() == memory
