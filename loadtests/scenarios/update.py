"""The same memories change again and again, sometimes several times at once: the last write stays, whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from memconform_load.conclusions import broken, calls, figure
from memconform_load.engine import MemoryUser, Turn
from memconform_load.engine.preparing import Preparing


class Update(MemoryUser):
    """Updates: one person's few memories change often, several times at once; keyed values where there are any."""

    needs = frozenset({"update"})
    parameters = {"facts": 5, "updates": 0.4, "at_once": 3, "keys": 3}
    plan = {"rate": "20", "people": 20}
    objectives = ("update.p95<300ms", "get.p95<100ms", "errors<0.1%", "violations=0")

    def prepare(self, preparing: Preparing) -> None:
        """Give each person a few memories."""
        preparing.facts(preparing.parameters["facts"])

    def arrival(self, turn: Turn) -> None:
        """Change a memory, several times at once now and then, and read it; or do so with a value under a key."""
        if turn.can("keyed") and turn.rng.random() < 0.3:
            _keyed(turn)
            return
        known = [fact.id for fact in turn.facts if fact.id]
        if not known:
            return
        memory_id = turn.rng.choice(known)
        if turn.rng.random() < turn.parameters["updates"]:
            number = turn.rng.randint(1, turn.parameters["at_once"])
            texts = [turn.new_text() for _ in range(number)]
            by_plugin = turn.driver.name != "direct"
            turn.together(
                *(lambda each, text=text: each.update(memory_id, text, may_be_overtaken=by_plugin) for text in texts)
            )
        turn.get(memory_id)

    @classmethod
    def conclude(cls, result: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return how many changes were acknowledged, and how many were lost."""
        changes, lost = calls(result, "update", "set"), broken(result, "lost write", "stale read")
        said = f"of {changes:,} changes, {lost} were lost or seen too late"
        return [
            figure("changes", changes, "", f"{changes:,} changes were acknowledged"),
            figure("lost", lost, "", said),
        ]


def _keyed(turn: Turn) -> None:
    """Set one of the person's values and get it; who gets what nobody has set yet finds nothing."""
    key = f"preference-{int(turn.rng.random() * turn.parameters['keys'])}"
    if turn.rng.random() < turn.parameters["updates"]:
        turn.set_value(key, turn.new_text())
    turn.get_value(key, may_be_absent=True)
