"""A scope leaves as a file, and comes in elsewhere as it was."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from memconform.answer import Answer, control, must, must_equal, shown
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.memory_api import Json, Memories, Memory, MemoryApi, Scope
from memconform.requirement import requirement
from memconform.scene.estate import ESTATE, Estate, estate
from memconform.scene.eventually import settle
from memconform.scene.export_file import ExportFile, checksum, read_export
from memconform.scene.keyed_story import items_of
from memconform.scene.oracle import difference, instant, repeated
from memconform.scene.relocation import RELOCATION, Relocation, relocation
from memconform.scopes import Scopes
from memconform.session import Session


@requirement("PORTABILITY-01", stories=(ESTATE,))
def test_export_is_complete_and_valid(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, session: Session
) -> None:
    """An export has a true manifest and, oldest first, every record of the scope as the list has it."""
    story = estate(memory, scopes, capabilities, session)
    answer = story["export before"]
    _must_be_true(read_export(answer), story.scope, answer)
    _must_hold(read_export(answer), items_of(story.all("list before")), answer)
    control(len(items_of(story.all("list before"))) == len(story.selected()), "the list is not what was added")


@requirement("PORTABILITY-01", requests=(0, 30, 30))
def test_export_of_every_kind_of_record(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """Values of every kind are covered by the checksum, superseded records are there, and so is an empty export."""
    scope = scopes.fresh()
    empty = memory.export(scope)
    _must_be_true(read_export(empty), scope, empty)
    must_equal(len(read_export(empty).records), 0, "records of an empty scope", empty)
    added = _rare_records(memory, scope, capabilities)
    settle(max(capabilities.staleness("get"), capabilities.staleness("list")))
    answer = memory.export(scope)
    _must_be_true(read_export(answer), scope, answer)
    _must_hold(read_export(answer), [memory.fetch(each["id"]) for each in added], answer)


@requirement("PORTABILITY-01", requests=(0, 130, 330))
def test_long_export_is_complete(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget
) -> None:
    """An export of more records than a page holds has each of them once."""
    many = budget.beyond_smoke(105, 300)
    added = [memory.add(f"record {number}", scope) for number in range(many)]
    settle(capabilities.staleness("list"))
    answer = memory.export(scope)
    _must_be_true(read_export(answer), scope, answer)
    _must_hold(read_export(answer), added, answer)


@requirement("PORTABILITY-02", stories=(ESTATE, RELOCATION))
def test_import_loses_nothing(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, session: Session, budget: Budget
) -> None:
    """What was exported and is imported where it is not has the same ids and members; version and updated_at apart."""
    move = _move(memory, scopes, capabilities, session, budget)
    move["whole"].must_be(200, because="nothing of the file is there")
    back = {str(record.get("id")): record for record in read_export(move["exported"]).records}
    for record in move.file.records:
        memory_id = str(record.get("id"))
        must(memory_id in back, f"the record {memory_id} in an export after its import", "none", move["exported"])
        name = difference(_portable(record), _portable(back[memory_id]))
        seen = shown(back[memory_id].get(str(name)))
        must(
            name is None,
            f"{name} {shown(record.get(str(name)))} after import, as exported",
            f"{name} {seen}",
            move["whole"],
            move["exported"],
        )


@requirement("PORTABILITY-03", requests=(0, 1, 1), stories=(ESTATE, RELOCATION))
def test_importing_twice_with_skip_changes_nothing(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, session: Session, budget: Budget
) -> None:
    """The second import with `skip` skips every record, changes none, and both receipts count what the file holds."""
    move = _move(memory, scopes, capabilities, session, budget)
    move["whole"].control(200)
    move["again"].must_be(200, because="on_conflict=skip, everything is there")
    ids = [str(record.get("id")) for record in move.file.records]
    _must_sum(move["whole"], ids, "created")
    _must_sum(move["again"], ids, "skipped")
    before, after = (read_export(move[step]).of(*ids) for step in ("exported", "exported again"))
    must_equal(len(after), len(before), "records after the second import", move["exported again"])
    for one, two in zip(before, after, strict=True):
        name = difference(one, two)
        must(name is None, "records that the second import leaves as they are", f"another {name}", move["again"])


@requirement("PORTABILITY-04", stories=(ESTATE, RELOCATION))
def test_damaged_file_is_refused_whole(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, session: Session, budget: Budget
) -> None:
    """A file that was cut or altered is 422 with a problem that names the line, and nothing of it is stored."""
    move = _move(memory, scopes, capabilities, session, budget)
    for what, lines in move.damaged.items():
        answer = move[what].must_be_refused(because=f"the file is damaged: {what}")
        document = answer.json
        line = document.get("line") if isinstance(document, dict) else None
        where = f"a line from {lines.start} to {lines.stop - 1}" if len(lines) > 1 else f"line {lines.start}"
        named = isinstance(line, int) and line in lines
        must(named, f"a problem whose `line` names {where} ({what})", f"line {shown(line)}", answer)
    ids = {record.get("id") for record in move.file.records}
    stored = [item for item in items_of(move.all("listed after damage")) if item.get("id") in ids]
    contents = shown([item.get("content") for item in stored])
    must(
        not stored,
        "nothing stored of a damaged file",
        f"{len(stored)} records: {contents}",
        move["listed after damage"],
    )
    move["whole"].control(200)  # the control: what is not damaged comes in


def _move(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, session: Session, budget: Budget
) -> Relocation:
    story: Estate = estate(memory, scopes, capabilities, session)
    return relocation(memory, story, budget)


def _must_be_true(file: ExportFile, scope: Scope, answer: Answer) -> None:
    """Require scope, count and checksum of the manifest to be those of the records."""
    told = file.manifest.get("scope")
    bare = {name: value for name, value in told.items() if value is not None} if isinstance(told, dict) else told
    must_equal(bare, dict(scope), "the manifest's scope", answer)
    must_equal(file.manifest.get("count"), len(file.records), "the manifest's count", answer)
    said = str(file.manifest.get("sha256")).lower()
    must_equal(said, checksum(file.records), "the manifest's sha256, computed from the records:", answer)


def _must_hold(file: ExportFile, expected: Sequence[Memory], answer: Answer) -> None:
    """Require the file to hold exactly these records, each once, oldest first."""
    ids = [str(record.get("id")) for record in file.records]
    must(not repeated(ids), "each record once", f"{shown(repeated(ids))} more than once", answer)
    wanted = {str(record["id"]): record for record in expected}
    must(wanted.keys() <= set(ids), f"{len(wanted)} records in the export", f"{_lost(wanted, ids)} missing", answer)
    must(set(ids) <= wanted.keys(), f"{len(wanted)} records in the export", f"{len(ids)}, others among them", answer)
    for record in file.records:
        name = difference(wanted[str(record.get("id"))], record)
        must(name is None, "records as a GET or a list shows them", f"another {name}", answer)
    for before, after in pairwise(file.records):
        older = instant(before.get("created_at")) <= instant(after.get("created_at"))
        must(older, "the oldest record first", f"{shown(before.get('content'))} before an older one", answer)


def _lost(wanted: dict[str, Memory], ids: Sequence[str]) -> str:
    return ", ".join(shown(record.get("content")) for each, record in wanted.items() if each not in ids)


def _rare_records(memory: MemoryApi, scope: Scope, capabilities: Capabilities) -> Memories:
    metadata: Json = {"é": 1.5, "\U0001f600": [1e21, 1e-7, -0.25, 4503599627370496.5, 100.0, 1e300], "ﬁ": {"": None}}
    added = [
        memory.add("Zeile eins\r\nZeile zwei\u2028drei \U0001f469\u200d\U0001f680", scope, metadata=metadata),
        memory.add('"\\/\b\f\u0001\u007f', scope, ext={"com.example": {"kept": [True, False]}}, confidence=0.123456789),
        memory.add("from May to June", scope, valid_from="2026-05-01T00:00:00Z", valid_to="2026-06-01T00:00:00Z"),
    ]
    if "lifecycle" in capabilities.profiles:
        added.append(memory.add("for a while", scope, expires_at="2199-01-01T00:00:00.123Z"))
    if "supersession" in capabilities.profiles:
        added.append(memory.add("the new one", scope, supersedes=[added[2]["id"]]))
    return added


def _portable(record: Memory) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in ("version", "updated_at")}


def _must_sum(answer: Answer, ids: Sequence[str], status: str) -> None:
    """Require a receipt that counts all records as `status`, and names each by its line."""
    receipt = answer.json if isinstance(answer.json, dict) else {}
    given = receipt.get("counts")
    counts = given if isinstance(given, dict) else {}
    must_equal(receipt.get("count"), len(ids), "the receipt's count", answer)
    total = sum(value for value in counts.values() if isinstance(value, int))
    must_equal(total, receipt.get("count"), "the sum of the receipt's counts", answer)
    must_equal(counts.get(status), len(ids), f"records counted as {status}:", answer)
    rows = [row for row in receipt.get("records") or () if isinstance(row, dict)]
    named = [(row.get("line"), row.get("id"), row.get("status")) for row in rows]
    wanted = [(line, memory_id, status) for line, memory_id in enumerate(ids, 2)]
    must(
        sorted(map(str, named)) == sorted(map(str, wanted)),
        f"a row for each record: {shown(wanted)}",
        shown(named),
        answer,
    )
