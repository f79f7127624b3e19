"""Memories that are updated or set: opening their stories, having them checked, closing those that are settled."""

from __future__ import annotations

import math
from collections.abc import Iterator

from memconform.histories import Kind, Operation, Outcome, Violation
from memconform.histories import Law as HistoryLaw
from memconform_load.calls import Op
from memconform_load.invariants.call import Call
from memconform_load.invariants.docket import Docket
from memconform_load.invariants.laws import Law
from memconform_load.invariants.people import Gone, Known, Person
from memconform_load.invariants.stories import Erasure, Story

STORIES = 2_000
"""With more memories under observation, those that are settled are closed."""

_WRITES = {Op.UPDATE: Kind.WRITE, Op.SET: Kind.SET, Op.DELETE: Kind.DELETE}


class Registers:
    """The stories of one judge."""

    def __init__(self, docket: Docket) -> None:
        self._docket = docket
        self._open: dict[int, tuple[Person, Known | None, Story]] = {}
        self._most = STORIES
        self.sweeping = math.inf
        """When the last reading began: what it misses was lost, not late."""

    def of(self, person: Person, memory_id: str, known: Known) -> Story:
        """Return the story of a memory, begun now where it has none."""
        if known.story is None:
            story = known.story = Story(memory_id)
            made = known.changed or known.end
            certain = not math.isinf(made)
            began = known.changed or known.start
            outcome, end = (Outcome.OK, made) if certain else (Outcome.UNKNOWN, began)
            story.note(Operation("before", Kind.ADD, memory_id, known.text, began, end, outcome), "the text before")
            story.ids.add(memory_id)
            self._opened(person, known, story)
        return known.story

    def keyed(self, person: Person, key: str) -> Story:
        """Return the story of what is set under a key."""
        story = person.keyed.get(key)
        if story is None:
            story = person.keyed[key] = Story(f"key {key!r}", key)
            for erasure in person.erasures:
                story.enter(erasure, certain=False)
            self._opened(person, None, story)
        return story

    def judge_due(self, story: Story) -> None:
        """Check a story if it has grown enough."""
        if story.due:
            self.judge(story)

    def judge(self, story: Story) -> None:
        """Check a story, and count what it breaks."""
        opened = self._open.get(id(story))
        if opened is None or story.blind:
            return
        person, docket = opened[0], self._docket
        for violation, said, lines in story.check(self.on_their_way(person, story), docket.clock(), docket.zero):
            if person.uncertain:
                continue
            memory_id = next(iter(story.ids), None)
            docket.count(self._law(violation), said, lines, person, memory_id, violation.witness[-1].client)
        self._suspend_blind(story)

    def _suspend_blind(self, story: Story) -> None:
        if story.blind:
            why = "a memory with more writes without an answer, or overlapping ones, than can be judged"
            self._docket.suspend(why)

    def judge_all(self) -> None:
        """Check every story for the last time."""
        for _, _, story in list(self._open.values()):
            self.judge(story)

    def bury(self, person: Person, memory_id: str, gone: Gone) -> None:
        """Take a memory from those that are there to those that are gone; its story ends."""
        known = person.known.get(memory_id)
        if known is not None and known.story is not None and known.story.key is None:
            self.judge(known.story)
            self._open.pop(id(known.story), None)
        self._docket.bury(person, memory_id, gone)

    def erasing(self, person: Person, erasure: Erasure) -> None:
        """Enter an erasure into the stories of what the person has set, anew when it is done."""
        for story in person.keyed.values():
            writing = any(each.kind is not Kind.DELETE for each in self.on_their_way(person, story))
            story.enter(erasure, certain=not writing)

    def deleting(self, call: Call, memory_id: str, known: Known | None, outcome: Outcome) -> None:
        """Enter a deletion by id into the story of the key that it may concern."""
        if known is not None:
            stories = [known.story] if known.story is not None and known.story.key is not None else []
        else:
            stories, named = self._perhaps(call.person, memory_id)
            outcome = outcome if named else Outcome.UNKNOWN
        reply = call.reply
        for story in stories:
            story.note(Operation(call.driver, Kind.DELETE, story.object, None, reply.start, reply.end, outcome))

    def updating_unknown(self, call: Call, memory_id: str) -> None:
        """Enter an update of a memory that is not known into the story of the key that it may concern."""
        reply, value = call.reply, hash(call.request.text)
        stories, named = self._perhaps(call.person, memory_id)
        outcome = Outcome.OK if named and call.ok else Outcome.UNKNOWN
        for story in stories:
            write = Operation(call.driver, Kind.WRITE, story.object, value, reply.start, reply.end, outcome)
            story.note(write, call.request.text)

    @staticmethod
    def _perhaps(person: Person, memory_id: str) -> tuple[list[Story], bool]:
        """Return the stories that an id may belong to, and whether it does for certain."""
        stories = [each for each in person.keyed.values() if memory_id in each.ids]
        ended = memory_id in person.gone and person.gone[memory_id].case is None
        if stories or ended:
            return stories, not ended
        return list(person.keyed.values()), False  # nobody was told the id: it may be under any key

    def on_their_way(self, person: Person, story: Story) -> Iterator[Operation]:
        """Yield the writes to a register that have not ended, as unknown ones."""
        keyed = story.key is not None
        for request, start in person.pending.values():
            kind = _WRITES.get(request.op)
            concerns = request.key == story.key if request.op is Op.SET else request.memory_id in story.ids
            if keyed and kind is not None and request.memory_id is not None and request.memory_id not in person.known:
                concerns = True  # it may be what is under the key
            if request.op is Op.ERASE:
                kind, concerns = Kind.DELETE, keyed
            if kind is not None and concerns:
                value = hash(request.text) if request.text is not None and kind is not Kind.DELETE else None
                yield Operation("?", kind, story.object, value, start, start, Outcome.UNKNOWN)

    def _opened(self, person: Person, known: Known | None, story: Story) -> None:
        self._open[id(story)] = (person, known, story)
        if len(self._open) > self._most:
            self._close_settled()
            self._most = max(STORIES, 2 * len(self._open))

    def _close_settled(self) -> None:
        """Close the older half of the stories as far as it is certain what their memories' texts are."""
        for mark, (person, known, story) in list(self._open.items())[: len(self._open) // 2]:
            self.judge(story)
            last = story.settled()
            if known is None or any(True for _ in self.on_their_way(person, story)):
                self._open[mark] = self._open.pop(mark)
            elif last is not None and not story.blind:
                known.text, known.changed, known.story = last.value, last.end, None
                del self._open[mark]
            else:
                for memory_id in story.ids:
                    person.waive(memory_id)
                del self._open[mark]
                self._docket.suspend("an updated memory: so many answers are missing that its text is not known")

    def _law(self, violation: Violation) -> Law:
        if violation.law is HistoryLaw.RESURRECTION:
            return Law.DELETED_SEEN
        last = violation.witness[-1]
        missing = not last.is_read or not isinstance(last.value, int)
        if violation.law is HistoryLaw.LOST_UPDATE and (missing or last.start >= self.sweeping):
            return Law.LOST_WRITE
        return Law.STALE_READ
