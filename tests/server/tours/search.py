"""Tours of search."""

from __future__ import annotations

from tests.server.tours.touring import TEXTS, Facts, World, tour


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
    found = [sorted(await world.found("I like tea", scope=scope)) for scope in kept]
    for number in range(6):
        await world.add(f"tea {number}", {"user_id": "v"})
    return [*found, await world.found("tea", scope=kept[1], top_k=1)]


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
