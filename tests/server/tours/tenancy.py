"""Tours of tenancy."""

from __future__ import annotations

from tests.server.tours.touring import FIRST, SCOPE, Facts, World, shape, tour


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
