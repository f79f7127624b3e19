"""Tours of what changes, erasures and restarts do to lists, searches and repeats."""

from __future__ import annotations

from tests.server.tours.touring import SCOPE, Facts, World, tour


@tour("CORE-14")
async def lists_after_changes(world: World) -> Facts:
    """List after a change, after the deletion of what was changed, and after an erasure."""
    first, *_ = await world.ids("a", "b", "c")
    await world.own.patch(f"/v1/memories/{first}", json={"content": "changed"})
    seen = [await world.contents()]
    await world.own.delete(f"/v1/memories/{first}")
    seen.append(await world.contents())
    await world.done(world.own, "/v1/erasures", {"scope": SCOPE})
    await world.add("after the erasure")
    return [*seen, await world.contents()]


@tour("CORE-14")
async def lists_after_a_repeat(world: World) -> Facts:
    """List what was added after an idempotent repeat."""
    for _ in range(2):
        body = {"content": "under a key", "scope": SCOPE}
        await world.own.post("/v1/memories", json=body, headers={"idempotency-key": "k"})
    await world.add("after the repeat")
    return [*await world.contents()]


@tour("CORE-26")
async def changes_before_a_restart(world: World) -> Facts:
    """Change, restart, read, and repeat what was added under a key."""
    body, key = {"content": "under a key", "scope": SCOPE}, {"idempotency-key": "k"}
    await world.own.post("/v1/memories", json=body, headers=key)
    (changed,) = await world.ids("as it was")
    await world.own.patch(f"/v1/memories/{changed}", json={"content": "as it is"})
    world.restart()
    repeated = await world.own.post("/v1/memories", json=body, headers=key)
    return [repeated.status_code, await world.contents()]


@tour("SEARCH-09")
async def searches_after_a_change(world: World) -> Facts:
    """Search for the new text of what was changed."""
    (changed,) = await world.ids("I like tea")
    await world.own.patch(f"/v1/memories/{changed}", json={"content": "chess at night"})
    return [content for content, _ in await world.found("chess at night")]
