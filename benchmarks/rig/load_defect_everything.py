"""Everything that a memory server can be asked under load, mixed: whatever it does wrong, some answer shows it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from memconform_load.engine import MemoryUser, Turn
from memconform_load.engine.knowing import Fact
from memconform_load.engine.preparing import Preparing

Play = Callable[[Turn], object]


class Everything(MemoryUser):
    """Searches, adds that are repeated, reads, changes, deletions, lists, erasures and races, by chance."""

    needs = frozenset({"search", "update", "idempotency", "erasure"})
    parameters: ClassVar = {"facts": 20}

    def prepare(self, preparing: Preparing) -> None:
        """Give each person some facts."""
        preparing.facts(int(preparing.part.parameters["facts"]))

    def arrival(self, turn: Turn) -> None:
        """Do one of them, whose share of a hundred is its number."""
        lot = turn.rng.random() * 100
        for share, play in _PLAYS:
            lot -= share
            if lot < 0:
                play(turn)
                return


def _known(turn: Turn) -> Fact | None:
    """Return a fact of the person that has an id."""
    facts = turn.facts
    found = facts[int(turn.rng.random() * len(facts))] if facts else None
    return found if found is not None and found.id else None


def _find(turn: Turn) -> None:
    """Search for a fact by its own text, which has to be found."""
    fact = _known(turn)
    if fact is not None:
        turn.search(fact.text, top_k=10)


def _add_twice(turn: Turn) -> None:
    """Add a fact under a key, and again, as clients do that have had no answer; what is refused is not repeated."""
    text, key = turn.new_text(), f"{turn.person}-{turn.index}"
    reply = turn.add(text, idempotency_key=key)
    if reply.ok and reply.memories:
        turn.add(text, idempotency_key=key)
        turn.facts.append(Fact(text, reply.memories[0].id))


def _read(turn: Turn) -> None:
    fact = _known(turn)
    if fact is not None:
        turn.get(fact.id, may_be_absent=True)


def _change(turn: Turn) -> None:
    """Change a fact, and read it again."""
    fact = _known(turn)
    if fact is None:
        return
    text = turn.new_text()
    if _changed(turn, fact, text):
        turn.get(fact.id, may_be_absent=True)


def _changed(turn: Turn, fact: Fact, text: str) -> bool:
    reply = turn.update(fact.id, text)
    if reply.ok:
        fact.text = text
    return reply.ok


def _race(turn: Turn) -> None:
    """Change one fact from ten sides at once, and read it twice."""
    reply = turn.learn()
    if not reply.ok:
        return
    fact = turn.facts.pop()
    turn.together(*(partial(_changed, fact=fact, text=turn.new_text()) for _ in range(10)))
    turn.get(fact.id)
    turn.get(fact.id)


def _delete(turn: Turn) -> None:
    """Delete a fact, and look for it."""
    fact = _known(turn)
    if fact is None or fact not in turn.facts:
        return
    turn.facts.remove(fact)
    if turn.delete(fact.id, may_be_absent=True).ok:
        turn.get(fact.id, may_be_absent=True)


def _erase(turn: Turn) -> None:
    """Have everything of the person erased, look, and begin anew with more than any batch takes."""
    turn.facts.clear()
    if turn.until_done(turn.erase(), every_s=0.05, patience_s=10):
        turn.page(100)
        turn.learn_many([turn.new_text() for _ in range(50)])


_PLAYS: tuple[tuple[float, Play], ...] = (
    (25, Turn.ask),
    (15, _find),
    (25, _add_twice),
    (12, _read),
    (10, _change),
    (2, _race),
    (6, _delete),
    (4, Turn.page),
    (1, _erase),
)
