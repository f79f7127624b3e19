"""Tours across profiles: every member on every way in, and what one profile does to another's memories."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from typing import Any

from tests.server.tours.touring import SCOPE, Facts, World, tour

from memconform_server.canonical import canonical

MEMBERS: dict[str, Any] = {
    "valid_from": "2001-01-01T00:00:00Z",
    "source": {"method": "inferred", "message_ids": ["m1"]},
    "ext": {"com.example": {"a": 1}},
    "confidence": 0.25,
}
EASTMOST = timezone(timedelta(hours=14))
KEYED = {"user_id": "u1", "key": "editor"}
_OWN = {"id", "created_at", "updated_at", "supersedes", "superseded_by"}


def _told(document: dict[str, Any]) -> Facts:
    """Return what a memory says, and whether it has successors or predecessors, without ids and times."""
    said = {name: value for name, value in document.items() if name not in _OWN}
    return [said, "superseded_by" in document, len(document.get("supersedes") or ())]


@tour("CORE-05")
async def zero(world: World) -> Facts:
    """Add with a confidence of 0."""
    return _told((await world.add(confidence=0)).json())


@tour("UPDATE-01", "BATCH-02")
async def members(world: World) -> Facts:
    """Patch a memory with every member and its superseded one; add the like in a batch."""
    old = (await world.add("I use npm")).json()
    new = (await world.add("I use pnpm", supersedes=[old["id"]], **MEMBERS)).json()
    patched = [
        await world.own.patch(f"/v1/memories/{one['id']}", json={"content": f"{one['content']}!", "confidence": 0})
        for one in (old, new)
    ]
    memory = {"content": "I use yarn", "scope": SCOPE, "supersedes": [new["id"]], **MEMBERS}
    batch = (await world.own.post("/v1/batch", json={"operations": [{"op": "add", "memory": memory}]})).json()
    hidden = (await world.own.get(f"/v1/memories/{new['id']}")).json()
    return [*(_told(each.json()) for each in patched), _told(batch["results"][0]["memory"]), _told(hidden)]


@tour("KEYED-01", "CORE-08")
async def puts(world: World) -> Facts:
    """Set a key with many members, with few, with another confidence alone, too long, too late."""
    bodies: list[dict[str, Any]] = [
        {"content": "vim", "ext": MEMBERS["ext"], "expires_at": "2199-01-01T00:00:00Z"},
        {"content": "nano"},
        {"content": "nano", "confidence": 0.5},
        {"content": "n" * 70_000},
        {"content": "late", "expires_at": "2001-01-01T00:00:00Z"},
    ]
    answers = [await world.own.put("/v1/keyed", params=KEYED, json=body) for body in bodies]
    return [[each.status_code, _told(each.json()) if each.status_code < 300 else None] for each in answers]


@tour("LIFECYCLE-03")
async def late(world: World) -> Facts:
    """Give an expiry that has passed in an add, a patch, a batch and for a key; take one away with null."""
    now = datetime.now(UTC)
    past = [(now - timedelta(hours=1)).isoformat(), (now - timedelta(hours=2)).astimezone(EASTMOST).isoformat()]
    lasting = (await world.add(expires_at="2199-01-01T00:00:00Z")).json()["id"]
    answers = [
        await world.own.post("/v1/memories", json={"content": "x", "scope": SCOPE, "expires_at": at}) for at in past
    ]
    answers.append(await world.own.patch(f"/v1/memories/{lasting}", json={"expires_at": past[0]}))
    long_ago = {"content": "x", "expires_at": "2001-01-01T00:00:00Z"}
    answers.append(await world.own.put("/v1/keyed", params=KEYED, json=long_ago))
    memory = {"content": "x", "scope": SCOPE, "expires_at": past[0]}
    batch = await world.own.post("/v1/batch", json={"operations": [{"op": "add", "memory": memory}]})
    endless = await world.own.patch(f"/v1/memories/{lasting}", json={"expires_at": None})
    statuses = [each.status_code for each in answers]
    return [statuses, batch.json()["results"][0]["status"], endless.status_code, "expires_at" in endless.json()]


@tour("HISTORY-02")
async def imported_over(world: World) -> Facts:
    """Import over a memory, and read its history."""
    record = {**(await world.add()).json(), "content": "It came back"}
    digest = sha256(canonical(record) + b"\n").hexdigest()
    head = {"type": "manifest", "contract": "1.0", "scope": SCOPE, "count": 1, "sha256": digest}
    lines = [{**head, "exported_at": "2026-01-01T00:00:00Z"}, record]
    answer = await world.own.post(
        "/v1/import?on_conflict=overwrite",
        content="".join(f"{json.dumps(line)}\n" for line in lines),
        headers={"content-type": "application/x-ndjson"},
    )
    page = (await world.own.get(f"/v1/memories/{record['id']}/history")).json()
    return [answer.status_code, [(each["version"], each["operation"], each["content"]) for each in page["items"]]]


@tour("IDEMPOTENCY-02")
async def paths(world: World) -> Facts:
    """Send one body under one key to two paths."""
    body, headers = {"content": "once", "scope": SCOPE}, {"Idempotency-Key": "k"}
    answers = [await world.own.post(path, json=body, headers=headers) for path in ("/v1/memories", "/v1/batch")]
    return [each.status_code for each in answers]


@tour("TENANCY-03", "TENANCY-04", "TENANCY-05")
async def strangers(world: World) -> Facts:
    """Let the second principal name, inherit and conclude from what is the first one's; erase that."""
    mine = (await world.add("tea is mine")).json()["id"]
    inner = {**SCOPE, "session_id": "s1"}
    concluded = {"content": "theirs", "scope": SCOPE, "source": {"method": "inferred", "memory_ids": [mine]}}
    theirs = (await world.second.post("/v1/memories", json=concluded)).json()["id"]
    search = {"query": "tea", "scope": inner, "inherit": True}
    found = (await world.second.post("/v1/search", json=search)).json()["results"]
    body = {"content": "over it", "scope": SCOPE, "supersedes": [mine]}
    over = await world.second.post("/v1/memories", json=body)
    hidden = "superseded_by" in (await world.own.get(f"/v1/memories/{mine}")).json()
    await world.done(world.own, "/v1/erasures", {"scope": SCOPE})
    left = (await world.second.get(f"/v1/memories/{theirs}")).status_code
    return [sorted(each["memory"]["content"] for each in found), over.status_code, hidden, left]
