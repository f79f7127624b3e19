"""What a merge patch makes of a memory, and comparing a memory with that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from memconform.answer import Answer, control, must, must_equal, shown
from memconform.memory_api import Json, Memory
from memconform.scene.differences import must_match
from memconform.scene.merge_patch import merge_patched
from memconform.scene.oracle import difference, instant
from memconform.verdict import Inconclusive, NotMet

CHANGED_ANYWAY = ("version", "updated_at")


def patched(record: Mapping[str, Any], patch: Mapping[str, Json]) -> Memory:
    """Return a memory after a patch; its `version` and `updated_at` are the server's business."""
    return {"metadata": {}, **merge_patched(record, patch)}


def must_be_as(model: Mapping[str, Any], answer: Answer, when: str) -> Memory:
    """Require an answered memory to have the members of the model, apart from version and `updated_at`."""
    seen = answer.control(200, 201).control_object("id", str)
    one, two = ({key: value for key, value in each.items() if key not in CHANGED_ANYWAY} for each in (model, seen))
    name = difference(one, two)
    if name is not None:
        must_match(one.get(name), two.get(name), f"{name} {when}:", answer)
        raise NotMet(f"{name} {when}: {one.get(name)!r}", f"{two.get(name)!r}", [answer.exchange])
    return seen


def must_be_next(before: Memory, after: Memory, *see: Answer) -> None:
    """Require the version to be one higher and `updated_at` to be later."""
    version, times = before.get("version"), [shown(each.get("updated_at")) for each in (before, after)]
    control(isinstance(version, int), "the memory has no version to count from", *see)
    must_equal(after.get("version"), int(version or 0) + 1, "version after a change =", *see)
    try:
        later = instant(after.get("updated_at")) > instant(before.get("updated_at"))
    except ValueError as error:
        raise Inconclusive(f"control: updated_at is {error}") from None
    must(later, f"updated_at later than {times[0]} after a change", f"updated_at {times[1]}", *see)
