"""Many memories are taken in at once while others search: how much the others suffer."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import Any

from memconform_load.conclusions import calls, figure
from memconform_load.disturbance import disturbed, isolation, window
from memconform_load.engine import MemoryUser, Turn
from memconform_load.engine.preparing import Preparing
from memconform_load.portable import export_of


class Bulk(MemoryUser):
    """Bulk beside reads: in every other window one user imports memories by the hundred while others search."""

    needs = frozenset({"search"})
    parameters = {"facts": 20, "bulk": 200, "every": 0.5, "window": 5.0, "top_k": 10}
    plan = {"rate": "20", "duration": "60s", "people": 50}
    objectives = ("measured:search beside.p95<200ms", "errors<0.1%", "violations=0")

    def prepare(self, preparing: Preparing) -> None:
        """Give those who search some facts; the first of each process is the one who imports."""
        preparing.facts(preparing.parameters["facts"], preparing.people[1:])

    def arrival(self, turn: Turn) -> None:
        """Search, or be the one who imports where it is time for that."""
        people, at = turn.part.people, turn.at
        if disturbed(at, turn.parameters["window"]) and turn.memory.get("next", 0.0) <= at:
            turn.memory["next"] = float("inf")
            turn.become(people[0])
            _take_in(turn)
            turn.memory["next"] = turn.at + turn.parameters["every"]
            return
        if turn.number == people[0] and len(people) > 1:
            turn.become(people[1 + int(turn.rng.random() * (len(people) - 1))])
        due, when = turn.due, window(at, turn.parameters["window"])
        if turn.ask(turn.parameters["top_k"]).ok and when is not None:
            turn.measure(f"search {when}", turn.due - due)

    @classmethod
    def conclude(cls, result: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return how much slower searches are beside imports, and how fast memories were taken in."""
        ways = {"import": "imports", "batch": "batches", "add": "single adds"}
        made = [f"{number:,} {name}" for way, name in ways.items() if (number := calls(result, way))]
        times = [row for row in result["measured"] if row["name"] == "memory taken in"]
        each = times[0]["summary"]["mean_ms"] if times else None
        rate = 1000 / each if each else None
        said = f"{' and '.join(made) or 'nothing'} were taken in" + (f", {rate:,.4g} memories a second" if rate else "")
        return [
            *isolation(result, "search", "searches", "somebody else's imports"),
            figure("memories taken in", rate, "/s", said),
        ]


def _take_in(turn: Turn) -> None:
    """Take many memories in: by an import and by batches in turn, where the server has them, else one by one."""
    texts = [turn.new_text() for _ in range(turn.parameters["bulk"])]
    due, number = turn.due, len(texts)
    imports: list[int] = turn.memory.setdefault("bulks", [])
    imports.append(turn.index)
    if turn.can("portability") and (len(imports) % 2 or not turn.can("batch")):
        # The ids carry the run: what a former run imported and deleted may not come back under its ids.
        ids = [str(uuid.uuid5(uuid.NAMESPACE_OID, f"{turn.person} {turn.index} {place}")) for place in range(number)]
        document, number = export_of(turn.person, zip(ids, texts, strict=True), time.time(), _room(turn))
        done = number if turn.take_in(document).ok else 0
    else:
        done = turn.learn_many(texts)
    if done:
        turn.measure("memory taken in", (turn.due - due) / done)


def _room(turn: Turn) -> int:
    limits = turn.part.limits
    return int(limits.get("import_bytes") or limits.get("request_bytes") or 1 << 20)
