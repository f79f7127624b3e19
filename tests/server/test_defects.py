"""The seeded defects: each is well described, and each really does what its requirement forbids.

For every requirement there is a tour: a few requests, boiled down to facts. A defect has to change the facts of the
tour of its own requirement; what the contract wants these facts to be is the business of the suite, not of this test.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import pytest
import yaml

from memconform.contract.content import content_root
from memconform_server.app import create_app
from memconform_server.defects import apply, core_bad_input, defects
from memconform_server.settings import Settings
from memconform_server.stores.sqlite import SqliteStore

Facts: TypeAlias = list[Any]
PROFILES = ("core", "tenancy", "search")
FIRST, SECOND = "first-key-0123456789abcdef", "second-key-0123456789abcdef"
SETTINGS = Settings(api_keys=(FIRST, SECOND))
SCOPE = {"user_id": "u1"}
TEXTS = (
    "I like tea",
    "tea is what I like best",
    "my cat is grey",
    "the meeting is on Monday",
    "tea or coffee",
    "chess",
)


async def _not_by_accident(response: httpx.Response) -> None:
    """Fail where the app caught an exception: a defect sins on purpose, it does not just crash."""
    await response.aread()
    assert "the operator finds why" not in response.text, response.request.url


class World:
    """One server, bent or not, with clients of two principals; a restart keeps the data file and nothing else."""

    def __init__(self, defect: str | None, folder: Path) -> None:
        self.defect = defect
        self.file = folder / "memories.db"
        self.stores: list[SqliteStore] = []
        self.restart()

    def restart(self) -> None:
        """Begin anew over the same file, as after the death of the process."""
        store = SqliteStore(self.file)
        self.stores.append(store)
        app: Any = apply(self.defect, store, SETTINGS) if self.defect else create_app(store, SETTINGS)
        self.own = self._client(app, FIRST, 1)
        self.own_elsewhere = self._client(app, FIRST, 2)
        self.second = self._client(app, SECOND, 3)
        self.nobody = self._client(app, None, 4)

    def _client(self, app: Any, key: str | None, port: int) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app, client=("127.0.0.1", port))
        headers = {"authorization": f"Bearer {key}"} if key else {}
        return httpx.AsyncClient(
            transport=transport,
            base_url="http://memory.invalid",
            headers=headers,
            event_hooks={"response": [_not_by_accident]},
        )

    async def add(self, content: object = "I like tea", scope: object = None, **members: object) -> httpx.Response:
        """Add as the first principal."""
        body = {"content": content, "scope": SCOPE if scope is None else scope} | members
        return await self.own.post("/v1/memories", json=body)

    async def ids(self, *contents: str) -> list[str]:
        """Add each and return the ids."""
        return [(await self.add(content)).json()["id"] for content in contents]

    async def search(self, query: object, scope: object = None, **members: object) -> httpx.Response:
        """Search as the first principal."""
        body = {"query": query, "scope": SCOPE if scope is None else scope} | members
        return await self.own.post("/v1/search", json=body)

    async def found(self, query: str, **members: object) -> Facts:
        """Search and return content and score of each result."""
        results = (await self.search(query, **members)).json()["results"]
        return [(result["memory"]["content"], result["score"]) for result in results]

    async def walk(self, limit: int = 50, scope: dict[str, str] | None = None) -> list[dict[str, Any]]:
        """Return all memories of a list, page by page."""
        items: list[dict[str, Any]] = []
        parameters: dict[str, Any] = {"limit": limit, **(scope or SCOPE)}
        for _ in range(40):
            page = (await self.own.get("/v1/memories", params=parameters)).json()
            items += page["items"]
            if not page.get("next_cursor"):
                break
            parameters["cursor"] = page["next_cursor"]
        return items

    async def contents(self, limit: int = 50, scope: dict[str, str] | None = None) -> list[str]:
        """Return the contents of a list, page by page."""
        return [item["content"] for item in await self.walk(limit, scope)]


Tour: TypeAlias = Callable[[World], Awaitable[Facts]]
TOURS: dict[str, Tour] = {}


def tour(*requirements: str) -> Callable[[Tour], Tour]:
    """Register a tour for each of the requirements."""

    def register(function: Tour) -> Tour:
        TOURS.update(dict.fromkeys(requirements, function))
        return function

    return register


def shape(response: httpx.Response) -> Facts:
    """Return status, media type and members of a response."""
    text = response.headers.get("content-type", "").partition(";")[0]
    document = response.json() if text.endswith("json") else None
    return [response.status_code, text, sorted(document) if isinstance(document, dict) else document]


@tour("CORE-01", "CORE-02")
async def discovery(world: World) -> Facts:
    """Ask for health and capabilities without credentials."""
    health, capabilities = await world.nobody.get("/v1/health"), await world.nobody.get("/v1/capabilities")
    return [*shape(health), health.text, *shape(capabilities), capabilities.json()]


@tour("CORE-03")
async def declarations(world: World) -> Facts:
    """Ask for what is declared, and use it."""
    profiles = (await world.own.get("/v1/capabilities")).json()["profiles"]
    listed = await world.own.get("/v1/memories", params={**SCOPE, "limit": 200})
    return [profiles, (await world.search("tea")).status_code, listed.status_code]


@tour("CORE-04", "CORE-25", "CORE-27")
async def refusals(world: World) -> Facts:
    """Provoke refusals of many kinds."""
    refused = [
        await world.own.get("/v1/memories/unknown"),
        await world.own.put("/v1/memories"),
        await world.nobody.get("/v1/memories", params=SCOPE),
        await world.own.get("/v1/memories", headers={"authorization": "Bearer not-a-known-key"}),
        await world.own.post("/v1/memories", content=b"{", headers={"content-type": "application/json"}),
        await world.own.post("/v1/memories", content=b"{}", headers={"content-type": "text/plain"}),
        await world.add(""),
    ]
    same = ("x-request-id", "server-timing", "content-length")
    return [(shape(each), each.text, [h for h in each.headers.items() if h[0] not in same]) for each in refused]


@tour("CORE-05")
async def adding(world: World) -> Facts:
    """Add one memory and follow its location."""
    added = await world.add(metadata={"a": 1})
    location = added.headers.get("location", "/v1/nowhere")
    got = await world.own.get(location)
    return [added.status_code, "location" in added.headers, got.status_code, got.json() == added.json()]


@tour("CORE-06")
async def fidelity(world: World) -> Facts:
    """Add awkward texts and read them back; add what is no text."""
    texts = [" tea ", "cafe\u0301", "a\r\nb\rc", "tea \U0001f375", "a\0b", "\ufeffa", "a\x07b", "<b>&</b>", "Tea"]
    facts: Facts = []
    for text in [*texts, "x" * 65_536]:
        added = (await world.add(text)).json()
        facts.append((await world.own.get(f"/v1/memories/{added['id']}")).json()["content"] == text)
    lone = b'{"content":"a\\ud800b","scope":{"user_id":"u1"}}'
    refused = await world.own.post("/v1/memories", content=lone, headers={"content-type": "application/json"})
    return [*facts, (await world.add("")).status_code, refused.status_code]


@tour("CORE-07")
async def metadata(world: World) -> Facts:
    """Add awkward metadata and read it back; add a number that is too large."""
    given = {
        "n": None,
        "b": True,
        "i": 2**53 + 1,
        "f": 0.1,
        "o": {"x": {"y": 1}},
        "l": [2, 1, 1],
        "a.b": 1,
        "_c": 2,
    } | {"hash": 3}
    added = await world.add(metadata=given)
    infinite = b'{"content":"a","scope":{"user_id":"u1"},"metadata":{"x":1e400}}'
    headers = {"content-type": "application/json"}
    refused = await world.own.post("/v1/memories", content=infinite, headers=headers)
    kept = added.json().get("metadata")
    return [added.status_code, kept, [repr(value) for value in (kept or {}).values()], refused.status_code]


@tour("CORE-08")
async def limits(world: World) -> Facts:
    """Send what is just within and just above each limit, and see what was stored."""
    deep: Any = {}
    for _ in range(7):
        deep = {"d": deep}
    sent = [
        await world.add("x" * 65_536),
        await world.add("y" * 65_537),
        await world.add("é" * 32_769),
        await world.add(metadata=deep),
        await world.add(metadata={"d": deep}),
        await world.add(metadata={"x": "z" * 16_384}),
        await world.add(scope={"user_id": "s" * 257}),
        await world.add(padding="p" * 1_048_576),
        await world.search("q" * 8_192),
    ]
    declared = (await world.own.get("/v1/capabilities")).json()["limits"]
    return [[each.status_code for each in sent], declared, sorted(map(len, await world.contents()))]


@tour("CORE-09")
async def bad_bodies(world: World) -> Facts:
    """Send malformed JSON and JSON that breaks the schema, and see that nothing was stored."""
    good = '{"content":"a","scope":{"user_id":"u1"}}'
    texts = ["{", good + " x", good.replace('"a"', "NaN"), good.replace("}}", '},"confidence":NaN}')]
    headers = {"content-type": "application/json"}
    statuses = [(await world.own.post("/v1/memories", content=t, headers=headers)).status_code for t in texts]
    wrong = [await world.add(7), await world.add(confidence=2), await world.add(metadata=[])]
    return [statuses, [each.status_code for each in wrong], await world.contents()]


@tour("CORE-10")
async def media_types(world: World) -> Facts:
    """Send good JSON under another media type."""
    good = b'{"content":"a","scope":{"user_id":"u1"}}'
    answer = await world.own.post("/v1/memories", content=good, headers={"content-type": "text/plain"})
    return [answer.status_code]


@tour("CORE-11")
async def odd_ids(world: World) -> Facts:
    """Ask for ids that never were, plain and hostile."""
    await world.add()
    unknown = "/v1/memories/0199f3c2-7d1e-7a64-9c1b-3f5d2a6e8b90"
    asked = [await world.own.get(unknown), await world.own.delete(unknown)]
    asked += [await world.own.get(f"/v1/memories/{each}") for each in ("%27%20OR%201", "%25", "a" * 300)]
    return [each.status_code for each in asked]


@tour("CORE-12")
async def identity(world: World) -> Facts:
    """Add, delete and add again in two scopes, and look at the ids."""
    ids = await world.ids("a", "b")
    await world.own.delete(f"/v1/memories/{ids[0]}")
    ids += [*(await world.ids("c")), (await world.add("d", {"user_id": "u2"})).json()["id"]]
    return [len(set(ids)), [bool(re.fullmatch(r"[A-Za-z0-9._~-]{1,128}", each)) for each in ids]]


@tour("CORE-13")
async def deleting(world: World) -> Facts:
    """Delete a memory twice and ask for it."""
    path = f"/v1/memories/{(await world.ids('a'))[0]}"
    return [
        (await world.own.delete(path)).status_code,
        (await world.own.get(path)).status_code,
        (await world.own.delete(path)).status_code,
    ]


@tour("CORE-14")
async def listing(world: World) -> Facts:
    """List 24 memories twice, one of them deleted."""
    ids = await world.ids(*(f"m{number}" for number in range(24)))
    await world.own.delete(f"/v1/memories/{ids[3]}")
    return [await world.contents(), await world.contents(), await world.contents()]


@tour("CORE-15")
async def walking(world: World) -> Facts:
    """Walk with several limits, and with cursors and limits that are not good."""
    await world.ids(*(f"m{number}" for number in range(7)))
    walks = [await world.contents(limit) for limit in (1, 3, 50)]
    first = (await world.own.get("/v1/memories", params={**SCOPE, "limit": 2})).json()
    cursor = first["next_cursor"] or "none"
    odd: list[dict[str, Any]] = [
        {**SCOPE, "cursor": cursor, "limit": 3},
        {"user_id": "u2", "cursor": cursor},
        {**SCOPE, "cursor": cursor[:-2]},
        {**SCOPE, "limit": 0},
        {**SCOPE, "limit": 201},
    ]
    return [
        walks,
        len(first["items"]),
        [(await world.own.get("/v1/memories", params=each)).status_code for each in odd],
    ]


@tour("CORE-16")
async def walking_under_change(world: World) -> Facts:
    """Add and delete between the pages of a walk."""
    ids = await world.ids(*(f"m{number}" for number in range(6)))
    seen: Facts = []
    parameters: dict[str, Any] = {**SCOPE, "limit": 2}
    for turn in range(4):
        answer = await world.own.get("/v1/memories", params=parameters)
        if answer.status_code != 200:
            return [*seen, answer.status_code]
        seen += [item["content"] for item in answer.json()["items"]]
        if turn == 0:
            await world.own.delete(f"/v1/memories/{ids[4]}")
            await world.ids("new1", "new2")
        if answer.json()["next_cursor"] is None:
            break
        parameters["cursor"] = answer.json()["next_cursor"]
    return seen


@tour("CORE-17", "CORE-19")
async def scopes(world: World) -> Facts:
    """List memories in scopes that are near one another."""
    kept: list[dict[str, str]] = [{"user_id": "u"}, {"user_id": "u", "agent_id": "a"}, {"agent_id": "a"}]
    kept += [{"user_id": "u", "session_id": "s"}, {"user_id": "u", "session_id": "t"}]
    kept += [{"user_id": value} for value in ("U", "u ", "u%", "u*", "uv", "cafe\u0301", "caf\u00e9")]
    for scope in kept:
        await world.add(repr(scope), scope)
    return [await world.contents(scope=scope) for scope in [*kept, {"user_id": "u", "app_id": "none"}]]


@tour("CORE-18")
async def no_scopes(world: World) -> Facts:
    """List, add and search under what is no scope."""
    await world.add()
    queries = ["", "limit=5", "user_id=u1&user_id=u2", "user_id=u1&agent_id=", "user_id="]
    listed = [await world.own.get(f"/v1/memories?{query}") for query in queries]
    odd: list[object] = [{}, "u1", {"user_id": 7}, {"user_id": "u1", "team_id": "t"}, []]
    added = [await world.add("a", scope) for scope in odd]
    return [each.status_code for each in [*listed, *added, *[await world.search("a", scope) for scope in odd]]]


@tour("CORE-20")
async def instants(world: World) -> Facts:
    """Look at the timestamps of a record, and at it again later."""
    began = time.time()
    added = (await world.add()).json()
    got = (await world.own.get(f"/v1/memories/{added['id']}")).json()
    utc = [bool(re.search(r"(Z|\+00:00)$", str(added[name]))) for name in ("created_at", "updated_at")]
    if not all(utc):
        return utc
    created, updated = (datetime.fromisoformat(added[name]) for name in ("created_at", "updated_at"))
    now = abs(created.timestamp() - began) < 5 and abs(updated.timestamp() - began) < 5
    return [created <= updated, now, got["created_at"] == added["created_at"]]


@tour("CORE-21")
async def reading(world: World) -> Facts:
    """Read in every way and see whether the list has changed."""
    ids = await world.ids("tea", "coffee")
    before = await world.walk()
    for memory_id in ids * 2:
        await world.own.get(f"/v1/memories/{memory_id}")
    await world.search("tea")
    return [await world.walk() == before]


@tour("CORE-22")
async def next_request(world: World) -> Facts:
    """Read what was just written, on two connections."""
    memory_id = (await world.ids("a"))[0]
    path = f"/v1/memories/{memory_id}"
    statuses = [(await client.get(path)).status_code for client in (world.own, world.own_elsewhere)]
    listed = await world.contents()
    await world.own.delete(path)
    return [statuses, listed, (await world.own.get(path)).status_code, await world.contents()]


@tour("CORE-23")
async def many_at_once(world: World) -> Facts:
    """Add ten at once and list them."""
    added = await asyncio.gather(*(world.add(f"m{number}") for number in range(10)))
    return [{each.status_code for each in added}, sorted(await world.contents())]


@tour("CORE-24")
async def unknown_members(world: World) -> Facts:
    """Add with a member that the contract does not know."""
    added = await world.add(importance=1)
    return [added.status_code, added.json().get("metadata")]


@tour("CORE-26")
async def restarting(world: World) -> Facts:
    """Add two, delete one, and look after the death of the server."""
    ids = await world.ids("a", "b")
    await world.own.delete(f"/v1/memories/{ids[0]}")
    world.restart()
    return [(await world.own.get(f"/v1/memories/{each}")).status_code for each in ids]


@tour("CORE-28")
async def shapes(world: World) -> Facts:
    """Look at statuses, media types and members of good responses."""
    memory_id = (await world.ids("a"))[0]
    got = await world.own.get(f"/v1/memories/{memory_id}")
    listed = [await world.own.get("/v1/memories", params={**SCOPE, "limit": limit}) for limit in (1, 50)]
    return [shape(got), type(got.json().get("version")), [shape(each) for each in listed]]


@tour("CORE-29")
async def costly_input(world: World) -> Facts:
    """Send bad input that is cheap to refuse, and see whether it is refused soon."""
    nested = "[" * 5_000 + "]" * 5_000
    digits = "9" * 20_000
    doubles = ",".join(['"a":1'] * 2_000)
    bodies = [nested, f'{{"content":{digits}}}', f"{{{doubles}}}", f'{{"content":"{"x" * 100_000}","scope":{{}}}}']
    soon: Facts = []
    for body in bodies:
        began = time.perf_counter()
        answer = await world.own.post("/v1/memories", content=body, headers={"content-type": "application/json"})
        soon.append((answer.status_code >= 400, time.perf_counter() - began < core_bad_input.STALL_S))
    return soon


@tour("LIMITS-01")
async def rates(world: World) -> Facts:
    """Add 70 memories in a row and look at what was refused, and whether it was stored."""
    added = [await world.add(f"m{number}") for number in range(70)]
    refused = [each for each in added if each.status_code != 201]
    declared = (await world.own.get("/v1/capabilities")).json()["limits"]["requests_per_minute"]
    stored = world.stores[0].list(_principal(), SCOPE, 200, None).items
    kinds = {(each.status_code, "retry-after" in each.headers) for each in refused}
    return [declared, kinds, len(stored) + len(refused) == len(added)]


def _principal() -> str:
    from memconform_server.principals import principal_of

    return principal_of(FIRST)


@tour("TENANCY-01", "TENANCY-02")
async def credentials(world: World) -> Facts:
    """Ask without credentials, with wrong ones, and with good ones in the wrong place."""
    memory_id = (await world.ids("a"))[0]
    nobody, path = world.nobody, f"/v1/memories/{memory_id}"
    bad: list[dict[str, str]] = [{"authorization": f"Bearer {key}"} for key in ("wrong", FIRST[:-1])]
    misplaced = [{"x-api-key": FIRST}, {"cookie": f"token={FIRST}"}]
    asked = [await nobody.get(path, headers=each) for each in [{}, *bad, *misplaced]]
    asked.append(await nobody.get("/v1/memories", params={**SCOPE, "api_key": FIRST}))
    asked.append(await nobody.post("/v1/search", json={"query": "a", "scope": SCOPE}))
    asked.append(await nobody.delete(path))
    return [(each.status_code, each.headers.get("www-authenticate")) for each in asked]


@tour("TENANCY-03", "TENANCY-07")
async def foreign_memories(world: World) -> Facts:
    """Let the second principal go for a memory of the first."""
    path = f"/v1/memories/{(await world.ids('a'))[0]}"
    tried = [await world.second.get(path), await world.second.delete(path), await world.own.get(path)]
    missing = await world.second.get("/v1/memories/0199f3c2-7d1e-7a64-9c1b-3f5d2a6e8b90")
    return [[each.status_code for each in tried], tried[0].text == missing.text, "x-cache" in tried[0].headers]


@tour("TENANCY-04", "TENANCY-06")
async def equal_scopes(world: World) -> Facts:
    """Let both principals use the same scope, and one the other's cursor."""
    await world.ids("mine 1", "mine 2", "mine 3")
    await world.second.post("/v1/memories", json={"content": "theirs", "scope": SCOPE})
    found = (await world.second.post("/v1/search", json={"query": "mine 1", "scope": SCOPE})).json()["results"]
    listed = (await world.second.get("/v1/memories", params=SCOPE)).json()["items"]
    cursor = (await world.own.get("/v1/memories", params={**SCOPE, "limit": 1})).json()["next_cursor"]
    borrowed = await world.second.get("/v1/memories", params={**SCOPE, "cursor": cursor})
    return [[each["memory"]["content"] for each in found], [each["content"] for each in listed], shape(borrowed)]


@tour("SEARCH-01", "SEARCH-02", "SEARCH-07", "SEARCH-11")
async def ranking(world: World) -> Facts:
    """Search six memories, and one in another script."""
    for text in TEXTS:
        await world.add(text, metadata={"length": len(text)})
    await world.add("お茶が好き")
    answer = await world.search("I like tea")
    results = answer.json()["results"]
    got = [(await world.own.get(f"/v1/memories/{each['memory']['id']}")).json() for each in results]
    equal = [each["memory"] == memory for each, memory in zip(results, got, strict=True)]
    return [await world.found("I like tea"), "NaN" in answer.text, equal, await world.found("お茶が好き", top_k=1)]


@tour("SEARCH-03", "SEARCH-04")
async def cuts(world: World) -> Facts:
    """Search with several values of top_k."""
    await world.ids(*TEXTS)
    good = [await world.found("I like tea", top_k=number) for number in (1, 2, 3, 8)]
    return [good, [(await world.search("tea", top_k=number)).status_code for number in (0, -1, 201)]]


@tour("SEARCH-05")
async def floors(world: World) -> Facts:
    """Search with a min_score between the first and the second score, and low ones."""
    await world.ids(*TEXTS)
    scores = [score for _, score in await world.found("I like tea")]
    floor = (scores[0] + scores[1]) / 2
    return [await world.found("I like tea", min_score=each) for each in (floor, scores[1], 0.99)]


@tour("SEARCH-06")
async def repeats(world: World) -> Facts:
    """Search three times."""
    await world.ids(*TEXTS)
    return [await world.found("I like tea") for _ in range(3)]


@tour("SEARCH-08")
async def search_scopes(world: World) -> Facts:
    """Search the same text in several scopes."""
    kept = [{"user_id": "u"}, {"user_id": "u", "session_id": "s"}, {"user_id": "u", "session_id": "t"}]
    kept.append({"user_id": "v"})
    for scope in kept:
        await world.add(f"I like tea, {scope}", scope)
    return [sorted(await world.found("I like tea", scope=scope)) for scope in kept]


@tour("SEARCH-09", "SEARCH-10")
async def freshness(world: World) -> Facts:
    """Search what was just added, and three times what was just deleted."""
    memory_id = (await world.ids("I like tea"))[0]
    found = await world.found("I like tea")
    await world.own.delete(f"/v1/memories/{memory_id}")
    return [found, [await world.found("I like tea") for _ in range(3)]]


@tour("SEARCH-12")
async def hostile_queries(world: World) -> Facts:
    """Search with what might be query language."""
    return [(await world.search(query)).status_code for query in ("", '"', "tea AND (", "a\0b", "*", "NEAR(a b)")]


@tour("SEARCH-13", "SEARCH-14")
async def independence(world: World) -> Facts:
    """Search before and after adding elsewhere, and in a scope filled in the other order."""
    await world.ids(*TEXTS)
    before = await world.found("I like tea")
    for text in reversed(TEXTS):
        await world.add(text, {"user_id": "u2"})
    other = await world.found("I like tea", scope={"user_id": "u2"})
    return [before, await world.found("I like tea"), sorted(other)]


def taken(requirement: str, defect: str | None, folder: Path) -> Facts:
    """Return the facts of a tour."""

    async def travel() -> Facts:
        return await TOURS[requirement](world)

    world = World(defect, folder)
    try:
        return asyncio.run(travel())
    finally:
        for store in world.stores:
            store.close()


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Facts]:
    """Give the facts of a tour of the server without a defect."""
    known: dict[Tour, Facts] = {}

    def facts(requirement: str) -> Facts:
        toured = TOURS[requirement]
        if toured not in known:
            known[toured] = taken(requirement, None, tmp_path_factory.mktemp("reference"))
        return known[toured]

    return facts


@pytest.fixture(autouse=True)
def short_stalls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let stalling servers stall for half a second, which is far above what a refusal takes."""
    monkeypatch.setattr(core_bad_input, "STALL_S", 0.5)


def requirements_tested() -> dict[str, str]:
    """Return profile by id of each requirement of these profiles that is tested."""
    path = content_root() / "schemas" / "v1" / "requirements.yaml"
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    rows = document["requirements"] if isinstance(document, dict) else document
    return {row["id"]: row["profile"] for row in rows if row["profile"] in PROFILES and not row.get("not_tested")}


@pytest.mark.parametrize("requirement", sorted(requirements_tested()))
def test_every_requirement_has_a_defect(requirement: str) -> None:
    """Every MUST and SHOULD of core, tenancy and search can be broken by at least one seeded defect."""
    assert requirement in {defect.breaks for defect in defects().values()}


def test_defects_break_only_requirements_that_exist() -> None:
    """No defect claims to break a requirement that is unknown or not tested."""
    assert {defect.breaks for defect in defects().values()} <= requirements_tested().keys()


@pytest.mark.parametrize("name", list(defects()))
def test_a_defect_says_what_it_is(name: str) -> None:
    """Names are slugs, and each sin is one sentence of its own."""
    defect = defects()[name]
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
    assert re.fullmatch(r"[A-Z][^.!?]*(`[^`]*`[^.!?]*)*\.", defect.sin), defect.sin
    assert [other.name for other in defects().values() if other.sin == defect.sin] == [name]


@pytest.mark.parametrize("requirement", sorted(TOURS))
def test_the_reference_takes_each_tour_alike(requirement: str, reference: Any, tmp_path: Path) -> None:
    """Two tours of the server without a defect give the same facts, so that a difference means something."""
    assert taken(requirement, None, tmp_path) == reference(requirement)


@pytest.mark.parametrize("name", list(defects()))
def test_a_defect_bends_what_it_claims(name: str, reference: Any, tmp_path: Path) -> None:
    """A tour of the defect's own requirement gives other facts than the same tour of the reference."""
    requirement = defects()[name].breaks
    assert taken(requirement, name, tmp_path) != reference(requirement)


@pytest.mark.parametrize("name", list(defects()))
def test_a_defect_still_serves(name: str, tmp_path: Path) -> None:
    """A server with a defect answers health checks and takes a plain memory."""

    async def serve() -> None:
        health = await world.own.get("/v1/health")
        assert health.status_code in {200, 204}
        added = await world.add()
        assert added.status_code in {200, 201}
        assert added.json()["content"].lower() == "i like tea"

    world = World(name, tmp_path)
    try:
        asyncio.run(serve())
    finally:
        world.stores[0].close()


def test_listing_defects_needs_no_server() -> None:
    """Names and sins can be had without the web framework, NumPy, or the embedding model."""
    program = (
        "import sys, memconform_server.defects as d, memconform_server.variants as v\n"
        "d.defects(); v.variants()\n"
        "print(sorted({'starlette', 'numpy', 'wordllama', 'uvicorn', 'anyio'} & sys.modules.keys()))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (run.stdout.strip(), run.stderr) == ("[]", "")


def test_an_unknown_defect_is_a_key_error(tmp_path: Path) -> None:
    """Applying what does not exist raises KeyError, with the name."""
    store = SqliteStore(tmp_path / "memories.db")
    with pytest.raises(KeyError, match="no-such-sin"):
        apply("no-such-sin", store, SETTINGS)
    store.close()
