"""What is known of a person while a scenario plays: the facts that a server was given, and what to ask about them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from memconform_load.calls import Reply
from memconform_load.engine.verbs import Verbs

if TYPE_CHECKING:
    from memconform_load.engine.part import Part

_BATCH = 50


@dataclass(slots=True)
class Fact:
    """Something that a person has said and that a server keeps; `id` is "" where no answer told it."""

    text: str
    id: str


class Knowing(Verbs):
    """Adds facts and asks about them; what was acknowledged is in `facts`."""

    part: Part
    number: int
    """Number of the person in the population, from 0."""

    @property
    def rng(self) -> random.Random:
        """Chance of this arrival's own."""
        raise NotImplementedError

    def can(self, profile: str) -> bool:
        """Tell whether the server declares a profile."""
        return profile in self.part.profiles

    @property
    def facts(self) -> list[Fact]:
        """What is known to be there of this person, the oldest first; who deletes takes out what is deleted."""
        found: list[Fact] = self.part.memory.setdefault(("facts", self.number), [])
        return found

    def new_text(self) -> str:
        """Return a fact that this person has not told yet."""
        return self.part.texts.fact(self.rng, self.number)

    def learn(self) -> Reply:
        """Add a new fact, and remember that it is there."""
        text = self.new_text()
        reply = self.add(text)
        if reply.ok:
            self.facts.append(Fact(text, reply.memories[0].id if reply.memories else ""))
        return reply

    def learn_many(self, texts: Sequence[str]) -> int:
        """Add facts, by batches where the server takes them; return how many were acknowledged."""
        size = min(_BATCH, self.part.limits.get("batch") or _BATCH) if self.can("batch") else 1
        known = 0
        for some in (texts[at : at + size] for at in range(0, len(texts), size)):
            reply = self.batch(some) if size > 1 else self.add(some[0])
            if reply.ok:
                ids = [memory.id for memory in reply.memories]
                # A server may answer a batch without its memories; they count as known by their texts alone.
                self.facts.extend(map(Fact, some, ids if len(ids) == len(some) else [""] * len(some)))
                known += len(some)
        return known

    def ask(self, top_k: int | None = None) -> Reply:
        """Search for what a person may want to know: about one of the facts, or about anything."""
        known = self.facts
        about = known[int(self.rng.random() * len(known))].text if known else None
        return self.search(self.part.texts.question(self.rng, about=about, person_index=self.number), top_k)
