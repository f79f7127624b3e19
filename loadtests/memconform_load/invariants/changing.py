"""Updates and values set under a key: each is a register with a story."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from memconform.histories import Kind, Operation, Outcome
from memconform_load.calls import Op, SeenMemory
from memconform_load.invariants.adding import differs
from memconform_load.invariants.call import Call
from memconform_load.invariants.docket import Docket
from memconform_load.invariants.laws import Law
from memconform_load.invariants.missing import Missing
from memconform_load.invariants.people import Known
from memconform_load.invariants.registers import Registers
from memconform_load.invariants.stories import Story

_REPEATS = "values that were set through a plugin or sent twice: an older one may come back"


class Changing:
    """Takes the calls that give a memory another text."""

    def __init__(self, docket: Docket, registers: Registers, missing: Missing) -> None:
        self._docket = docket
        self._registers = registers
        self._missing = missing
        self.handlers: Mapping[Op, Callable[[Call], None]] = {Op.UPDATE: self._update, Op.SET: self._set}

    def _update(self, call: Call) -> None:
        memory_id = call.request.memory_id or ""
        known = call.person.known.get(memory_id)
        if known is None:
            self._update_unknown(call, memory_id)
        elif not call.refused:
            self._updated(call, memory_id, known)
        elif call.absent:
            self._missing.absent(call, memory_id, known)

    def _update_unknown(self, call: Call, memory_id: str) -> None:
        """Take an update of a memory that is gone, or whose add was not acknowledged yet."""
        if not call.refused:
            call.person.touch_unknown(memory_id)
            self._registers.updating_unknown(call, memory_id)
        if call.ok:
            self._missing.returned(call, memory_id, None)

    def _updated(self, call: Call, memory_id: str, known: Known) -> None:
        story = self._registers.of(call.person, memory_id, known)
        story.note(_write(Kind.WRITE, story, call), call.request.text)
        if call.reply.retries:
            story.note(_write(Kind.WRITE, story, call, Outcome.UNKNOWN))
        if call.ok:
            known.text, known.changed = hash(call.request.text), call.reply.end
            self._docket.watch(call.person, known.text, memory_id, call.reply.end)
        stored = call.stored
        if stored is not None and call.direct and stored.content != call.request.text:
            self._answer_differs(call, story, stored)
        self._registers.judge_due(story)

    def _answer_differs(self, call: Call, story: Story, stored: SeenMemory) -> None:
        """Count an answer to an update that shows a text which nobody wrote; that of another update may show."""
        if not story.knows(hash(stored.content)) and not call.person.is_writing(stored.content):
            said = differs(call.request.text or "", stored.content)
            self._docket.breach(Law.CHANGED, said, [self._docket.told(call)], call, stored.id)

    def _set(self, call: Call) -> None:
        if call.refused or call.request.key is None:
            return
        story = self._registers.keyed(call.person, call.request.key)
        story.note(_write(Kind.SET, story, call), call.request.text)
        if not call.once:
            # A PUT may be repeated, and the first one may land after the second was acknowledged.
            story.note(_write(Kind.SET, story, call, Outcome.UNKNOWN))
            self._docket.findings.suspended[_REPEATS] = 1
        stored = call.stored
        if stored is not None and stored.id:
            self._set_under(call, story, stored)
        self._registers.judge_due(story)

    @staticmethod
    def _set_under(call: Call, story: Story, stored: SeenMemory) -> None:
        """Take note of the id under which a key's memory is listed."""
        person, reply, text = call.person, call.reply, hash(call.request.text)
        known = person.known.get(stored.id)
        if stored.id in person.gone:
            person.waive(stored.id)  # deleted at the same time, or its id given again
        elif known is not None:
            known.text, known.changed = text, reply.end
        elif stored.person in (None, person.name) and stored.id not in person.waived:
            for former in [each for each in story.ids if each in person.known]:
                person.waive(former)  # set anew: what became of the former one is not known
            tries = [each.start for each in story.operations if each.kind is Kind.SET]
            tries += [since for each, since in person.on_their_way(Op.SET) if each.key == story.key]
            known = person.known[stored.id] = Known(text, min([reply.start, *tries]), reply.end)
            known.story = story
        story.ids.add(stored.id)


def _write(kind: Kind, story: Story, call: Call, outcome: Outcome | None = None) -> Operation:
    """Return a write; its version only where the answer shows this write's own text with it."""
    request, reply, stored = call.request, call.reply, call.stored
    known = Outcome.OK if call.ok else Outcome.UNKNOWN
    own = stored is not None and call.once and outcome is None and stored.content == request.text
    version = stored.version if stored is not None and own else None
    return Operation(
        call.driver, kind, story.object, hash(request.text), reply.start, reply.end, outcome or known, version
    )
