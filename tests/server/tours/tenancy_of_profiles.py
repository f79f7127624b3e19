"""Tours of tenancy in the profiles beyond core and search."""

from __future__ import annotations

from tests.server.tours.touring import FIRST, SCOPE, SECOND, Facts, World, tour


@tour("TENANCY-03")
async def strange_changes(world: World) -> Facts:
    """Change, and read the history of, what is another principal's."""
    (mine,) = await world.ids("mine")
    patched = await world.second.patch(f"/v1/memories/{mine}", json={"content": "theirs"})
    history = await world.second.get(f"/v1/memories/{mine}/history")
    return [patched.status_code, history.status_code, await world.contents()]


@tour("TENANCY-04")
async def strange_reads(world: World) -> Facts:
    """Read as one principal, in every way, the scope that two use."""
    await world.add("Mine is a boat.")
    await world.add("In a scope of my own.", {"user_id": "u1", "session_id": "s1"})
    await world.second.post("/v1/memories", json={"content": "Theirs is a house.", "scope": SCOPE})
    exported = await world.second.get("/v1/export", params=SCOPE)
    scopes = (await world.second.get("/v1/scopes")).json()["items"]
    summary = (await world.second.post("/v1/summaries", json={"scope": SCOPE})).json()
    streams = [await world.streamed(key) for key in (FIRST, SECOND)]
    return [
        "boat" in exported.text,
        "house" in exported.text,
        scopes,
        summary["summary"],
        len(summary["sources"]),
        *map(len, streams),
    ]


@tour("TENANCY-05")
async def strange_writes(world: World) -> Facts:
    """Erase, and take in, what another principal has, too."""
    lines = {"content-type": "application/x-ndjson"}
    (mine,) = await world.ids("mine")
    exported = (await world.own.get("/v1/export", params=SCOPE)).content
    gone = (await world.ids("mine no more"))[0]
    longer = (await world.own.get("/v1/export", params=SCOPE)).content
    await world.own.delete(f"/v1/memories/{gone}")
    await world.second.post("/v1/memories", json={"content": "theirs", "scope": SCOPE})
    await world.own.patch(f"/v1/memories/{mine}", json={"content": "mine as it is"})
    taken = await world.second.post("/v1/import?on_conflict=overwrite", content=exported, headers=lines)
    await world.second.post("/v1/import?on_conflict=skip", content=longer, headers=lines)
    seen = [taken.status_code, await world.contents()]
    await world.done(world.own, "/v1/erasures", {"scope": SCOPE})
    theirs = (await world.second.get("/v1/memories", params=SCOPE)).json()["items"]
    return [*seen, sorted(item["content"] for item in theirs), await world.contents()]


@tour("TENANCY-06")
async def strange_keys(world: World) -> Facts:
    """Use a key, and look at an operation, of another principal."""
    key = {"idempotency-key": "k"}
    mine = await world.own.post("/v1/memories", json={"content": "a", "scope": SCOPE}, headers=key)
    same = await world.second.post("/v1/memories", json={"content": "a", "scope": SCOPE}, headers=key)
    other = await world.second.post("/v1/memories", json={"content": "b", "scope": SCOPE}, headers=key)
    operation = await world.done(world.own, "/v1/erasures", {"scope": SCOPE})
    looked = await world.second.get(f"/v1/operations/{operation['id']}")
    return [same.status_code, same.json().get("id") == mine.json()["id"], other.status_code, looked.status_code]
