"""An export is of one piece while people work."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from memconform.answer import Answer, control, must, shown
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.memory_api import MemoryApi
from memconform.rendezvous import racing
from memconform.requirement import requirement
from memconform.scene.eventually import settle
from memconform.scene.export_file import checksum, read_export
from memconform.scene.oracle import repeated
from memconform.scene.torn_records import Writer, is_whole, parts_within, whole


@requirement("PORTABILITY-05", requests=(0, 160, 500))
def test_export_during_writes_is_of_one_piece(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget
) -> None:
    """An export while records change has each record that was there throughout, once, and none half-changed."""
    many, parts = budget.beyond_smoke(30, 80), parts_within(capabilities)
    there = [str(memory.add(scope=scope, **whole(0, parts))["id"]) for _ in range(many)]
    settle(capabilities.staleness("list"))
    raced = False
    for _ in range(budget.beyond_smoke(4, 10)):
        updates, most = "update" in capabilities.profiles, budget.beyond_smoke(25, 30)
        writer = Writer(memory.elsewhere("writer"), scope, there, most, updates, parts)
        answer = _exported_during(writer, memory, scope)
        raced = raced or writer.overlaps(answer)
        _must_be_of_one_piece(answer, there)
    control(raced, "the race did not happen: no write was under way during an export")


def _exported_during(writer: Writer, memory: MemoryApi, scope: dict[str, str]) -> Answer:
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(writer.write)
        try:
            writer.began.wait(10)
            with racing(writer.race):
                answer = memory.export(scope)
        finally:
            writer.stop.set()
        running.result()
    return answer


def _must_be_of_one_piece(answer: Answer, there: list[str]) -> None:
    file = read_export(answer)
    ids = [str(record.get("id")) for record in file.records]
    must(not repeated(ids), "each record once in an export during writes", f"{shown(repeated(ids))} twice", answer)
    lost = [each for each in there if each not in ids]
    must(
        not lost, f"the {len(there)} records that were there throughout", f"{len(lost)} missing: {shown(lost)}", answer
    )
    torn = next((record for record in file.records if not is_whole(record)), None)
    said = torn and f"content {shown(torn.get('content'))} with metadata {shown(torn.get('metadata'))}"
    must(torn is None, "records with content and metadata of one write", str(said), answer)
    true = (file.manifest.get("count"), str(file.manifest.get("sha256")).lower())
    fits = true == (len(file.records), checksum(file.records))
    must(fits, "a manifest that is true of the records, during writes, too", f"count {shown(true[0])}", answer)
