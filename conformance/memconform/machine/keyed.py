"""Steps on keyed memories."""

from __future__ import annotations

from typing import Any

from memconform.machine.player import EXT, FAR, Player
from memconform.machine.step import Step
from memconform.machine.writing import METADATA
from memconform.memory_api import Scope

KEYS = ("editor", "Editor")


def set_(player: Player, step: Step) -> None:
    """Set what is under a key."""
    body: dict[str, Any] = {"content": player.text()}
    if step.flavour:
        body["metadata"] = METADATA[step.flavour]
    if step.flavour == 1 and "lifecycle" in player.profiles:
        body["expires_at"] = FAR
    if step.flavour == 3 and player.takes("confidence"):
        body["confidence"] = 0
    if step.flavour == 4 and player.takes("ext"):
        body["ext"] = EXT
    key, scope = _known(player, step) if step.flavour % 2 else (_key(step), player.place(step))
    _put(player, key, scope, body)


def set_again(player: Player, step: Step) -> None:
    """Set once more what is under a key already: nothing changes."""
    key, scope = _known(player, step)
    kept = player.world.get_keyed(key, scope)
    if kept.status == 404:
        set_(player, step)
        return
    members = ("content", "metadata", "confidence", "expires_at", "ext")
    _put(player, key, scope, {name: kept.body[name] for name in members if name in kept.body})


def get_keyed(player: Player, step: Step) -> None:
    """Get what is under a key."""
    key, scope = _known(player, step)
    expected = player.world.get_keyed(key, scope)
    player.take(player.memory.get_keyed(key, scope), expected, "KEYED-01", "GET of a key")


def unset(player: Player, step: Step) -> None:
    """Delete what is under a key."""
    key, scope = _known(player, step)
    player.take(player.memory.unset(key, scope), player.world.unset(key, scope), "KEYED-05", "DELETE of a key")


def _put(player: Player, key: str, scope: Scope, body: dict[str, Any]) -> None:
    answer = player.memory.set(key, scope, body)
    expected = player.world.set(key, scope, body, player.stamp(answer))
    player.take(answer, expected, "KEYED-01", "PUT of a key")


def _key(step: Step) -> str:
    return KEYS[step.which % len(KEYS)]


def _known(player: Player, step: Step) -> tuple[str, Scope]:
    """Return the address of a keyed memory that is there; in flavour 5, or where none is, any address."""
    records = [player.world.get(each).body for each in player.current()]
    keyed = [(str(record["key"]), record["scope"]) for record in records if record.get("key") is not None]
    if step.flavour == 5 or not keyed:
        return _key(step), player.place(step)
    return keyed[-1 - step.which % len(keyed)]
