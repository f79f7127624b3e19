"""What must be there after a server was killed during writes, and what may be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from memconform.answer import must, shown
from memconform.memory_api import Memory
from memconform.scene.writers import Round, batched, batched_ids, changed, kept


@dataclass(frozen=True, slots=True)
class Loss:
    """Something acknowledged that is not there, or something that nobody wrote."""

    expected: str
    observed: str


def losses(round_: Round, items: list[Memory]) -> Iterator[Loss]:
    """Yield what a list after the restart shows to be lost, come back or torn."""
    by_id = {str(item.get("id")): item for item in items}
    yield from _of_adds(round_, by_id)
    yield from _of_deletes(round_, by_id)
    if round_.changing is not None:
        yield from _of_changes(round_, "update", by_id.get(round_.changing), changed)
    if "keyed" in round_.writers:
        under = next((item for item in items if item.get("key") == "kept"), None)
        yield from _of_changes(round_, "keyed", under, kept)
    if "batch" in round_.writers:
        yield from _of_batches(round_, by_id)
    yield from _strangers(round_, items)


def must_be_once(items: list[Memory], content: str) -> None:
    """Require a repeated add to have left one memory."""
    count = sum(item.get("content") == content for item in items)
    wanted = f"one memory with the content {shown(content)} after a repeat under its Idempotency-Key"
    must(count == 1, wanted, f"{count}")


def _of_adds(round_: Round, by_id: dict[str, Memory]) -> Iterator[Loss]:
    if round_.quiet not in by_id:
        yield Loss("a memory that nobody touched to stay", "it is gone")
    for number, answer in round_.writers["add"].acknowledged:
        body = round_.body(number)
        item = by_id.get(str(answer.control_object("id", str)["id"]))
        seen = item and {name: item.get(name) for name in ("content", "metadata")}
        if seen != {name: body[name] for name in ("content", "metadata")}:
            yield Loss(f"the acknowledged add {shown(body['content'])}", f"after the restart {shown(seen)}")


def _of_deletes(round_: Round, by_id: dict[str, Memory]) -> Iterator[Loss]:
    writer = round_.writers["delete"]
    deleted = {number for number, _ in writer.acknowledged}
    for number, memory_id in enumerate(round_.doomed):
        if number in deleted and memory_id in by_id:
            yield Loss("a memory to stay away whose deletion was acknowledged", f"doomed {number} is listed again")
        if number not in deleted and number not in writer.unknown and memory_id not in by_id:
            yield Loss("a memory to stay that nobody deleted", f"doomed {number} is gone")


def _of_changes(round_: Round, kind: str, item: Memory | None, text: Any) -> Iterator[Loss]:
    """Yield what is wrong with a memory that one writer changed step by step: it has the last step, or the next."""
    writer = round_.writers[kind]
    allowed = {text(writer.reached), *(text(number) for number in writer.unknown)}
    if kind == "keyed" and writer.reached < 0 and item is None:
        return
    if item is None or item.get("content") not in allowed:
        seen = item and item.get("content")
        yield Loss(f"the last acknowledged {kind}: one of {shown(sorted(allowed))}", f"after the restart {shown(seen)}")


def _of_batches(round_: Round, by_id: dict[str, Memory]) -> Iterator[Loss]:
    for number, answer in round_.writers["batch"].acknowledged:
        for place, memory_id in enumerate(batched_ids(answer)):
            if by_id.get(memory_id, {}).get("content") != batched(number, place):
                yield Loss(f"the acknowledged item {shown(batched(number, place))} of a batch", "it is gone")


def _strangers(round_: Round, items: list[Memory]) -> Iterator[Loss]:
    """Yield what is there and was never sent, and what is there more often than it was sent."""
    adds = round_.writers["add"]
    sent = {round_.body(number)["content"] for number in [*adds.unknown, *(number for number, _ in adds.acknowledged)]}
    counts = Counter(str(item.get("content")) for item in items)
    for content, count in counts.items():
        if content.startswith("added ") and (count > 1 or content not in sent):
            yield Loss("an add whole and once, or not at all", f"{count} with the content {shown(content)}")
    for item in items:
        content, number = str(item.get("content")), item.get("metadata")
        if content in sent and number != {"number": int(content.removeprefix("added "))}:
            yield Loss("an add whole or not at all", f"{shown(content)} with metadata {shown(number)}")
