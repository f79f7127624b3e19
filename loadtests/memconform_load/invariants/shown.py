"""Memories in answers: whose they are, and whether they are what was written."""

from __future__ import annotations

import math

from memconform.histories import Kind, Operation
from memconform_load.calls import Op, SeenMemory
from memconform_load.invariants.call import Call, shown
from memconform_load.invariants.copies import Copies
from memconform_load.invariants.docket import Docket
from memconform_load.invariants.lags import text_lags
from memconform_load.invariants.laws import Law
from memconform_load.invariants.missing import Missing
from memconform_load.invariants.people import Attempt, Known
from memconform_load.invariants.registers import Registers
from memconform_load.workload.markers import marker_in

_SHORTENED = "contents by way of a plugin: it may shorten what it passes on"


class Shown:
    """Judges each memory that an answer shows. A good one costs less than a microsecond: keep `all` lean."""

    def __init__(self, docket: Docket, registers: Registers, missing: Missing, copies: Copies) -> None:
        self._docket = docket
        self._registers = registers
        self._missing = missing
        self._copies = copies
        self._lags = text_lags(docket.bounds)

    def all(self, call: Call) -> None:
        """Judge each memory in an answer, and all of them together."""
        reply, person = call.reply, call.person
        memories, start, name = reply.memories, reply.start, person.name
        find = person.known.get
        for memory in memories:
            known = find(memory.id)
            if known is not None and known.text == hash(memory.content) and memory.person in (name, None):
                if known.seen < start:
                    known.seen = start
            else:
                self._odd(call, memory, known)
        number = len(memories)
        if number > 1 and (
            len({memory.id for memory in memories}) < number or len({memory.content for memory in memories}) < number
        ):
            self._copies.in_answer(call)

    def foreign(self, call: Call, memory: SeenMemory) -> bool:
        """Tell, and count, whether a memory or its text is another person's."""
        whose = self._whose(call, memory)
        if whose is None:
            return False
        lines = [self._docket.told(call, shown(memory))]
        if memory.person is not None:
            lines.append(f"the memory's user_id is {memory.person}")
        self._docket.breach(Law.FOREIGN, f"the answer shows {whose}", lines, call, memory.id)
        return True

    def _whose(self, call: Call, memory: SeenMemory) -> str | None:
        """Return whose a memory is, for people; None where it is, or may be, the asker's."""
        person = call.person
        if memory.person is not None and memory.person != person.name:
            return f"a memory of {memory.person}"
        mark = marker_in(memory.content)
        if mark is not None and person.number is not None and mark.person != person.number:
            text = hash(memory.content)
            written = any(text == each.text for each in person.known.values())  # for this person all the same
            return None if written else f"a text of person p{mark.person:x}"
        if mark is None and memory.person is None and memory.id and not person.uncertain:
            others = (each.name for each in self._docket.people.values() if each is not person)
            owner = next((name for name in others if memory.id in self._docket.people[name].known), None)
            return f"a memory of {owner}" if owner is not None else None
        return None

    def _odd(self, call: Call, memory: SeenMemory, known: Known | None) -> None:
        """Judge a memory that is not simply as it was written."""
        person = call.person
        if memory.person is not None and memory.person != person.name:
            self.foreign(call, memory)
        elif known is not None:
            known.seen = max(known.seen, call.reply.start)
            if call.request.op is Op.SEARCH and person.may_be_gone(memory.id, known):
                return  # ranked late, and deleted by now: what it held at some time
            if known.story is not None:
                self._updated(call, memory, known)
            else:
                self._differs(call, memory, known)
        elif memory.id in person.gone:
            self._missing.returned(call, memory.id, memory)
        else:
            self._unknown(call, memory)

    def _updated(self, call: Call, memory: SeenMemory, known: Known) -> None:
        """Enter a look at a memory that is being updated into its story."""
        story, lag, value = known.story, self._lags[call.request.op], hash(memory.content)
        if story is None or math.isinf(lag):
            return
        written = story.knows(value)
        if not written and (call.person.is_writing(memory.content) or self.foreign(call, memory)):
            return
        start, end = call.reply.start - lag, call.reply.end
        version = memory.version if written else None
        story.note(Operation(call.driver, Kind.READ, story.object, value, start, end, version=version), memory.content)
        self._registers.judge_due(story)

    def _differs(self, call: Call, memory: SeenMemory, known: Known) -> None:
        """Judge a text that is not the one which was acknowledged last, of a memory that is not being updated."""
        person = call.person
        if person.uncertain or person.is_writing(memory.content) or self.foreign(call, memory):
            return
        if not call.direct:
            self._docket.suspend(_SHORTENED)
            return
        written = max(known.end, known.changed)
        if call.reply.start - self._lags[call.request.op] <= written:
            return
        late = bool(known.changed) and marker_in(memory.content) is not None
        law, said = (Law.STALE_READ, "an older text") if late else (Law.CHANGED, "not the text that was written")
        lines = [self._docket.earlier(known.start, written, f"written → {memory.id}")]
        self._docket.breach(law, said, [*lines, self._docket.told(call, shown(memory))], call, memory.id)
        if not late:
            known.text = hash(memory.content)  # told once
            person.altered(known.text, known.start)

    def _unknown(self, call: Call, memory: SeenMemory) -> None:
        """Judge a memory whose id was never acknowledged: perhaps of an add without an answer."""
        person = call.person
        if memory.id in person.waived or person.is_writing(memory.content):
            return
        attempts = person.attempts.get(hash(memory.content))
        if attempts is None:
            if not self.foreign(call, memory):
                self._docket.findings.checked["unexplained"] += 1
        elif all(each.refused for each in attempts):
            self._refused(call, memory, attempts[-1])
        elif memory.id:
            first = min((each for each in attempts if not each.refused), key=lambda each: each.end)
            known = person.known[memory.id] = Known(hash(memory.content), first.start, first.end)
            known.seen = call.reply.start
            first.end = math.inf  # from now on it is known by its id

    def _refused(self, call: Call, memory: SeenMemory, attempt: Attempt) -> None:
        if call.person.uncertain or call.person.muddled:
            return
        lines = [
            self._docket.earlier(attempt.start, attempt.start, "add → refused"),
            self._docket.told(call, shown(memory)),
        ]
        self._docket.breach(Law.REFUSED_SEEN, "an add was refused, and it is there", lines, call, memory.id)
        call.person.known[memory.id] = Known(hash(memory.content), attempt.start, math.inf)
