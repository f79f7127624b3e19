"""Tours of core, one for each requirement."""

from __future__ import annotations

import asyncio
import re
import time
from datetime import datetime
from typing import Any

from tests.server.tours.touring import FIRST, SCOPE, Facts, World, shape, tour

from memconform_server.defects import core_bad_input


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
    facts = [added.status_code, "location" in added.headers, got.status_code, got.json() == added.json()]
    for text in ("2026-01-01T02:00:00+02:00", "2026-01-01t00:00:00z", "9999-12-31T23:59:59-02:00"):
        dated = await world.add(valid_from=text)
        facts += [dated.status_code, dated.json().get("valid_from")]
    return facts


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
    bodies = [text.encode() for text in texts]
    bodies += [good.encode("utf-16"), (good[:-1] + ',"metadata":{"a":' + "[" * 950 + "]" * 950 + "}}").encode()]
    statuses = [(await world.own.post("/v1/memories", content=body, headers=headers)).status_code for body in bodies]
    wrong = [await world.add(7), await world.add(confidence=2), await world.add(metadata=[])]
    wrong += [await world.add(valid_from=text) for text in ("2026-01-01T00:00:00", "2026-W01-1T00:00:00Z")]
    sources: list[Any] = [{"memory_ids": ["a/b"]}, {"method": "guessed"}, {"message_ids": [7]}]
    half = good[:-1] + ',"ext":{"a":"\\ud800"}}'
    wrong += [await world.add(source=source) for source in sources]
    wrong.append(await world.own.post("/v1/memories", content=half, headers=headers))
    listed = await world.own.get("/v1/memories", params=SCOPE)
    stored = [each["content"] for each in listed.json().get("items", [])]
    return [statuses, [each.status_code for each in wrong], listed.status_code, stored]


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
        {**SCOPE, "limit": "1x"},
        {**SCOPE, "limit": "1_0"},
        {**SCOPE, "limit": "\u0661"},
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
    queries = ["", "limit=5", "user_id=u1&user_id=u2", "user_id=u1&agent_id=", "user_id=", "user_id=%ff"]
    listed = [await world.own.get(f"/v1/memories?{query}") for query in queries]
    odd: list[object] = [{}, "u1", {"user_id": 7}, {"user_id": "u1", "team_id": "t"}, []]
    odd.append({"user_id": "u1", "agent_id": None})
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
