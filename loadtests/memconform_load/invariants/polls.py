"""Searches for exactly the text of a memory that was written or deleted lately: when it is found, when forgotten."""

from __future__ import annotations

from memconform_load.invariants.call import Call
from memconform_load.invariants.docket import NOTHINGS, Docket, Nothing, Poll
from memconform_load.invariants.laws import Law
from memconform_load.invariants.people import Known
from memconform_load.workload.markers import marker_in

VISIBLE, FORGOTTEN = "time to visibility", "time to forget"
_TOP_K = 10
"""What a search gives at most where it does not say."""


class Polls:
    """Measures how long writes and deletions take to show in searches, and judges those that never do."""

    def __init__(self, docket: Docket) -> None:
        self._docket = docket

    def look(self, call: Call, poll: Poll) -> None:
        """Take a search whose query is the text that is polled for."""
        reply, person = call.reply, call.person
        there = any(memory.id == poll.memory_id for memory in reply.memories)
        known, gone = person.known.get(poll.memory_id), person.gone.get(poll.memory_id)
        measure = self._docket.findings.measure
        if known is not None and there and not poll.found:
            poll.found = True
            measure(VISIBLE, max(0.0, reply.end - poll.acknowledged))
        elif gone is not None and gone.case is None and not there and not poll.forgotten and reply.start > gone.since:
            poll.forgotten = True
            measure(FORGOTTEN, reply.end - gone.since)
        if known is None or there or known.text != hash(call.request.query):
            poll.missed = None
        elif not poll.told and self._must_show(call, poll, known):
            self._missed(call, poll)

    def found_nothing(self, call: Call) -> None:
        """Keep a search that shows nothing, although its query names a memory, for a second look at the end."""
        docket = self._docket
        if not call.direct or not docket.bounds.exact or len(docket.nothings) >= NOTHINGS:
            return
        mark = marker_in(call.request.query or "")
        if mark is not None and mark.person == call.person.number and call.person.known:
            docket.nothings.append(Nothing(call.person, call.request, call.reply.start, docket.told(call, "nothing")))

    def look_again(self, call: Call, nothing: Nothing) -> None:
        """Judge a search that showed nothing by the same one now: what it shows was there all the time."""
        mark, lag = marker_in(nothing.request.query or ""), self._docket.bounds.searched
        for memory in call.reply.memories:
            known = call.person.known.get(memory.id)
            if known is None or known.changed or known.story is not None or marker_in(memory.content) != mark:
                continue
            if known.end + lag < nothing.start and not call.person.may_be_gone(memory.id, known):
                written = self._docket.earlier(known.start, known.end, f"written → {memory.id}")
                lines = [written, nothing.told, self._docket.told(call)]
                said = "a search shows nothing at all, and later the memory that was there all the time"
                self._docket.breach(Law.STALE_READ, said, lines, call, memory.id)
                return

    def _must_show(self, call: Call, poll: Poll, known: Known) -> bool:
        """Tell whether a good server would have shown the memory: nothing was cut off, and the bound has passed."""
        if not call.direct or len(call.reply.memories) >= (call.request.top_k or _TOP_K):
            return False
        if known.story is not None and (known.story.blind or known.story.settled() is None):
            return False
        if call.person.may_be_gone(poll.memory_id, known):
            return False
        return call.reply.start > poll.acknowledged + self._docket.bounds.searched

    def _missed(self, call: Call, poll: Poll) -> None:
        """Take a search that must show a memory and does not: the second in a row is a breach."""
        reply = call.reply
        told = self._docket.told(call, f"{len(reply.memories)} memories, without {poll.memory_id}")
        if poll.missed is None:
            poll.missed, poll.text = (reply.start, reply.end, told), call.request.query or ""
        elif reply.start >= poll.missed[1]:
            written = self._docket.earlier(
                poll.acknowledged, poll.acknowledged, f"write of {poll.memory_id} acknowledged"
            )
            late = reply.start - poll.acknowledged
            said = f"{late:.3f} s after its acknowledgement a search for its very text misses it"
            self._docket.breach(Law.STALE_READ, said, [written, poll.missed[2], told], call, poll.memory_id)
            poll.told = True
