"""The looks that close an example: the whole world as the server shows it, against the oracle."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from memconform.machine import reading
from memconform.machine.player import Player
from memconform.machine.step import Step

Look = tuple[str, Callable[[], object]]


def looks(players: Sequence[Player]) -> Iterator[Look]:
    """Yield every look with its name, kind and principal: lists, memories, histories, exports, a search."""
    if not any(player.ids for player in players):
        return
    for player in players:
        yield from ((f"{kind} {player.name}", action) for kind, action in _looks(player))


def _looks(player: Player) -> Iterator[Look]:
    for place in player.places if player.ids else player.places[:1]:
        yield "list", partial(reading.must_list, player, place)
    for memory_id in player.ids:
        yield "get", partial(player.look_at, memory_id, _absent(player, memory_id))
    if "history" in player.profiles:
        for memory_id in (each for each in player.ids if player.world.get(each).status == 200):
            yield "history", partial(reading.must_have_versions, player, memory_id, _absent(player, memory_id))
    if "portability" in player.profiles:
        for place in (each for each in (player.places[0], player.places[2]) if player.world.export(each)):
            yield "export", partial(reading.export, player, place)
    if "search" in player.profiles and player.ids:
        yield "search", partial(reading.must_find, player, Step("search"))


def _absent(player: Player, memory_id: str) -> str:
    return "ERASURE-01" if memory_id in player.world.erased else "CORE-13"
