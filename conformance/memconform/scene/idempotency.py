"""What the answers to repeats must be."""

from __future__ import annotations

from collections.abc import Sequence

from memconform.answer import Answer, must, shown
from memconform.scene.differences import difference


def must_be_repeated(first: Answer, repeat: Answer) -> None:
    """Require the answer to a repeat to have status and body of the first one."""
    repeat.must_be(first.status, because="the same request under the same Idempotency-Key")
    found = difference(first.json, repeat.json)
    where = f"body {found.pointer}" if found else ""
    must(not found, f"{where} = {found and found.expected}", f"{where} = {found and found.observed}", first, repeat)


def must_wait_or_conflict(answers: Sequence[Answer]) -> None:
    """Require repeats at the same moment to be answered alike, or with 409."""
    for answer in answers:
        answer.must_be(201, 409, because="a repeat while the first request is in flight")
    ids = {answer.control_object("id", str)["id"] for answer in answers if answer.status == 201}
    must(
        len(ids) == 1, "one memory in all answers of 201 to repeats at once", f"the ids {shown(sorted(ids))}", *answers
    )
