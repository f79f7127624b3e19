"""The servers that show what they are only under load: each does what it says, and is like a good one otherwise.

What is rare is made frequent here; how often it happens is a number in the class.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from memconform.serving import NotServing, served
from memconform_load.invariants.laws import Law
from memconform_server.defects import defects
from memconform_server.defects_under_load import UnderLoad, apply, defects_under_load, variants_under_load
from memconform_server.defects_under_load.registry import GATES, LAWS, breaks_under_load
from memconform_server.settings import Settings
from memconform_server.stores.sqlite import SqliteStore
from memconform_server.variants import variants

SERVERS = {**defects_under_load(), **variants_under_load()}
KEY = {"Idempotency-Key": "a-key"}


class Client:
    """Calls an app in this process; a user is a scope."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.http = client

    async def add(self, user: str = "ann", text: str = "tea", **more: Any) -> httpx.Response:
        """Add a memory."""
        return await self.http.post("/v1/memories", json={"content": text, "scope": {"user_id": user}}, **more)

    async def search(self, user: str = "ann", text: str = "tea", top_k: int = 10) -> list[Any]:
        """Return the memories that a search finds."""
        asked = {"query": text, "scope": {"user_id": user}, "top_k": top_k}
        answer = await self.http.post("/v1/search", json=asked)
        return [result["memory"] for result in answer.json()["results"]]

    async def listed(self, user: str = "ann") -> list[str]:
        """Return the ids of the first 100 memories of a user."""
        page = await self.http.get("/v1/memories", params={"user_id": user, "limit": 100})
        return [memory["id"] for memory in page.json()["items"]]

    async def get(self, memory_id: str) -> httpx.Response:
        """Read a memory."""
        return await self.http.get(f"/v1/memories/{memory_id}")

    async def update(self, memory_id: str, text: str) -> httpx.Response:
        """Give a memory another text."""
        headers = {"content-type": "application/merge-patch+json"}
        return await self.http.patch(
            f"/v1/memories/{memory_id}", content=json.dumps({"content": text}), headers=headers
        )

    async def erase(self, user: str = "ann") -> None:
        """Have a user erased, and wait for the end."""
        operation = (await self.http.post("/v1/erasures", json={"scope": {"user_id": user}})).json()
        until = time.monotonic() + 10
        while operation["status"] not in ("succeeded", "failed") and time.monotonic() < until:
            await asyncio.sleep(0.005)
            operation = (await self.http.get(f"/v1/operations/{operation['id']}")).json()
        assert operation["status"] == "succeeded"


@asynccontextmanager
async def client_of(name: str) -> AsyncIterator[Client]:
    """Give a client of a server."""
    store = SqliteStore(":memory:")
    app: Any = apply(name, store, Settings())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here", timeout=20) as client:
        yield Client(client)
    store.close()


def played(name: str, play: Callable[[Client], Awaitable[Any]], **members: Any) -> Any:
    """Play with a server whose class has some members changed, and return what came of it."""

    async def whole() -> Any:
        async with client_of(name) as client:
            return await play(client)

    with pytest.MonkeyPatch.context() as patch:
        for member, value in members.items():
            patch.setattr(SERVERS[name].bend, member, value)
        return asyncio.run(whole())


@pytest.mark.parametrize("server", SERVERS.values(), ids=list(SERVERS))
def test_a_server_says_what_it_is(server: UnderLoad) -> None:
    """Names are slugs that nobody else has, each sentence is one, and a defect says which law or gate finds it."""
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", server.name)
    assert server.name not in {**defects(), **variants()}
    assert re.fullmatch(r"[A-Z][^.!?]*(`[^`]*`[^.!?]*)*\.", server.sentence), server.sentence
    assert server.found_by in (LAWS + GATES if server.name in defects_under_load() else ("",))


def test_every_law_and_gate_has_something_to_find() -> None:
    """No law and no gate is without a defect, the laws are those of the judge; what is neither is refused."""
    assert {law.value for law in Law} == {*LAWS}
    assert {server.found_by for server in defects_under_load().values()} == {*LAWS, *GATES}
    with pytest.raises(ValueError, match="neither a law nor a gate"):
        breaks_under_load("bad luck")


@pytest.mark.parametrize("name", SERVERS)
def test_a_few_requests_show_nothing(name: str) -> None:
    """What is added is found, listed, read, changed, repeated under its key and deleted, as by the reference."""

    async def play(client: Client) -> None:
        first = await client.add(text="I like tea", headers=KEY)
        again = await client.add(text="I like tea", headers=KEY)
        assert (first.status_code, again.json()) == (201, first.json())
        memory_id = first.json()["id"]
        if name != "finds-two-seconds-later":
            assert [found["id"] for found in await client.search()] == [memory_id]
        assert await client.listed() == [memory_id]
        assert (await client.update(memory_id, "I like coffee")).json()["version"] == 2
        assert (await client.get(memory_id)).json()["content"] == "I like coffee"
        assert (await client.http.delete(f"/v1/memories/{memory_id}")).status_code == 204
        assert (await client.get(memory_id)).status_code == 404
        await client.erase()

    played(name, play, **({"first_s": 0.0} if name == "starts-slowly" else {}))


def test_writes_get_lost() -> None:
    """One of four adds is answered and not there; one has the id of the one before."""

    async def play(client: Client) -> list[int]:
        ids = [(await client.add(text=f"tea {n}")).json()["id"] for n in range(4)]
        return [sum([(await client.get(each)).status_code == 200 for each in ids]), len(set(ids))]

    assert played("loses-one-write-in-a-thousand", play, once_in=4) == [3, 4]
    assert played("gives-an-id-twice", play, once_in=4) == [4, 3]


def test_texts_are_mixed_up_and_refusals_lie() -> None:
    """One of four adds is stored with the text before; one is stored and refused."""

    async def play(client: Client) -> list[list[Any]]:
        answers = [await client.add(text=f"tea {n}") for n in range(4)]
        listed = await client.http.get("/v1/memories?user_id=ann")
        return [[each.status_code for each in answers], sorted(each["content"] for each in listed.json()["items"])]

    four = [f"tea {n}" for n in range(4)]
    assert played("mixes-texts-up", play, once_in=3) == [[201] * 4, ["tea 0", "tea 1", "tea 1", "tea 3"]]
    assert played("refuses-what-it-wrote", play, once_in=4) == [[201, 201, 429, 201], four]


def test_errors_of_a_search_are_swallowed() -> None:
    """One of four searches finds nothing, with 200."""

    async def play(client: Client) -> list[int]:
        await client.add()
        return [len(await client.search()) for _ in range(4)]

    assert played("swallows-search-errors", play, once_in=4, crowd=1) == [1, 1, 0, 1]


def test_overtaken_updates_are_lost() -> None:
    """Of two updates at once both are acknowledged, with versions of their own, and the later version is not kept."""

    async def play(client: Client) -> None:
        memory_id = (await client.add()).json()["id"]
        answers = await asyncio.gather(*(client.update(memory_id, f"text {n}") for n in range(2)))
        versions = sorted((each.json()["version"], each.json()["content"]) for each in answers)
        assert [version for version, _ in versions] == [2, 3]
        kept = (await client.get(memory_id)).json()
        assert (kept["version"], kept["content"]) == versions[0]

    played("loses-updates-that-were-overtaken", play, crowd=2, pause_s=0.1)


def test_memories_of_others_are_shown() -> None:
    """One search of four shows a memory of another user; searches at once get each other's results."""

    async def leak(client: Client) -> list[list[str]]:
        for user in ("ann", "bob"):
            await client.add(user)
        return [[m["scope"]["user_id"] for m in await client.search(user)] for user in ("ann", "ann", "bob", "bob")]

    async def swap(client: Client) -> list[list[str]]:
        for user in ("ann", "bob"):
            await client.add(user)
        found = await asyncio.gather(*(client.search(user) for user in ("ann", "bob")))
        return [[memory["scope"]["user_id"] for memory in each] for each in found]

    assert played("leaks-one-search-in-2000", leak, once_in=4) == [["ann"], ["ann"], ["bob", "ann"], ["bob"]]
    assert played("swaps-answers-of-searches-at-once", swap, once_in=1) == [["bob"], ["ann"]]


def test_a_search_that_meets_no_other_keeps_its_answer() -> None:
    """Where no other search comes in time nothing is swapped and nothing hangs."""

    async def play(client: Client) -> list[int]:
        await client.add()
        return [len(await client.search()) for _ in range(2)]

    assert played("swaps-answers-of-searches-at-once", play, once_in=1) == [1, 1]


def test_deleted_memories_come_back() -> None:
    """One comes back after three other writes; one was never deleted."""

    async def play(client: Client) -> list[int]:
        memory_id = (await client.add()).json()["id"]
        assert (await client.http.delete(f"/v1/memories/{memory_id}")).status_code == 204
        statuses = []
        for n in range(4):
            statuses.append((await client.get(memory_id)).status_code)
            await client.add("bob", f"text {n}")
        return [*statuses, (await client.get(memory_id)).status_code]

    assert played("resurrects-the-deleted", play, once_in=1, later=3) == [404, 404, 404, 200, 200]
    assert played("forgets-to-delete", play, once_in=1) == [200] * 5


def test_erasures_leave_something_or_take_too_much() -> None:
    """Of three memories the newest two survive; what another user adds meanwhile is gone."""

    async def leave(client: Client) -> int:
        for n in range(3):
            await client.add(text=f"tea {n}")
        await client.erase()
        return len(await client.listed())

    async def take(client: Client) -> list[int]:
        await client.add()
        erasing = asyncio.create_task(client.erase())
        added = []
        for n in range(20):
            added.append((await client.add("bob", f"text {n}")).json()["id"])
            await asyncio.sleep(0.01)
        await erasing
        return [len(added), len(await client.listed("bob"))]

    assert played("erases-in-one-go", leave, at_most=1) == 2
    assert played("erases-a-stranger", take, once_in=1, pause_s=0.1) == [20, 19]


def test_repeats_store_or_tell_something_else() -> None:
    """A repeat stores a second memory: now and then, or when many requests are under way; or it tells another id."""

    async def repeat(client: Client) -> list[int]:
        ids = [(await client.add(headers=KEY)).json()["id"] for _ in range(4)]
        return [len(set(ids)), len(await client.listed())]

    async def crowd(client: Client) -> int:
        await client.add(headers=KEY)
        await asyncio.gather(*(client.add(headers=KEY) for _ in range(6)))
        return len(await client.listed())

    assert played("misses-a-key-now-and-then", repeat, once_in=4) == [2, 2]
    assert played("stores-a-repeat-twice", repeat, once_in=2) == [1, 2]
    assert played("repeats-with-another-id", repeat, once_in=4) == [2, 1]
    assert played("forgets-keys-when-busy", crowd, crowd=3) > 1


def test_reads_lag_behind() -> None:
    """What was added beyond a number is found after the next flush; when busy, reads show what was before."""

    async def index(client: Client) -> list[int]:
        await asyncio.sleep(1.5)
        await client.search()
        for n in range(3):
            await client.add(text=f"tea {n}")
        at_once = len(await client.search())
        await asyncio.sleep(1.5)
        return [at_once, len(await client.search())]

    async def replica(client: Client) -> list[Any]:
        memory_id = (await client.add()).json()["id"]
        await client.update(memory_id, "coffee")
        alone = (await client.get(memory_id)).json()["content"]
        crowd = await asyncio.gather(*(client.get(memory_id) for _ in range(3)))
        await asyncio.sleep(1.1)
        later = await asyncio.gather(*(client.get(memory_id) for _ in range(3)))
        return [alone, "tea" in {each.json()["content"] for each in crowd}, {each.json()["content"] for each in later}]

    assert played("flushes-its-index-late", index, small=2, every_s=1.5) == [2, 3]
    busy = {"once_in": 1, "crowd": 2, "behind_s": 1.0}
    assert played("asks-a-replica-when-busy", replica, **busy) == ["coffee", True, {"coffee"}]


def test_answers_take_their_time() -> None:
    """A stall, a search that grows with what a user has, a batch: whoever comes meanwhile waits."""

    async def stall(client: Client) -> float:
        await client.listed("warm")
        started = time.perf_counter()
        await asyncio.gather(*(client.listed("ann") for _ in range(3)))
        return time.perf_counter() - started

    async def grow(client: Client) -> list[bool]:
        await client.search("warm")
        for n in range(4):
            await client.add(text=f"tea {n}")
        started = time.perf_counter()
        await client.search("bob")
        between = time.perf_counter()
        await client.search("ann")
        return [between - started < 0.4, time.perf_counter() - between >= 0.4]

    async def batch(client: Client) -> float:
        await client.add()
        items = [{"op": "add", "memory": {"content": "x" * 100, "scope": {"user_id": "bob"}}} for _ in range(3)]
        started = time.perf_counter()
        await asyncio.gather(client.http.post("/v1/batch", json={"operations": items}), client.listed())
        return time.perf_counter() - started

    assert played("stalls-two-seconds", stall, once_in=4, seconds=0.3) >= 0.3
    assert played("slows-with-growth", grow, each_s=0.1) == [True, True]
    assert played("blocks-everybody-for-a-batch", batch, seconds_a_byte=1.0, longest_s=0.3) >= 0.3


def test_memory_grows_to_a_bound() -> None:
    """Each request leaves something behind, up to a bound that a machine bears."""

    async def play(client: Client) -> list[int]:
        for _ in range(5):
            await client.listed()
        return [len(each) for each in client.http._transport.app.bend.kept]  # type: ignore[attr-defined]

    assert played("keeps-every-request", play, each=1000, most=3000) == [1000] * 3


def test_good_requests_are_refused() -> None:
    """Those beyond a number at once get 503, one in four gets 401 or half an answer."""

    async def crowd(client: Client) -> list[int]:
        answers = await asyncio.gather(*(client.add(text=f"tea {n}") for n in range(6)))
        return sorted(each.status_code for each in answers)

    async def one_after_another(client: Client) -> list[int]:
        return [(await client.http.get("/v1/memories?user_id=ann")).status_code for _ in range(4)]

    assert played("is-full-with-twelve", crowd, crowd=0, most=2) == [201, 201, 503, 503, 503, 503]
    assert played("forgets-who-is-asking", one_after_another, once_in=4, crowd=1) == [200, 200, 401, 200]
    with pytest.raises(ConnectionAbortedError):
        played("breaks-connections", one_after_another, once_in=4)


def test_a_broken_answer_is_a_broken_connection() -> None:
    """Over real HTTP it is half a body and a connection that ends; health stays well, and the next answer is whole."""
    with served(["--defect", "breaks-connections"]) as url, httpx.Client(base_url=url) as client:
        target = "/v1/memories?user_id=ann"
        for _ in range(250):
            assert client.get(target).status_code == 200
        with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
            client.get(target)
        assert [client.get(path).status_code for path in (target, "/v1/health")] == [200, 200]


def test_legal_servers_are_odd() -> None:
    """A search that follows later as declared, a rate, a slow start, closed connections, lost answers."""

    async def late(client: Client) -> list[int]:
        declared = (await client.http.get("/v1/capabilities")).json()["consistency"]["search"]
        assert declared == {"model": "bounded", "max_staleness_ms": 3_000}
        await client.add()
        at_once = len(await client.search())
        await asyncio.sleep(0.3)
        return [at_once, len(await client.search())]

    async def rate(client: Client) -> list[int]:
        assert (await client.http.get("/v1/capabilities")).json()["limits"]["requests_per_minute"] == 120
        answers = [await client.http.get("/v1/memories?user_id=ann") for _ in range(3)]
        assert answers[-1].headers["retry-after"] == "1"
        return [each.status_code for each in answers]

    async def closed(client: Client) -> list[str | None]:
        return [(await client.http.get("/v1/memories?user_id=a")).headers.get("connection") for _ in range(3)]

    async def lost(client: Client) -> list[int]:
        answers = [await client.add(text=f"tea {n}") for n in range(3)]
        return [*(each.status_code for each in answers), len(await client.listed())]

    async def slow(client: Client) -> bool:
        started = time.perf_counter()
        await client.listed()
        return time.perf_counter() - started >= 0.2

    assert played("finds-two-seconds-later", late, lag_s=0.2) == [0, 1]
    assert played("takes-twenty-a-second", rate, per_second=2) == [200, 200, 429]
    assert played("closes-connections-now-and-then", closed, once_in=3) == [None, "close", None]
    assert played("tries-now-and-then", lost, once_in=3) == [201, 503, 201, 3]
    assert played("starts-slowly", slow, pause_s=0.2)


def test_both_kinds_are_served() -> None:
    """`memconform serve` knows them by --defect and --variant, and offers near names for a wrong one."""
    for words in (["--defect", "stalls-two-seconds"], ["--variant", "starts-slowly"]):
        with served(words) as url:
            assert httpx.get(f"{url}/v1/health").is_success
    with pytest.raises(NotServing, match=r"Near names: .*stalls-two-seconds"), served(["--defect", "stalls-2-seconds"]):
        pass


def test_listing_them_needs_no_server() -> None:
    """Names and sentences can be had without the web framework, NumPy, or the embedding model."""
    program = (
        "import sys, memconform_server.defects_under_load as d\n"
        "d.defects_under_load(); d.variants_under_load()\n"
        "print(sorted({'starlette', 'numpy', 'wordllama', 'uvicorn', 'anyio'} & sys.modules.keys()))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (run.stdout.strip(), run.stderr) == ("[]", "")
