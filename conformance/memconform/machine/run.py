"""One sequence against the server, in scopes of its own: every answer, then the whole world, against the oracle."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from memconform.capabilities import Capabilities
from memconform.machine import bulk, keyed, reading, writing
from memconform.machine.divergence import LIST, Divergence
from memconform.machine.looks import looks
from memconform.machine.player import Player
from memconform.machine.step import Sequence, Step
from memconform.memory_api import MemoryApi, Principal
from memconform.recorder import Recorder
from memconform.scene.eventually import settle
from memconform.scopes import Scopes
from memconform.verdict import NotMet

VERBS: Mapping[str, Callable[[Player, Step], None]] = {
    "add": writing.add,
    "get": reading.get,
    "list": reading.list_,
    "delete": writing.delete,
    "search": reading.search,
    "patch": writing.patch,
    "history": reading.history,
    "set": keyed.set_,
    "set_again": keyed.set_again,
    "get_keyed": keyed.get_keyed,
    "unset": keyed.unset,
    "batch": bulk.batch,
    "supersede": writing.supersede,
    "erase": bulk.erase,
    "add_once": writing.add_once,
    "repeat": writing.repeat,
    "export": reading.export_,
    "round_trip": bulk.round_trip,
    "summary": reading.summary,
}


@dataclass
class Stage:
    """Where sequences are run: clients, scopes, and what the server promises."""

    memory: MemoryApi
    scopes: Scopes
    capabilities: Capabilities
    profiles: frozenset[str]
    second: Principal | None = None
    waited: float = field(default=0.0)
    """Seconds that were spent on reads that may lag."""

    @property
    def recorder(self) -> Recorder:
        """What the test sends and receives."""
        return self.memory.recorder

    def wait(self, *reads: str) -> None:
        """Wait until acknowledged writes must show in these reads."""
        lag = max(self.capabilities.staleness(read) for read in reads)
        settle(lag)
        self.waited += lag

    def players(self) -> list[Player]:
        """Return the principals of one more example, in equal scopes that hold nothing yet."""
        user = self.scopes.fresh("user_id")
        places = [user, self.scopes.use({**user, "session_id": self.scopes.value()}), self.scopes.fresh("user_id")]
        players = [Player(self.memory, places, self.profiles, self.capabilities)]
        if self.second is not None:
            for place in places:
                self.scopes.use(place, principal=self.second.label)
            api = replace(self.memory, principal=self.second)
            players.append(Player(api, places, self.profiles, self.capabilities, other=players[0]))
            players[0].other = players[1]
        return players


def run(stage: Stage, steps: Sequence, look: str | None = None, *, closing: bool = True) -> None:
    """Run a sequence; raise `Divergence` at the first answer or closing look that differs from the oracle.

    `look` names the only closing looks to take: a kind, and whose; without `closing` none is taken.
    """
    began = len(stage.recorder.exchanges)
    players = stage.players()
    for place, step in enumerate(steps):
        _traced(stage, began, len(stage.recorder.exchanges), place, None, partial(_take, stage, players, step))
    if not closing:
        return
    stage.wait("get", "list", "search")
    acted = len(stage.recorder.exchanges)
    for kind, action in looks(players):
        if look in (None, kind):
            _traced(stage, began, acted, len(steps), kind, action)


def _traced(stage: Stage, began: int, acted: int, place: int, look: str | None, action: Callable[[], object]) -> None:
    """Do something; a finding learns which step it was, and everything that led to it."""
    before = len(stage.recorder.exchanges)
    try:
        action()
    except NotMet as found:
        told = found if isinstance(found, Divergence) else Divergence(LIST, found.expected, found.observed, found.see)
        sent = stage.recorder.exchanges
        told.at, told.look = place, look
        told.trace = (*sent[began:acted], *sent[before:])
        told.see = told.see or tuple(sent[-1:])
        raise told from None


def _take(stage: Stage, players: list[Player], step: Step) -> None:
    if stage.capabilities.staleness("get"):
        stage.wait("get")
    VERBS[step.verb](players[step.who % len(players)], step)
