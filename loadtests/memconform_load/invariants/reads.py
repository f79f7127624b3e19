"""Reads, by operation."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from memconform.histories import ABSENT, Kind, Operation
from memconform_load.calls import Op, SeenMemory
from memconform_load.invariants.call import Call
from memconform_load.invariants.copies import Copies
from memconform_load.invariants.docket import Docket
from memconform_load.invariants.missing import Missing
from memconform_load.invariants.people import Person, Walk
from memconform_load.invariants.polls import Polls
from memconform_load.invariants.registers import Registers
from memconform_load.invariants.shown import Shown

_WALKS = 4
"""So many walks of one person are followed at once."""


class Reads:
    """Takes the reads that have ended."""

    def __init__(self, docket: Docket, registers: Registers, missing: Missing) -> None:
        self._docket = docket
        self._registers = registers
        self._missing = missing
        self._copies = Copies(docket)
        self._shown = Shown(docket, registers, missing, self._copies)
        self.polls = Polls(docket)
        self.handlers: Mapping[Op, Callable[[Call], None]] = {
            Op.SEARCH: self._search,
            Op.GET: self._get,
            Op.LIST: self._list,
            Op.EXPORT: self._export,
            Op.GET_KEYED: self._get_keyed,
        }

    def _search(self, call: Call) -> None:
        if not call.ok:
            return
        self._shown.all(call)
        if not call.reply.memories:
            self.polls.found_nothing(call)
        poll = self._docket.polls.get(hash(call.request.query))
        if poll is not None and poll.person is call.person:
            self.polls.look(call, poll)

    def _get(self, call: Call) -> None:
        if call.ok:
            self._shown.all(call)
        elif call.absent and call.request.memory_id:
            known = call.person.known.get(call.request.memory_id)
            if known is not None:
                self._missing.absent(call, call.request.memory_id, known)
            else:
                self._missing.still_absent(call, call.request.memory_id)

    def _get_keyed(self, call: Call) -> None:
        person, reply = call.person, call.reply
        if not call.ok and not call.absent:
            return
        story = person.keyed.get(call.request.key or "")
        seen = reply.memories[0] if call.ok and reply.memories else None
        known = seen is not None and story is not None and story.knows(hash(seen.content))
        if seen is not None and not known and self._shown.foreign(call, seen):
            return
        lag = self._docket.bounds.get
        if story is None or math.isinf(lag) or (seen is None and not call.absent):
            return
        if seen is not None and known and seen.id:
            story.ids.add(seen.id)
        value = ABSENT if seen is None else hash(seen.content)
        version = seen.version if seen is not None and known else None
        operation = Operation(
            call.driver, Kind.READ, story.object, value, reply.start - lag, reply.end, version=version
        )
        story.note(operation, seen.content if seen is not None else None)
        self._registers.judge_due(story)

    # Lists

    def _list(self, call: Call) -> None:
        if not call.ok:
            return
        self._shown.all(call)
        if not call.direct:
            return  # a plugin may show a part, and where it ends is not known
        walk = _walk(call)
        if walk is None:
            return
        walk.last = call.reply.end
        for memory in call.reply.memories:
            self._step(call, walk, memory)
        if call.reply.next_cursor is None:
            self._missing.after_walk(call, walk)
        else:
            _goes_on(call.person, walk, call.reply.next_cursor)

    def _step(self, call: Call, walk: Walk, memory: SeenMemory) -> None:
        """Take a memory of a page into its walk."""
        later = call.request.cursor is not None
        if memory.id in walk.ids and later:
            self._copies.on_pages(call, memory.id)
        walk.ids.add(memory.id)
        other = walk.texts.setdefault(hash(memory.content), memory.id)
        if other != memory.id and later:
            self._copies.of_text(call, memory.content, [other, memory.id])

    def _export(self, call: Call) -> None:
        if not call.ok or not call.direct or call.reply.document is None:
            return
        self._shown.all(call)
        memories = call.reply.memories
        walk = Walk(call.reply.start, call.reply.end, {memory.id for memory in memories})
        walk.texts = {hash(memory.content): memory.id for memory in memories}
        self._missing.after_walk(call, walk)


def _walk(call: Call) -> Walk | None:
    """Return the walk that a page belongs to, None where that is not certain."""
    reply, cursor = call.reply, call.request.cursor
    if cursor is None:
        return Walk(reply.start, reply.end)
    walk = call.person.walks.pop(cursor, None)
    return walk if walk is not None and walk.last <= reply.start else None


def _goes_on(person: Person, walk: Walk, cursor: str) -> None:
    """Keep a walk for its next page; two at one place cannot be told apart."""
    walks = person.walks
    walks[cursor] = walk if cursor not in walks else None
    if len(walks) > _WALKS:
        del walks[next(iter(walks))]
