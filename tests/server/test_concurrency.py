"""Conditional requests: tags that change exactly when the memory does, conditions that hold under a crowd."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from tests.server.conftest import ALICE

from memconform_server.entity_tags import EntityTags

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx
    from tests.server.conftest import Server

STALE = '"0123"'


def added(client: httpx.Client, scope: dict[str, str], **members: Any) -> tuple[str, httpx.Response]:
    """Add a memory; return its path and the answer."""
    answer = client.post("/v1/memories", json={"content": "x", "scope": scope, **members})
    assert answer.status_code == 201, answer.text
    return answer.headers["location"], answer


def test_a_tag_changes_exactly_when_the_memory_does(alice: httpx.Client, user: dict[str, str]) -> None:
    """The same on every answer with the same memory; another one after each change, and never an old one again."""
    path, answer = added(alice, user, metadata={"b": 1, "a": 2})
    tags = [answer.headers["etag"]]
    for patch in ({"metadata": {"a": 3}}, {"metadata": {"a": 2}}, {"confidence": 0.5}, {"content": "y"}):
        assert alice.get(path).headers["etag"] == alice.get(path).headers["etag"] == tags[-1]
        assert alice.patch(path, json={}).headers["etag"] == tags[-1]
        tags.append(alice.patch(path, json=patch).headers["etag"])
    assert len(set(tags)) == len(tags)
    assert all(tag.startswith('"') and tag.endswith('"') for tag in tags)


def test_being_superseded_changes_the_tag(alice: httpx.Client, user: dict[str, str]) -> None:
    """Superseding and restoring are changes, too."""
    path, old = added(alice, user)
    new, _ = added(alice, user, supersedes=[old.json()["id"]])
    superseded = alice.get(path)
    assert superseded.json()["superseded_by"] == new.rpartition("/")[2]
    alice.delete(new)
    restored = alice.get(path)
    assert len({each.headers["etag"] for each in (old, superseded, restored)}) == 3
    assert [superseded.json()["version"], restored.json()["version"]] == [2, 3]


Headers = dict[str, str] | list[tuple[str, str]]
MATCHING: dict[str, Callable[[str], Headers]] = {
    "the tag": lambda tag: {"If-Match": tag},
    "one of a list": lambda tag: {"If-Match": f'"a",{STALE} ,  {tag}'},
    "a comma in another tag": lambda tag: {"If-Match": f'"a,b", {tag}'},
    "two fields": lambda tag: [("If-Match", STALE), ("If-Match", tag)],
    "any": lambda _: {"If-Match": "*"},
}
FAILING: dict[str, Callable[[str], Headers]] = {
    "stale": lambda _: {"If-Match": STALE},
    "weak": lambda tag: {"If-Match": f"W/{tag}"},
    "weak in a list": lambda tag: {"If-Match": f"{STALE}, W/{tag}"},
    "without quotes": lambda tag: {"If-Match": tag.strip('"')},
    "no list": lambda tag: {"If-Match": f"{tag} {tag}"},
    "a quoted star": lambda _: {"If-Match": '"*"'},
    "empty": lambda _: {"If-Match": ""},
}


@pytest.mark.parametrize("name", MATCHING)
def test_a_condition_that_holds_goes_through(alice: httpx.Client, user: dict[str, str], name: str) -> None:
    """On PATCH, on PUT and on DELETE."""
    headers = MATCHING[name]
    path, answer = added(alice, user)
    answer = alice.patch(path, json={"content": "y"}, headers=headers(answer.headers["etag"]))
    assert answer.status_code == 200
    assert alice.delete(path, headers=headers(answer.headers["etag"])).status_code == 204
    place = user | {"key": "k"}
    answer = alice.put("/v1/keyed", params=place, json={"content": "a"})
    answer = alice.put("/v1/keyed", params=place, json={"content": "b"}, headers=headers(answer.headers["etag"]))
    assert answer.status_code == 200
    assert alice.delete("/v1/keyed", params=place, headers=headers(answer.headers["etag"])).status_code == 204


@pytest.mark.parametrize("name", FAILING)
def test_a_condition_that_fails_changes_nothing(alice: httpx.Client, user: dict[str, str], name: str) -> None:
    """It is 412 on PATCH, on PUT and on DELETE, and everything stays."""
    path, answer = added(alice, user)
    headers = FAILING[name](answer.headers["etag"])
    refused = [alice.patch(path, json={"content": "y"}, headers=headers), alice.delete(path, headers=headers)]
    place = user | {"key": "k"}
    keyed = alice.put("/v1/keyed", params=place, json={"content": "a"})
    headers = FAILING[name](keyed.headers["etag"])
    refused.append(alice.put("/v1/keyed", params=place, json={"content": "b"}, headers=headers))
    refused.append(alice.delete("/v1/keyed", params=place, headers=headers))
    assert [each.status_code for each in refused] == [412] * 4
    assert {each.json()["type"] for each in refused} == {"urn:memory-api:problem:precondition-failed"}
    assert alice.get(path).json() == answer.json()
    assert alice.get("/v1/keyed", params=place).json() == keyed.json()


def test_a_missing_memory_is_missing_whatever_the_condition(alice: httpx.Client, user: dict[str, str]) -> None:
    """404 on PATCH and DELETE; a PUT that expects a memory is 412 and creates none."""
    place = user | {"key": "none"}
    for value in ("*", STALE):
        condition = {"If-Match": value}
        assert alice.patch("/v1/memories/none", json={"content": "y"}, headers=condition).status_code == 404
        assert alice.delete("/v1/memories/none", headers=condition).status_code == 404
        assert alice.delete("/v1/keyed", params=place, headers=condition).status_code == 404
        assert alice.put("/v1/keyed", params=place, json={"content": "y"}, headers=condition).status_code == 412
    assert alice.get("/v1/keyed", params=place).status_code == 404


def test_a_client_that_has_it_is_told_so(alice: httpx.Client, user: dict[str, str]) -> None:
    """`If-None-Match` compares weakly; the 304 has the tag and no body; after a change there is a new answer."""
    path, answer = added(alice, user)
    tag = answer.headers["etag"]
    for value in (tag, f"W/{tag}", f'"a", {tag}', "*"):
        same = alice.get(path, headers={"If-None-Match": value})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    for value in (STALE, tag.strip('"'), ""):
        assert alice.get(path, headers={"If-None-Match": value}).status_code == 200
    alice.patch(path, json={"content": "y"})
    assert alice.get(path, headers={"If-None-Match": tag}).json()["content"] == "y"
    place = user | {"key": "k"}
    tag = alice.put("/v1/keyed", params=place, json={"content": "a"}).headers["etag"]
    assert alice.get("/v1/keyed", params=place, headers={"If-None-Match": tag}).status_code == 304


def test_one_of_many_conditional_updates_wins(server: Server, alice: httpx.Client, user: dict[str, str]) -> None:
    """Twelve connections change the same state: one 200, eleven 412."""
    path, answer = added(alice, user)
    condition = {"If-Match": answer.headers["etag"]}

    def patch(number: int) -> int:
        with server.client(ALICE) as client:
            return client.patch(path, json={"content": str(number)}, headers=condition).status_code

    with ThreadPoolExecutor(12) as pool:
        statuses = list(pool.map(patch, range(12)))
    assert sorted(statuses) == [200] + [412] * 11
    present = alice.get(path).json()
    assert (present["version"], present["content"]) == (2, str(statuses.index(200)))


def test_one_of_many_conditional_deletes_wins(server: Server, alice: httpx.Client, user: dict[str, str]) -> None:
    """A delete and updates of the same state: whoever comes first, the others see it."""
    path, answer = added(alice, user)
    condition = {"If-Match": answer.headers["etag"]}

    def act(number: int) -> int:
        with server.client(ALICE) as client:
            if number % 2:
                return client.delete(path, headers=condition).status_code
            return client.patch(path, json={"content": "y"}, headers=condition).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(act, range(8)))
    assert sum(status < 300 for status in statuses) == 1
    assert set(statuses) <= {200, 204, 404, 412}


def test_clients_that_try_again_lose_nothing(server: Server, alice: httpx.Client, user: dict[str, str]) -> None:
    """Six clients append five entries each to one memory by read, change, retry on 412."""
    path, _ = added(alice, user, metadata={"all": []})

    def append(name: int) -> None:
        with server.client(ALICE) as client:
            for number in range(5):
                for _ in range(500):
                    read = client.get(path)
                    entries = [*read.json()["metadata"]["all"], f"{name}-{number}"]
                    patch = {"metadata": {"all": entries}}
                    answer = client.patch(path, json=patch, headers={"If-Match": read.headers["etag"]})
                    if answer.status_code == 200:
                        break
                    assert answer.status_code == 412
                else:
                    pytest.fail("never got through")

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(append, range(6)))
    present = alice.get(path).json()
    assert sorted(present["metadata"]["all"]) == sorted(f"{name}-{number}" for name in range(6) for number in range(5))
    assert present["version"] == 31
    versions = [each["version"] for each in alice.get(f"{path}/history").json()["items"]]
    assert versions == list(range(1, 32))


LONG = {
    "quotes": '"' * 60_000,
    "quotes and commas": '",' * 30_000,
    "tags without commas": '"a" ' * 15_000 + '"a"',
    "weak marks": "W/" * 30_000,
    "nothing, often": ", " * 30_000 + ",",
}


@pytest.mark.parametrize("name", LONG)
def test_long_conditions_take_bounded_time(alice: httpx.Client, user: dict[str, str], name: str) -> None:
    """A header field of 60 kB that is no list is read in a moment, and matches nothing."""
    assert not EntityTags.parse([LONG[name]]).match_strongly('"x"')
    path, _ = added(alice, user)
    answer = alice.delete(path, headers={"If-Match": LONG[name]})
    assert answer.status_code == 412
    assert answer.elapsed.total_seconds() < 5
