"""The legal variants: each differs from the reference, and each keeps the contract in a small story."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import sys
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.server.telling import KEY, LAG_S, SCOPE, add, found, meaning, tell, until, valid, walk

from memconform_server.principals import principal_of
from memconform_server.stores.sqlite import SqliteStore
from memconform_server.variants import variants

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    """Open an empty store."""
    opened = SqliteStore(tmp_path / "memories.db")
    yield opened
    opened.close()


@pytest.mark.parametrize("name", list(variants()))
def test_a_variant_says_what_it_is(name: str) -> None:
    """Names are slugs, and each freedom is one sentence."""
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
    assert re.fullmatch(r"[A-Z].*\.", variants()[name].freedom)


@pytest.mark.parametrize("name", list(variants()))
def test_a_variant_keeps_the_contract(name: str, store: SqliteStore) -> None:
    """A variant adds, gets, lists, searches and deletes as the contract says, within its declared staleness."""

    async def story(client: httpx.AsyncClient) -> None:
        assert valid("health", await client.get("/v1/health"))["status"] == "ok"
        profiles = valid("capabilities", await client.get("/v1/capabilities"))["profiles"]
        assert "core" in profiles
        searches = "search" in profiles
        added = [await add(client, text, metadata={"n": n}) for n, text in enumerate(("I like tea", "chess", "Ω 🍵"))]
        path = f"/v1/memories/{added[0]['id']}"

        async def there() -> bool:
            return (await client.get(path)).status_code == 200

        await until(there)
        assert meaning(valid("memory", await client.get(path))) == meaning(added[0])

        async def all_listed() -> bool:
            listed = {item["id"] for item in await walk(client, 5)}
            return listed == {memory["id"] for memory in added}

        async def self_found() -> bool:
            return added[0]["id"] in [each["memory"]["id"] for each in (await found(client, "I like tea"))[:3]]

        await until(all_listed)
        if searches:
            await until(self_found)
        one_by_one = [meaning(item) for item in await walk(client, 1)]
        assert one_by_one == [meaning(item) for item in await walk(client, 4)]
        times = [item["created_at"] for item in one_by_one]
        assert times == sorted(times, reverse=True)
        if searches:
            most = min(2, (await client.get("/v1/capabilities")).json()["search"]["max_top_k"])
            scores = [result["score"] for result in await found(client, "I like tea", top_k=most)]
            assert scores == sorted(scores, reverse=True)
            assert len(scores) <= most
        assert (await client.delete(path)).status_code == 204
        assert (await client.delete(path)).status_code == 404

        async def not_there() -> bool:
            return (await client.get(path)).status_code == 404

        await until(not_there)

        async def gone() -> bool:
            results = await found(client, "I like tea")
            return added[0]["id"] not in [each["memory"]["id"] for each in results]

        if searches:
            await until(gone)
        assert added[0]["id"] not in [item["id"] for item in await walk(client, 5)]

    tell(name, store, story)


@pytest.mark.parametrize("name", list(variants()))
def test_a_variant_refuses_as_the_contract_says(name: str, store: SqliteStore) -> None:
    """Refusals of a variant are problems with one of the statuses that the contract allows, and store nothing."""

    async def story(client: httpx.AsyncClient) -> None:
        as_json = {"content-type": "application/json"}
        refused = [
            (await client.get("/v1/memories"), {400, 422}),
            (await client.get("/v1/memories/unknown"), {404}),
            (await client.get("/v1/memories/%2e%2e%2fhealth"), {404, 400, 422}),
            (await client.put("/v1/memories", json={}), {405}),
            (await client.post("/v1/memories", content=b"{", headers=as_json), {400}),
            (await client.post("/v1/memories", json={"content": "", "scope": SCOPE}), {422, 400}),
            (await client.post("/v1/memories", json={"content": 1, "scope": SCOPE}), {422, 400}),
            (await client.post("/v1/memories", json={"content": "x" * 70_000, "scope": SCOPE}), {422, 400, 413}),
            (await client.post("/v1/memories", content=b"{}", headers={"content-type": "text/plain"}), {415}),
        ]
        if "bearer" in (await client.get("/v1/capabilities")).json()["auth"]:
            wrong = await client.get("/v1/memories", params=SCOPE, headers={"authorization": "Bearer no"})
            assert "bearer" in wrong.headers["www-authenticate"].lower()
            refused.append((wrong, {401}))
        for answer, allowed in refused:
            assert answer.status_code in allowed, answer.text
            assert answer.headers["content-type"].lower().startswith("application/problem+json")
            assert valid("problem", answer)["status"] == answer.status_code
        await asyncio.sleep(LAG_S if name == "lists-lag" else 0)
        assert await walk(client, 5) == []

    tell(name, store, story)


def test_small_limits_are_declared(store: SqliteStore) -> None:
    """What the variant takes at most is what its capabilities say."""

    async def story(client: httpx.AsyncClient) -> None:
        document = (await client.get("/v1/capabilities")).json()
        assert (document["limits"]["content_bytes"], document["search"]["max_top_k"]) == (200, 5)
        await add(client, "x" * 200)
        answer = await client.post("/v1/memories", json={"content": "x" * 201, "scope": SCOPE})
        assert answer.status_code in {413, 422}

    tell("small-limits", store, story)


def test_ids_have_128_characters(store: SqliteStore) -> None:
    """The variant uses the whole length and every mark that an id may have."""

    async def story(client: httpx.AsyncClient) -> None:
        memory_id = (await add(client))["id"]
        assert len(memory_id) == 128
        assert set("_.~-") <= set(memory_id)

    tell("ids-that-are-no-uuids", store, story)


def test_pages_are_short_and_empty(store: SqliteStore) -> None:
    """A walk meets empty pages that are not the last ones."""

    async def story(client: httpx.AsyncClient) -> None:
        await add(client)
        page = (await client.get("/v1/memories", params=SCOPE)).json()
        assert page["items"] == []
        assert page.get("next_cursor")

    tell("short-and-empty-pages", store, story)


def test_equal_memories_are_one(store: SqliteStore) -> None:
    """Adding what is already there in the same exact scope answers 201 with the memory that is there."""

    async def story(client: httpx.AsyncClient) -> None:
        assert (await client.get("/v1/capabilities")).json()["write"]["dedupe"] == "exact"
        first, second = await add(client), await add(client)
        elsewhere = await add(client, scope={"user_id": "u1", "agent_id": "a"})
        assert second == first
        assert elsewhere["id"] != first["id"]
        assert (await client.delete(f"/v1/memories/{first['id']}")).status_code == 204
        assert (await add(client))["id"] != first["id"]

    tell("keeps-one-of-equal", store, story)


@pytest.mark.parametrize(("name", "read"), [("search-lags", "search"), ("lists-lag", "list")])
def test_lags_are_declared_and_real(name: str, read: str, store: SqliteStore) -> None:
    """A variant that lags says so, and does not show at once what was just added."""

    async def story(client: httpx.AsyncClient) -> None:
        declared = (await client.get("/v1/capabilities")).json()["consistency"][read]
        assert declared == {"model": "bounded", "max_staleness_ms": 300}
        await add(client)
        assert not (await walk(client, 5) if read == "list" else await found(client, "I like tea"))

    tell(name, store, story)


def test_a_deleted_memory_lingers_in_ranking(store: SqliteStore) -> None:
    """Search may lag behind a deletion, and then shows the memory as it was; it does not come back."""

    async def story(client: httpx.AsyncClient) -> None:
        memory = await add(client)
        await asyncio.sleep(LAG_S)
        assert (await client.delete(f"/v1/memories/{memory['id']}")).status_code == 204
        assert [each["memory"]["id"] for each in await found(client, "I like tea")] == [memory["id"]]
        await asyncio.sleep(LAG_S)
        assert await found(client, "I like tea") == []

    tell("search-lags", store, story)


def test_json_is_spelled_oddly_and_means_the_same(store: SqliteStore) -> None:
    """Escapes, white space and exponents leave the value as it is, astral characters and NUL included."""

    async def story(client: httpx.AsyncClient) -> None:
        given: dict[str, Any] = {"content": "a\0🍵\u2028", "metadata": {"é": [0.1, -0.0, 10**18, None, True, "🍵"]}}
        memory = await add(client, **given)
        answer = await client.get(f"/v1/memories/{memory['id']}")
        assert {name: answer.json()[name] for name in given} == given
        assert "\\u" in answer.text
        assert "E-0" in answer.text

    tell("oddly-spelled-json", store, story)


def test_locations_lead_to_the_memory(store: SqliteStore) -> None:
    """An absolute and a relative Location both resolve against the URL of the request."""

    async def story(client: httpx.AsyncClient) -> None:
        answer = await client.post("/v1/memories", json={"content": "a", "scope": SCOPE})
        target = answer.request.url.join(answer.headers["location"])
        assert (await client.get(target)).json() == answer.json()

    for name in ("absolute-locations", "relative-locations"):
        tell(name, store, story)


def test_head_may_be_refused(store: SqliteStore) -> None:
    """The variant answers 405 and an Allow without HEAD, and nothing in the body."""

    async def story(client: httpx.AsyncClient) -> None:
        answer = await client.head("/v1/health")
        assert (answer.status_code, answer.headers["allow"], answer.content) == (405, "GET", b"")

    tell("refuses-head", store, story)


def test_retry_after_may_be_a_date(store: SqliteStore) -> None:
    """Over its rate the variant names a date in the next minute or so, and stores nothing."""

    async def story(client: httpx.AsyncClient) -> None:
        declared = (await client.get("/v1/capabilities")).json()["limits"]["requests_per_minute"]
        answers = [await client.get("/v1/memories/unknown") for _ in range(declared)]
        assert {answer.status_code for answer in answers} == {404}
        refused = await client.post("/v1/memories", json={"content": "a", "scope": SCOPE})
        assert refused.status_code == 429
        wait = parsedate_to_datetime(refused.headers["retry-after"]) - datetime.now(UTC)
        assert 0 < wait.total_seconds() <= 62

    tell("declares-a-rate", store, story)
    assert not store.list(principal_of(KEY), SCOPE, 1, None).items


def test_header_names_keep_their_letter_case_on_the_wire() -> None:
    """Served by the real server, the variant sends names in title case and a body of the announced length."""
    command = [sys.executable, "-m", "memconform_server", "--variant", "other-headers", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout is not None
            found = re.search(r"http://127\.0\.0\.1:(\d+)", server.stdout.readline())
            assert found
            with socket.create_connection(("127.0.0.1", int(found[1])), timeout=10) as connection:
                connection.sendall(b"GET /v1/health HTTP/1.1\r\nHost: m.invalid\r\nConnection: close\r\n\r\n")
                answer = b"".join(iter(lambda: connection.recv(65_536), b""))
        finally:
            server.terminate()
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"\r\nContent-Type: Application/Json; charset=utf-8" in head
    assert head.lower().count(b"content-length: %d" % len(body)) == 1
    assert b"transfer-encoding" not in head.lower()
