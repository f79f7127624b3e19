"""Tours of what is written: patches, conditions, histories, keys, repeats, batches.

Their facts hold no ids and no moments, only how they relate.
"""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tests.server.tours.touring import SCOPE, Facts, World, tour

if TYPE_CHECKING:
    import httpx

MERGE_PATCH = "application/merge-patch+json"


async def _patch(world: World, memory_id: str, body: object, **headers: str) -> httpx.Response:
    fields = {"content-type": MERGE_PATCH} | {name.replace("_", "-"): value for name, value in headers.items()}
    answer: httpx.Response = await world.own.patch(f"/v1/memories/{memory_id}", json=body, headers=fields)
    return answer


def _seen(answer: httpx.Response) -> Facts:
    """Return status and what a memory says apart from id and moments."""
    if answer.status_code not in (200, 201):
        return [answer.status_code]
    memory = answer.json()
    names = ("content", "scope", "metadata", "confidence", "version", "key")
    return [answer.status_code, [memory.get(name) for name in names]]


def _moves(answers: list[httpx.Response]) -> Facts:
    """Return for each memory whether `updated_at` is later than, or the same as, in the one before."""
    stamps = [answer.json()["updated_at"] for answer in answers if answer.status_code < 300]
    return [one < two for one, two in pairwise(stamps)]


def _pattern(values: list[str | None]) -> Facts:
    """Return by numbers which of the values are the same, and which are weak or missing."""
    return [(values.index(value), (value or "none").startswith("W/"), value is None) for value in values]


@tour("UPDATE-01", "UPDATE-02", "UPDATE-03", "UPDATE-04")
async def patches(world: World) -> Facts:
    """Patch well, twice the same, and badly."""
    metadata = {"keep": 1, "drop": 2, "nest": {"a": 1, "b": 2}}
    added = await world.add("I like tea", metadata=metadata, confidence=0.5)
    memory_id = added.json()["id"]
    change = {"content": " I like  coffee ", "metadata": {"drop": None, "nest": {"a": None, "c": 3}}}
    good = [added, await _patch(world, memory_id, change), await _patch(world, memory_id, change)]
    good.append(await _patch(world, memory_id, {"metadata": None}))
    bad = [{"scope": {"user_id": "u2"}}, {"version": 9, "metadata": {"x": 1}}, {"content": None, "metadata": {"y": 1}}]
    refused = [await _patch(world, memory_id, body) for body in bad]
    plain = {"content_type": "text/plain"}
    refused.append(await _patch(world, memory_id, {"metadata": {"z": 1}}, **plain))
    read = await world.own.get(f"/v1/memories/{memory_id}")
    await world.own.delete(f"/v1/memories/{memory_id}")
    late = await _patch(world, memory_id, {"content": "late"})
    return [[_seen(each) for each in (*good, *refused, read, late)], _moves(good)]


@tour("CONCURRENCY-01", "CONCURRENCY-02", "CONCURRENCY-05")
async def conditions(world: World) -> Facts:
    """Patch, delete, put and get under conditions, and compare the tags."""
    added = await world.add("I like tea", metadata={"a": 1})
    memory_id = added.json()["id"]
    steps = [
        added,
        await _patch(world, memory_id, {"content": "one"}),
        await _patch(world, memory_id, {"content": "one"}),
    ]
    tags = [each.headers.get("etag", "") for each in steps]
    steps.append(await _patch(world, memory_id, {"metadata": {"a": 2}}, if_match=tags[2]))
    former, weak = tags[0], f"W/{steps[3].headers.get('etag', '')}"
    steps += [await _patch(world, memory_id, {"metadata": {"mark": tag[:1]}}, if_match=tag) for tag in (former, weak)]
    path = f"/v1/memories/{memory_id}"
    steps += [await world.own.get(path), await world.own.get(path)]
    present = steps[-1].headers.get("etag", "")
    unchanged = [await world.own.get(path, headers={"if-none-match": tag}) for tag in (present, tags[0])]
    keyed = {**SCOPE, "key": "editor"}
    puts = [await world.own.put("/v1/keyed", params=keyed, json={"content": text}) for text in ("vim", "nano")]
    former = {"if-match": puts[0].headers.get("etag", '"x"')}
    puts.append(await world.own.put("/v1/keyed", params=keyed, json={"content": "no"}, headers=former))
    ends = [await world.own.delete(path, headers={"if-match": tag}) for tag in (tags[0], present)]
    late = await _patch(world, memory_id, {"content": "late"}, if_match=present)
    all_tags = [each.headers.get("etag") for each in steps if each.status_code < 300]
    statuses = [each.status_code for each in (*steps, *unchanged, *puts, *ends, late)]
    return [_pattern(all_tags), statuses, _seen(steps[-1])]


@tour("CONCURRENCY-03", "CONCURRENCY-04")
async def races(world: World) -> Facts:
    """Append to one memory twice at once, and the loser once more."""
    added = await world.add("list")
    memory_id, tag = added.json()["id"], added.headers["etag"]
    both = [_patch(world, memory_id, {"content": f"list, {name}"}, if_match=tag) for name in ("a", "b")]
    first = await asyncio.gather(*both)
    read = await world.own.get(f"/v1/memories/{memory_id}")
    content = f"{read.json()['content']}, c"
    again = await _patch(world, memory_id, {"content": content}, if_match=read.headers["etag"])
    last = (await world.own.get(f"/v1/memories/{memory_id}")).json()["content"]
    return [sorted(each.status_code for each in first), again.status_code, len(last.split(", "))]


@tour("HISTORY-01", "HISTORY-02", "HISTORY-03")
async def histories(world: World) -> Facts:
    """Read the history before and after two changes, and after the deletion."""
    memory_id = (await world.add("one", metadata={"a": 1})).json()["id"]
    path = f"/v1/memories/{memory_id}"
    before = (await world.own.get(f"{path}/history")).json()["items"]
    for body in ({"content": "two"}, {"metadata": {"a": 2}}):
        await _patch(world, memory_id, body)
    after = (await world.own.get(f"{path}/history")).json()["items"]
    foreign = [await world.second.get(f"{path}/history"), await world.second.patch(path, json={"content": "no"})]
    await world.own.delete(path)
    gone = await world.own.get(f"{path}/history")
    rows = [[each[name] for name in ("version", "operation", "content", "metadata")] for each in after]
    return [rows, before == after[: len(before)], [each.status_code for each in (*foreign, gone)]]


@tour("KEYED-01", "KEYED-02", "KEYED-03", "KEYED-05")
async def keys(world: World) -> Facts:
    """Set, replace and repeat a key in two scopes and under other names; get, list, search, delete, set anew."""
    wide, narrow, beside = SCOPE, {**SCOPE, "session_id": "s"}, {**SCOPE, "session_id": "t"}
    sets = [
        (narrow, "Café/%2F", "vim", {"since": 1}),
        (wide, "Café/%2F", "emacs", {}),
        (narrow, "Café/%2F", "nano", {}),
    ]
    sets += [(narrow, "Café/%2F", "nano", {}), (wide, "Cafe\u0301/%2F", "nfd", {}), (wide, "café/%2F", "small", {})]
    answers = []
    for scope, key, content, metadata in sets:
        body = {"content": content, "metadata": metadata}
        answers.append(await world.own.put("/v1/keyed", params={**scope, "key": key}, json=body))
    ids = [each.json().get("id") for each in answers]
    got = [await world.own.get("/v1/keyed", params={**scope, "key": "Café/%2F"}) for scope in (narrow, wide, beside)]
    listed = sorted(await world.contents())
    found = [content for content, _ in await world.found("nano", scope=narrow)]
    gone = await world.own.delete("/v1/keyed", params={**narrow, "key": "Café/%2F"})
    anew = await world.own.put("/v1/keyed", params={**narrow, "key": "Café/%2F"}, json={"content": "vi"})
    told = [_seen(each) for each in (*answers, *got, gone, anew)]
    return [told, _pattern([*ids, anew.json().get("id")]), listed, found]


@tour("KEYED-04")
async def key_races(world: World) -> Facts:
    """Set one key three times at once, and another one under the condition that it is new."""
    facts: Facts = []
    for key, headers in (("any", {}), ("new", {"if-none-match": "*"})):
        bodies = [{"content": f"{key} {n}", "metadata": {"n": n}} for n in range(3)]
        params = {**SCOPE, "key": key}
        puts = [world.own.put("/v1/keyed", params=params, json=body, headers=headers) for body in bodies]
        answers = await asyncio.gather(*puts)
        left = [item for item in await world.walk() if item.get("key") == key]
        whole = [item["content"] == f"{key} {item['metadata'].get('n')}" for item in left]
        facts.append([sorted(each.status_code for each in answers), whole])
    return facts


@tour("IDEMPOTENCY-01", "IDEMPOTENCY-02", "IDEMPOTENCY-03")
async def repeats(world: World) -> Facts:
    """Repeat adds and batches under one key: the same, in other words, with another body, path, principal, at once."""

    async def post(path: str, key: str, text: str, client: Any = world.own) -> httpx.Response:
        headers = {"content-type": "application/json", "idempotency-key": key}
        answer: httpx.Response = await client.post(path, content=text.encode(), headers=headers)
        return answer

    memory = '{"content": "tea", "scope": {"user_id": "u1"}}'
    other, empty = memory.replace("tea", "coffee"), memory.replace("tea", "")
    batch = f'{{"operations": [{{"op": "add", "memory": {memory.replace("tea", "many")}}}]}}'
    sent = [
        ("/v1/memories", "k1", memory),
        ("/v1/memories", "k1", memory.replace(", ", ",\n")),
        ("/v1/memories", "k1", other),
    ]
    sent += [("/v1/batch", "k1", batch), ("/v1/memories", "k2", empty), ("/v1/memories", "k2", other)]
    sent += [("/v1/batch", "k3", batch), ("/v1/batch", "k3", batch)]
    answers = [await post(*each) for each in sent]
    same = [answers[0].text == answers[1].text, answers[6].text == answers[7].text]
    foreign = await post("/v1/memories", "k1", memory, world.second)
    at_once = [post("/v1/memories", "k4", memory.replace("tea", "once")) for _ in range(3)]
    together = await asyncio.gather(*at_once)
    alone = foreign.status_code == 201 and foreign.json()["id"] != answers[0].json()["id"]
    statuses = [each.status_code for each in answers]
    return [statuses, same, alone, sorted(each.status_code for each in together), sorted(await world.contents())]


@tour("BATCH-01", "BATCH-02", "BATCH-03")
async def batches(world: World) -> Facts:
    """Send a batch of good and bad items, a full one, and one that is too long."""
    one, two = await world.ids("one", "two")
    await _patch(world, one, {"metadata": {"a": 1, "b": 2}})
    add = {"op": "add", "memory": {"content": " new ", "scope": SCOPE, "metadata": {"c": 3}}}
    bad = {"op": "add", "memory": {"content": "", "scope": SCOPE}}
    update = {"op": "update", "id": one, "patch": {"metadata": {"a": None}}}
    delete = {"op": "delete", "id": two}
    items = [add, bad, update, delete, delete, {**add, "memory": {**add["memory"], "content": "last"}}]  # type: ignore[dict-item]  # mypy sees an object
    answers = [await world.own.post("/v1/batch", json={"operations": items})]
    for length in (100, 101):
        first = {"op": "add", "memory": {"content": f"first of {length}", "scope": SCOPE}}
        unknown = {"op": "delete", "id": "unknown"}
        body = {"operations": [first, *[unknown] * (length - 1)]}
        answers.append(await world.own.post("/v1/batch", json=body))
    results = answers[0].json().get("results", [])
    rows = [(each["index"], each["status"]) for each in results]
    left = sorted((item["content"], str(item["metadata"])) for item in await world.walk())
    return [[each.status_code for each in answers], rows, left]
