"""What should be in an answer and is not, and what is gone and is in it all the same."""

from __future__ import annotations

import math

from memconform_load.calls import Op, SeenMemory
from memconform_load.invariants.call import Call, shown
from memconform_load.invariants.docket import Docket
from memconform_load.invariants.lags import presence_lags
from memconform_load.invariants.laws import Law
from memconform_load.invariants.people import Attempt, Gone, Known, Person, Walk
from memconform_load.invariants.registers import Registers
from memconform_load.invariants.stories import Erasure


class Missing:
    """Judges presence: by all that may excuse the server."""

    def __init__(self, docket: Docket, registers: Registers) -> None:
        self._docket = docket
        self._registers = registers
        self._lags = presence_lags(docket.bounds)

    def after_walk(self, call: Call, walk: Walk) -> None:
        """Judge what a whole list does not show."""
        person, lag = call.person, self._lags[call.request.op]
        if math.isinf(lag):
            return
        latest = walk.start - lag
        missing = [each for each, known in person.known.items() if each not in walk.ids and known.end < latest]
        for memory_id in missing:
            known = person.known[memory_id]
            if known.text not in walk.texts:  # an import may have kept it under another id
                self.absent(call, memory_id, known, began=walk.start)
        for text, attempts in person.attempts.items():
            for attempt in attempts:
                if attempt.end < latest and text not in walk.texts:
                    self._never_seen(call, attempt)

    def absent(self, call: Call, memory_id: str, known: Known, *, began: float | None = None) -> None:
        """Judge an answer that does not show a memory; a walk through pages `began` with its first page."""
        person, reply = call.person, call.reply
        start = reply.start if began is None else began
        if known.end + self._lags[call.request.op] >= start or person.may_be_gone(memory_id, known):
            return
        eraser = self._eraser(person, known, reply.end)
        events = [(known.start, known.end, f"written → {memory_id}, acknowledged")]
        if known.changed:
            events.append((known.changed, known.changed, f"update of {memory_id} acknowledged"))
        if known.seen:
            events.append((known.seen, known.seen, f"a read shows {memory_id}"))
        if eraser is not None:
            events.append((eraser[1].start, eraser[1].done, f"erasure of {eraser[0].name}"))
        lines = [self._docket.earlier(*event) for event in sorted(events)]
        lines.append(self._docket.told(call, "not there"))
        law = Law.LOST_WRITE if eraser is None else Law.COLLATERAL
        said = f"acknowledged {start - known.end:.3f} s before, and not there"
        case = self._docket.breach(law, said, lines, call, memory_id)
        # With a story its text may be one of several: then it is not judged any more if it comes back.
        back = known if known.story is None else None
        self._registers.bury(person, memory_id, Gone(reply.end, "lost", start, case, back))

    def returned(self, call: Call, memory_id: str, memory: SeenMemory | None) -> None:
        """Judge an answer that shows a memory, or changes one, which is gone or was missed before."""
        person, reply = call.person, call.reply
        gone = person.gone.get(memory_id)
        if gone is None:
            return
        seen = self._docket.told(call, shown(memory) if memory else None)
        if gone.case is not None:
            if reply.start > gone.since:
                self._docket.findings.renamed(gone.case, Law.STALE_READ, seen)
                person.waive(memory_id)
                if gone.known is not None:
                    person.waived.discard(memory_id)
                    person.known[memory_id] = gone.known
            return
        if gone.told or reply.start <= gone.since + self._lags[call.request.op]:
            return
        gone.told = True
        law = Law.RESIDUE if gone.by.startswith("erase") else Law.DELETED_SEEN
        ended = self._docket.earlier(gone.start, gone.since, f"{gone.by}: {memory_id} → done")
        said = f"it was gone, and {reply.start - gone.since:.3f} s later an answer shows it"
        self._docket.breach(law, said, [ended, seen], call, memory_id)

    def still_absent(self, call: Call, memory_id: str) -> None:
        """Take a further look that does not show what was missed before into its case."""
        gone = call.person.gone.get(memory_id)
        if gone is not None and gone.case is not None:
            gone.case.witness.append(self._docket.told(call))

    def _never_seen(self, call: Call, attempt: Attempt) -> None:
        """Judge an acknowledged add whose id is not known, and whose text a whole list does not show."""
        person, acknowledged = call.person, attempt.end
        attempt.end = math.inf
        deleted = any(gone.since >= acknowledged for gone in person.gone.values()) or bool(person.doubts)
        if deleted or person.waived or any(True for _ in person.on_their_way(Op.DELETE)):
            return  # it may have been one of those
        if person.may_be_gone("", Known(0, attempt.start, acknowledged)):
            return
        added = self._docket.earlier(attempt.start, acknowledged, "add → acknowledged, without an id")
        lines = [added, self._docket.told(call)]
        self._docket.breach(Law.LOST_WRITE, "an acknowledged add is in no list", lines, call, None)

    def _eraser(self, person: Person, known: Known, until: float) -> tuple[Person, Erasure] | None:
        """Return another person's erasure since the memory was last seen, or was written while it went on.

        None where it was never seen and may have been lost before, or where an erasure of the person's own explains it.
        """
        since = max(known.seen, known.start)
        during = [(who, each) for who, each in self._docket.erasures if since < each.done and each.start < until]
        if any(who is person for who, _ in during):
            return None
        seen = ((who, each) for who, each in reversed(during) if known.seen or known.end >= each.start)
        return next(seen, None)
