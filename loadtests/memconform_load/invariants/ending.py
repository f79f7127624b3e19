"""Deletions and erasures, and ingestions, after which little is certain."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from memconform.histories import Outcome
from memconform.histories.operation import REPLACERS
from memconform_load.calls import Op
from memconform_load.invariants.call import Call
from memconform_load.invariants.docket import Docket
from memconform_load.invariants.missing import Missing
from memconform_load.invariants.people import Gone, Known, Person
from memconform_load.invariants.registers import Registers
from memconform_load.invariants.stories import Erasure

_INGESTED = "people with ingestions: what they add, change or delete is not known"


class Ending:
    """Takes the calls after which memories are gone, or may be."""

    def __init__(self, docket: Docket, registers: Registers, missing: Missing) -> None:
        self._docket = docket
        self._registers = registers
        self._missing = missing
        self.handlers: Mapping[Op, Callable[[Call], None]] = {
            Op.DELETE: self._delete,
            Op.ERASE: self._erase,
            Op.OPERATION: self._operation,
            Op.INGEST: self._ingest,
        }

    def _delete(self, call: Call) -> None:
        person, memory_id = call.person, call.request.memory_id or ""
        known = person.known.get(memory_id)
        if call.ok:
            self._deleted(call, memory_id, known)
        elif call.absent:
            if known is None:
                return
            if not person.may_be_gone(memory_id, known):
                self._missing.absent(call, memory_id, known)
            elif self._docket.bounds.get == 0:  # by another deletion: without an answer, or still on its way
                self._registers.bury(person, memory_id, _gone(call))
        elif not call.refused:
            person.doubts[memory_id] = call.reply.start
            self._registers.deleting(call, memory_id, known, Outcome.UNKNOWN)

    def _deleted(self, call: Call, memory_id: str, known: Known | None) -> None:
        self._registers.deleting(call, memory_id, known, Outcome.OK)
        self._registers.bury(call.person, memory_id, _gone(call))

    def _erase(self, call: Call) -> None:
        if call.refused:
            return
        reply = call.reply
        erasure = Erasure(reply.start, reply.end if call.ok else math.inf, reply.operation_id)
        call.person.erasures.append(erasure)
        self._docket.erasures.append((call.person, erasure))
        self._registers.erasing(call.person, erasure)
        if call.ok and reply.operation_status == _DONE:
            self._erased(call, erasure)

    def _operation(self, call: Call) -> None:
        if not call.ok or call.reply.operation_status != _DONE:
            return
        for erasure in call.person.erasures:
            if erasure.operation_id == call.request.operation_id and math.isinf(erasure.done):
                self._erased(call, erasure)

    def _erased(self, call: Call, erasure: Erasure) -> None:
        """Take an erasure that is done: what was acknowledged before it is gone."""
        person = call.person
        erasure.done = call.reply.end
        self._registers.erasing(person, erasure)
        for memory_id, known in list(person.known.items()):
            if known.end >= erasure.start:
                continue
            if _written_since(person, memory_id, known, erasure):
                person.waive(memory_id)  # the later write may have kept it
            else:
                gone = Gone(erasure.done, f"erase by {call.driver}", erasure.start)
                self._registers.bury(person, memory_id, gone)
        person.forget_erasures()

    def _ingest(self, call: Call) -> None:
        if not call.person.inferred and not call.refused:
            call.person.inferred = True
            self._docket.suspend(_INGESTED)


_DONE = "succeeded"


def _gone(call: Call) -> Gone:
    return Gone(call.reply.end, f"delete by {call.driver}", call.reply.start)


def _written_since(person: Person, memory_id: str, known: Known, erasure: Erasure) -> bool:
    """Tell whether a memory may have been updated or set again since an erasure was asked for."""
    if known.changed >= erasure.start:
        return True
    writes = [each for each in known.story.operations if each.kind in REPLACERS] if known.story is not None else []
    if any(each.latest >= erasure.start for each in writes):
        return True
    writing = person.on_their_way(Op.UPDATE, Op.SET)
    return any(each.op is Op.SET or each.memory_id == memory_id for each, _ in writing)
