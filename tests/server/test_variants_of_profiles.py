"""The legal variants of the profiles beyond core and search: each really uses the freedom that it names."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.server.telling import KEY, LAG_S, SCOPE, SETTINGS, add, found, tell, walk

from memconform.sse import events_of
from memconform_server.event_stream import sse
from memconform_server.principals import principal_of
from memconform_server.store import Draft
from memconform_server.stores.sqlite import SqliteStore
from memconform_server.variants import variants
from memconform_server.variants.profiles import Declares

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

    from memconform_server.seam import Bend

STATEMENT = {"scope": SCOPE, "messages": [{"id": "m1", "role": "user", "content": "I am allergic to peanuts."}]}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    """Open an empty store."""
    opened = SqliteStore(tmp_path / "memories.db")
    yield opened
    opened.close()


def bend(name: str, store: SqliteStore) -> Bend:
    """Return a variant as a store."""
    return variants()[name].bend(store, SETTINGS)


async def ended(client: httpx.AsyncClient, accepted: httpx.Response) -> tuple[dict[str, Any], list[str]]:
    """Follow an operation; return it at its end, and each status that it was seen to have."""
    assert accepted.status_code == 202, accepted.text
    operation: dict[str, Any] = accepted.json()
    seen = [operation["status"]]
    until = time.monotonic() + 10
    while operation["status"] in ("pending", "running"):
        assert time.monotonic() < until
        await asyncio.sleep(0.02)
        operation = (await client.get(f"/v1/operations/{operation['id']}")).json()
        seen += [operation["status"]] if operation["status"] != seen[-1] else []
    return operation, seen


NAMES = [name for name, variant in variants().items() if issubclass(variant.bend, Declares)]


@pytest.mark.parametrize("name", NAMES)
def test_a_variant_serves_what_it_declares_and_nothing_else(name: str, store: SqliteStore) -> None:
    """A server of some profiles answers 404 on the paths of the others, and needs none of their data."""

    async def story(client: httpx.AsyncClient) -> None:
        profiles = set((await client.get("/v1/capabilities")).json()["profiles"])
        needs = {"/v1/scopes": "erasure", "/v1/export?user_id=u1": "portability", "/v1/keyed?user_id=u1&key=k": "keyed"}
        await client.put("/v1/keyed", params={**SCOPE, "key": "k"}, json={"content": "kept"})
        for path, profile in needs.items():
            assert ((await client.get(path)).status_code == 200) == (profile in profiles), path

    tell(name, store, story)


def test_operations_take_their_time(store: SqliteStore) -> None:
    """The variant is seen pending, then running, before it has succeeded."""

    async def story(client: httpx.AsyncClient) -> None:
        _, seen = await ended(client, await client.post("/v1/ingestions", json=STATEMENT))
        assert seen == ["pending", "running", "succeeded"]

    tell("slow-operations", store, story)


def test_operations_end_before_the_answer(store: SqliteStore) -> None:
    """The 202 of the variant holds the result, and so does its repeat under one key."""

    async def story(client: httpx.AsyncClient) -> None:
        keyed = {"idempotency-key": "k"}
        first = await client.post("/v1/ingestions", json=STATEMENT, headers=keyed)
        assert (first.status_code, first.json()["status"]) == (202, "succeeded")
        assert (await client.post("/v1/ingestions", json=STATEMENT, headers=keyed)).json() == first.json()
        erased = await client.post("/v1/erasures", json={"scope": SCOPE})
        assert erased.json()["result"]["counts"]["memories"] == 1

    tell("operations-end-at-once", store, story)


def test_an_extractor_has_words_of_its_own(store: SqliteStore) -> None:
    """The memory says it otherwise and has more metadata; the same messages add nothing the second time."""

    async def story(client: httpx.AsyncClient) -> None:
        for _ in range(2):
            await ended(client, await client.post("/v1/ingestions", json=STATEMENT | {"metadata": {"given": 1}}))
        (memory,) = await walk(client, 5)
        assert memory["content"].startswith("It is known: ")
        assert memory["metadata"] == {"given": 1, "extractor": {"model": "retelling-1", "certain": True}}
        assert memory["source"]["message_ids"] == ["m1"]

    tell("retells-what-it-extracts", store, story)


def test_results_name_what_was_deleted(store: SqliteStore) -> None:
    """Among the results of an ingestion is one that cannot be read any more."""

    async def story(client: httpx.AsyncClient) -> None:
        operation, _ = await ended(client, await client.post("/v1/ingestions", json=STATEMENT))
        deleted, added = operation["result"]["memories"]
        assert (deleted["action"], added["action"]) == ("deleted", "added")
        assert (await client.get(f"/v1/memories/{deleted['id']}")).status_code == 404

    tell("deletes-what-is-outdated", store, story)


def test_tags_are_odd_and_good_for_conditions(store: SqliteStore) -> None:
    """A tag with commas in it is strong, matches alone, in a list and in a batch, and a stale one does not."""

    async def story(client: httpx.AsyncClient) -> None:
        path = f"/v1/memories/{(await add(client))['id']}"
        tag = (await client.get(path)).headers["etag"]
        assert tag.startswith('"W/,')
        assert len(tag) > 200
        assert (await client.get(path, headers={"if-none-match": tag})).status_code == 304
        listed = {"if-match": f'"another", {tag}'}
        assert (await client.patch(path, json={"content": "b"}, headers=listed)).status_code == 200
        assert (await client.patch(path, json={"content": "c"}, headers={"if-match": tag})).status_code == 412
        tag = (await client.get(path)).headers["etag"]
        update = {"op": "update", "id": path.rpartition("/")[2], "patch": {"content": "d"}, "if_match": tag}
        (result,) = (await client.post("/v1/batch", json={"operations": [update]})).json()["results"]
        assert (result["status"], result["etag"]) == (200, (await client.get(path)).headers["etag"])

    tell("odd-entity-tags", store, story)


def test_a_repeat_in_flight_is_a_conflict(store: SqliteStore) -> None:
    """Of requests at once under one key one is 201, the others are 409, and one memory is there."""

    async def story(client: httpx.AsyncClient) -> None:
        body, keyed = {"content": "a", "scope": SCOPE}, {"idempotency-key": "k"}
        asked = [client.post("/v1/memories", json=body, headers=keyed) for _ in range(4)]
        assert sorted(each.status_code for each in await asyncio.gather(*asked)) == [201, 409, 409, 409]
        assert len(await walk(client, 5)) == 1
        assert (await client.post("/v1/memories", json=body, headers=keyed)).status_code == 201

    tell("conflicts-in-flight", store, story)


def test_gets_lag_and_writes_do_not(store: SqliteStore) -> None:
    """What was added is 404 at first, what was changed shows as it was; a condition sees the present."""

    async def story(client: httpx.AsyncClient) -> None:
        added = await client.post("/v1/memories", json={"content": "a", "scope": SCOPE})
        path, tag = f"/v1/memories/{added.json()['id']}", added.headers["etag"]
        assert (await client.get(path)).status_code == 404
        assert (await client.patch(path, json={"content": "b"}, headers={"if-match": tag})).status_code == 200
        await asyncio.sleep(LAG_S)
        assert (await client.get(path)).json()["content"] == "b"
        assert (await client.delete(path)).status_code == 204
        assert (await client.get(path)).status_code == 200
        await asyncio.sleep(LAG_S)
        assert (await client.get(path)).status_code == 404

    tell("gets-lag", store, story)


def test_a_changed_memory_is_found_by_its_old_words(store: SqliteStore) -> None:
    """Ranking follows a change late; the memory in the result is the present one."""

    async def story(client: httpx.AsyncClient) -> None:
        path = f"/v1/memories/{(await add(client))['id']}"
        await asyncio.sleep(LAG_S)
        await client.patch(path, json={"content": "chess at night"})
        (hit,) = await found(client, "I like tea")
        assert hit["memory"]["content"] == "chess at night"
        assert await found(client, "chess at night") == []
        await asyncio.sleep(LAG_S)
        assert (await found(client, "chess at night"))[0]["memory"]["content"] == "chess at night"

    tell("search-lags", store, story)


def test_a_clock_behind_forgets_late(store: SqliteStore) -> None:
    """Timestamps are two seconds behind the Date header, and the granularity of expiry says so."""

    async def story(client: httpx.AsyncClient) -> None:
        memory = await add(client, expires_at=(datetime.now(UTC) + timedelta(seconds=60)).isoformat())
        behind = datetime.now(UTC) - datetime.fromisoformat(memory["created_at"])
        assert 1.9 < behind.total_seconds() < 5
        assert (await client.get("/v1/capabilities")).json()["lifecycle"]["expiry_granularity_ms"] == 3_000

    tell("clock-behind", store, story)


def test_integers_come_back_as_floats(store: SqliteStore) -> None:
    """The text says 1.0 where 1 was sent; the value is the same, and the digest of an export fits."""

    async def story(client: httpx.AsyncClient) -> None:
        memory = await add(client, metadata={"n": 1, "list": [2, True, 2**60]})
        text = (await client.get(f"/v1/memories/{memory['id']}")).text
        assert '"n": 1.0' in text
        assert f"[2.0, true, {2**60}]" in text
        manifest, line = (await client.get("/v1/export", params=SCOPE)).text.splitlines()
        assert '"n": 1.0' in line
        again = await client.post(
            "/v1/import?on_conflict=skip",
            content=f"{manifest}\n{line}\n".encode(),
            headers={"content-type": "application/x-ndjson"},
        )
        assert again.json()["counts"]["skipped"] == 1

    tell("floats-for-integers", store, story)


def test_exports_are_spelled_oddly(store: SqliteStore) -> None:
    """Each line is JSON with escapes and blanks, and can be taken in again."""

    async def story(client: httpx.AsyncClient) -> None:
        await add(client, "tea 🍵", metadata={"half": 0.5})
        exported = await client.get("/v1/export", params=SCOPE)
        lines = exported.text.split("\n")
        assert [json.loads(line).get("content") for line in lines[:2]] == [None, "tea 🍵"]
        assert "\\u" in lines[1]
        assert lines[2:] == [""]
        headers = {"content-type": "application/x-ndjson"}
        again = await client.post("/v1/import?on_conflict=skip", content=exported.content, headers=headers)
        assert again.json()["counts"]["skipped"] == 1

    tell("oddly-spelled-json", store, story)


def test_histories_and_scopes_have_short_pages_too(store: SqliteStore) -> None:
    """The first page of a history and of scopes is empty, and a walk ends with everything."""

    async def story(client: httpx.AsyncClient) -> None:
        path = f"/v1/memories/{(await add(client))['id']}"
        await client.patch(path, json={"content": "b"})
        for where, number in ((f"{path}/history", 2), ("/v1/scopes", 1)):
            page = (await client.get(where)).json()
            assert page["items"] == []
            items = []
            while page["next_cursor"]:
                page = (await client.get(where, params={"limit": 2, "cursor": page["next_cursor"]})).json()
                items += page["items"]
            assert len(items) == number

    tell("short-and-empty-pages", store, story)


def test_an_open_server_takes_no_notice_of_credentials(store: SqliteStore) -> None:
    """Whoever asks, with whatever key, is the same principal."""

    async def story(client: httpx.AsyncClient) -> None:
        memory = await add(client)
        for headers in ({"authorization": "Bearer another"}, {"authorization": ""}):
            assert (await client.get(f"/v1/memories/{memory['id']}", headers=headers)).status_code == 200
        assert "tenancy" not in (await client.get("/v1/capabilities")).json()["profiles"]

    tell("open-to-everybody", store, story)


def test_words_decide_in_keyword_search(store: SqliteStore) -> None:
    """What shares no word with the query is left out, and no more."""

    async def story(client: httpx.AsyncClient) -> None:
        await add(client, "I like tea")
        await add(client, "chess")
        assert [hit["memory"]["content"] for hit in await found(client, "TEA, please")] == ["I like tea"]

    tell("keyword-search", store, story)


def test_summaries_may_be_of_one_memory(store: SqliteStore) -> None:
    """The variant summarises the newest memory and names it alone."""

    async def story(client: httpx.AsyncClient) -> None:
        await add(client, "I like tea")
        newest = await add(client, "Chess is a game.")
        answer = (await client.post("/v1/summaries", json={"scope": SCOPE})).json()
        assert (answer["sources"], answer["summary"]) == ([newest["id"]], "Chess is a game.")

    tell("brief-summaries", store, story)


def changed(store: Bend) -> str:
    """Make two events in a scope and return the principal."""
    principal = principal_of(KEY)
    memory = store.add(principal, Draft("a", SCOPE))
    store.delete(principal, memory.id)
    return principal


def test_events_may_come_twice(store: SqliteStore) -> None:
    """Each event is there twice, one right after the other."""
    variant = bend("events-twice", store)
    found = variant.events(changed(variant), SCOPE, None, 10)
    assert found
    assert [event.operation for event in found] == ["add", "add", "delete", "delete"]


def test_events_may_come_late(store: SqliteStore) -> None:
    """An event is not there at once, and then is."""
    variant = bend("late-events", store)
    principal = changed(variant)
    assert variant.events(principal, SCOPE, None, 10) == []
    time.sleep(0.7)
    assert len(variant.events(principal, SCOPE, None, 10) or ()) == 2


def test_events_may_have_numbers(store: SqliteStore) -> None:
    """Ids are short numbers; behind each the stream goes on, and one never given out is unknown."""
    variant = bend("numbered-events", store)
    principal = changed(variant)
    first, second = variant.events(principal, SCOPE, None, 10) or ()
    assert first.id.isdecimal()
    assert variant.events(principal, SCOPE, first.id, 10) == [second]
    assert variant.events(principal, SCOPE, "999999", 10) is None


def test_frames_may_be_odd(store: SqliteStore) -> None:
    """CRLF, comments, unknown fields and data on two lines are the same event to a reader of the standard."""
    variant = bend("oddly-framed-events", store)
    found = variant.events(changed(variant), SCOPE, None, 10) or ()
    plain = b"".join(map(sse, found))
    odd = variant.stream(plain)
    assert odd.count(b"\r\n") == odd.count(b"\n") > plain.count(b"\n")
    assert _read(odd) == _read(plain)


def _read(stream: bytes) -> list[tuple[str, Any]]:
    return [(each.id, each.document) for each in events_of(stream)]
