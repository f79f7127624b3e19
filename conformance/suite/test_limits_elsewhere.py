"""The advertised limits hold on every way in, not for single adds alone."""

from __future__ import annotations

from collections.abc import Iterator

from memconform.answer import REFUSALS, Answer, control, must, shown
from memconform.capabilities import Capabilities
from memconform.memory_api import Json, MemoryApi, Scope
from memconform.requirement import requirement
from memconform.scene.eventually import settle
from memconform.scene.export_file import sealed
from memconform.scene.holdings import must_hold_only
from memconform.scene.material import filled
from memconform.verdict import NotApplicable

LARGEST = 262_144
"""Larger texts are not sent for this."""

TOO_LARGE = (413, *REFUSALS)


@requirement("CORE-08", requests=(0, 14, 14))
def test_limits_hold_on_every_way_in(memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities) -> None:
    """Content and metadata above their limits are refused by key, in a batch, in a file and as the sum of patches."""
    kept = memory.add("at first", scope)
    for what, answer in _above(memory, scope, capabilities, kept["id"]):
        answer.must_be(*TOO_LARGE, because=f"{what} is above its limit")
    if "batch" in capabilities.profiles:
        answer = memory.batch([{"op": "add", "memory": {"content": _long(capabilities), "scope": scope}}]).control(200)
        status = answer.control_object("results", list)["results"][0].get("status")
        must(status in TOO_LARGE, "413 or 422 for an item whose content is above its limit", shown(status), answer)
    must_hold_only(memory, scope, [kept], capabilities, refused="what is above a limit")


def _above(memory: MemoryApi, scope: Scope, capabilities: Capabilities, memory_id: str) -> Iterator[tuple[str, Answer]]:
    declared, long, room = capabilities.profiles, _long(capabilities), capabilities.limit("metadata_bytes")
    if "keyed" in declared:
        yield "content under a key", memory.set("long", scope, {"content": long})
        wide: Json = {"content": "wide", "metadata": {"m": filled(room)}}
        if room <= LARGEST:
            yield "metadata under a key", memory.set("wide", scope, wide)
        size = capabilities.limit("key_bytes")
        if size <= 1_000:
            yield "a key, in bytes", memory.set("é" * (size // 2 + 1), scope, {"content": "a long key"})
    if "update" in declared and 64 <= room <= LARGEST:
        half = filled(room // 2 + 8)
        memory.patch(memory_id, {"metadata": {"one": half}}).control(200)
        yield "metadata after two patches", memory.patch(memory_id, {"metadata": {"two": half}})
    if "portability" in declared:
        settle(capabilities.staleness("list"))
        manifest, records = memory.exported(scope)
        control(records, "the export holds nothing")
        longer = sealed(manifest, [{**records[0], "content": long}])
        yield "content in a file", memory.import_(longer.bytes, "overwrite")


def _long(capabilities: Capabilities) -> str:
    limit = capabilities.limit("content_bytes")
    if limit > LARGEST:
        raise NotApplicable("limits.content_bytes is too large to be passed on every way in")
    return filled(limit + 1)
