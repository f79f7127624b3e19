"""Adds are repeated under their key, at once and later, as clients do that saw no answer: each makes one memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from memconform_load.calls import Reply
from memconform_load.conclusions import broken, figure, measured
from memconform_load.engine import MemoryUser, Turn

_REMEMBERED = 200


class Retries(MemoryUser):
    """Idempotent retries: adds repeated with the same key, several at once and again later; each leaves one memory."""

    needs = frozenset({"idempotency"})
    parameters = {"at_once": 3, "later": 0.5, "looks": 0.2}
    plan = {"rate": "20", "people": 20}
    objectives = ("add.p95<300ms", "errors<0.1%", "violations=0")

    def arrival(self, turn: Turn) -> None:
        """Add something several times at once; repeat something older; look at the list now and then."""
        text, key = turn.new_text(), f"{turn.person}-{turn.index}"
        number = turn.rng.randint(1, turn.parameters["at_once"])
        replies = turn.together(*[lambda each: each.add(text, idempotency_key=key)] * number)
        _count(turn, "repeats at once", replies[1:])
        older: list[tuple[str, str]] = turn.memory.setdefault(("added", turn.number), [])
        if older and turn.rng.random() < turn.parameters["later"]:
            former, its_key = turn.rng.choice(older)
            _count(turn, "repeats later", [turn.add(former, idempotency_key=its_key)])
        older.append((text, key))
        del older[:-_REMEMBERED]
        if turn.rng.random() < turn.parameters["looks"]:
            turn.page()

    @classmethod
    def conclude(cls, result: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return how many repeats there were, and how many had a second effect or another answer."""
        at_once, later = (measured(result, name).count for name in ("repeats at once", "repeats later"))
        refused = measured(result, "repeats at once refused").count
        twice, unstable = broken(result, "duplicate"), broken(result, "unstable repeat")
        said = f"{at_once:,} adds were repeated at once ({refused:,} refused with 409, as is allowed), {later:,} later"
        return [
            figure("repeats", at_once + later, "", said),
            figure("second effects", twice, "", f"{twice} memories were made by a repeat"),
            figure("other answers", unstable, "", f"{unstable} repeats were answered with another memory"),
        ]


def _count(turn: Turn, name: str, replies: list[Reply]) -> None:
    for reply in replies:
        turn.measure(name, reply.end - reply.start)
        if reply.status == 409:
            turn.measure(f"{name} refused", reply.end - reply.start)
