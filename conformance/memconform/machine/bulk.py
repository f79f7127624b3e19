"""Steps that do much at once: batches, erasures, and files that go out and come in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from memconform.answer import control
from memconform.machine.divergence import agree, must_answer, must_be_record, object_of
from memconform.machine.player import Player, newest
from memconform.machine.reading import export
from memconform.machine.step import Step
from memconform.memory_api import Memories, Scope
from memconform.scene.world_memory import Expected, Stamp


def batch(player: Player, step: Step) -> None:
    """Add, change and delete in one request."""
    items = [_adding(player, player.place(step))]
    if (meant := player.meant(step)) is not None:
        if "update" in player.profiles and step.flavour % 2 == 0:
            items.append({"op": "update", "id": meant[0], "patch": {"content": player.text()}})
        else:
            items.append({"op": "delete", "id": meant[0]})
    items.append(_adding(player, player.places[0], metadata={"rank": 9}))
    items = items[: player.capabilities.limit_or("batch", len(items))]
    answer = player.memory.batch(items)
    must_answer(answer, Expected(200), "BATCH-01", "a batch")
    told = object_of(answer, "BATCH-01").get("results")
    results = [row for row in told if isinstance(row, Mapping)] if isinstance(told, list) else []
    agree(len(results) == len(items), "BATCH-01", f"{len(items)} results", answer.observed(), answer)
    stamps = [Stamp.of(row.get("memory"), row.get("etag")) for row in results]
    player.ids += [str(stamp.id) for stamp in stamps if stamp.id is not None and stamp.id not in player.ids]
    for item, row, expected in zip(items, results, player.world.batch(items, stamps), strict=True):
        wanted = (400, 422) if expected.status == 422 else (expected.status,)
        what = f"status {' or '.join(map(str, wanted))} for the item {item['op']}"
        agree(row.get("status") in wanted, "BATCH-01", what, f"status {row.get('status')}", answer)
        record = row.get("memory")
        control(expected.status != 201 or isinstance(record, Mapping), "a batch shows no added memory", answer)
        if isinstance(record, Mapping) and isinstance(expected.body, Mapping):
            must_be_record(record, expected.body, "BATCH-02", f"the result of the item {item['op']}", answer)
            player.remember(str(record.get("id")), dict(record), row.get("etag"))


def _adding(player: Player, scope: Scope, **members: Any) -> dict[str, Any]:
    return {"op": "add", "memory": {"content": player.text(), "scope": scope, **members}}


def erase(player: Player, step: Step) -> None:
    """Erase a scope, and wait for the receipt."""
    scope = player.place(step)
    answer = player.memory.erase(scope)
    must_answer(answer, Expected(202), "ERASURE-01", "the erasure of a scope")
    operation = player.memory.settled(answer)
    status = operation.get("status")
    agree(status == "succeeded", "ERASURE-01", "an erasure that succeeds", f"status {status}", answer)
    result = operation.get("result")
    receipt = result if isinstance(result, Mapping) else {}
    expected = player.world.erase(scope)
    derived = receipt.get("derived")
    listed = sorted(map(str, derived)) if isinstance(derived, list) else None
    wanted = f"the derived memories {sorted(expected.derived)} in the receipt"
    agree(listed == sorted(expected.derived), "ERASURE-05", wanted, f"derived {derived}", answer)
    counts = receipt.get("counts")
    seen = counts.get("memories") if isinstance(counts, Mapping) else None
    agree(seen == expected.memories, "ERASURE-04", f"counts.memories {expected.memories}", f"{seen}", answer)


def round_trip(player: Player, step: Step) -> None:
    """Export a user's memories, perhaps delete one, and import the file.

    What is there is skipped or overwritten. Whether a memory that was deleted comes back is the server's to say.
    """
    if player.capabilities.staleness("list"):
        return
    scope = player.places[0]
    answer, records = export(player, scope)
    linked = {name for each in records for name in (*(each.get("supersedes") or ()), each.get("superseded_by"))}
    free = [str(each["id"]) for each in records if each["id"] not in linked and not each.get("supersedes")]
    overwrite = step.flavour == 0 and len(free) == len(records)
    victim = None
    if step.flavour > 1 and free:
        victim = newest(free, step.which)
        must_answer(player.memory.delete(victim), player.world.delete(victim), "CORE-13", "DELETE of a memory")
    mode = "overwrite" if overwrite else "skip"
    _imported(player, answer.received.body, records, mode, victim)


def _imported(player: Player, file: bytes, records: Memories, mode: str, victim: str | None) -> None:
    answer = player.memory.import_(file, mode)
    if victim is not None and answer.status in (409, 422, 400):
        return
    requirement = "PORTABILITY-02" if mode == "overwrite" else "PORTABILITY-03"
    must_answer(answer, Expected(200), requirement, f"the import of an export with on_conflict={mode}")
    rows = object_of(answer, requirement).get("records")
    told = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
    seen = sorted((str(row.get("id")), str(row.get("status"))) for row in told)
    if victim is not None and (victim, "skipped") in seen:
        seen.remove((victim, "skipped"))
        records = [record for record in records if record.get("id") != victim]
    expected = sorted(player.world.import_(records, mode).body)
    agree(seen == expected, requirement, f"records {expected} in the receipt", f"{seen}", answer)
