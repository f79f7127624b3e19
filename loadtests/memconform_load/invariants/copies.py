"""More memories than there were writes, and one memory more than once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from memconform_load.invariants.call import Call
from memconform_load.invariants.docket import Docket
from memconform_load.invariants.laws import Law
from memconform_load.invariants.people import Attempt, Known, Person
from memconform_load.workload.markers import marker_in


class Copies:
    """Judges duplicates. Texts without a marker may be written more than once, so they prove nothing."""

    def __init__(self, docket: Docket) -> None:
        self._docket = docket

    def in_answer(self, call: Call) -> None:
        """Judge one answer that shows an id or a text more than once."""
        ids: set[str] = set()
        by_text: dict[str, list[str]] = {}
        told = False
        for memory in call.reply.memories:
            if memory.id and memory.id in ids and not told:
                told = True
                self._docket.breach(
                    Law.DUPLICATE, "one id twice in one answer", [self._docket.told(call)], call, memory.id
                )
            ids.add(memory.id)
            if memory.id and memory.person in (None, call.person.name):
                by_text.setdefault(memory.content, []).append(memory.id)
        for content, several in by_text.items():
            if len(set(several)) > 1:
                self.of_text(call, content, several)

    def on_pages(self, call: Call, memory_id: str) -> None:
        """Count a memory that was on an earlier page of the same walk."""
        said = "one id on two pages of one walk"
        self._docket.breach(Law.DUPLICATE, said, [self._docket.told(call)], call, memory_id)

    def of_text(self, call: Call, content: str, ids: Sequence[str]) -> None:
        """Judge memories with one text: whether they are more than there were writes of it."""
        person, text = call.person, hash(content)
        mark = marker_in(content)
        if person.uncertain or person.muddled or mark is None or mark.person != person.number:
            return
        attempts = person.attempts.get(text, [])
        explained = [each for each in dict.fromkeys(ids) if _is_explained(person, each)]
        extra = [each for each in dict.fromkeys(ids) if each not in explained]
        if not attempts:
            written = [each for each in explained if each in person.known and person.known[each].text == text]
            extra = [each for each in extra if written and each not in person.known]  # else it is a text of nobody's
        if not extra or person.is_writing(content) or self._sent_again(call, attempts):
            return
        if len(extra) <= self._further_writes(attempts, explained):
            return
        made = [(person.known[each], each) for each in explained if each in person.known]
        lines = [self._docket.earlier(known.start, known.end, f"add → {each}") for known, each in made]
        said = f"{extra[-1]} has the same text {content[:40]!r}, and no write made it"
        self._docket.breach(Law.DUPLICATE, said, [*lines, self._docket.told(call)], call, extra[-1])
        for each in extra:  # told once: from now on it is as if they had been written
            person.known[each] = Known(text, call.reply.start, math.inf)
            person.attempts.setdefault(text, []).append(Attempt(None, call.reply.start, math.inf))

    def _sent_again(self, call: Call, attempts: Iterable[Attempt]) -> bool:
        """Tell whether one of the adds may have been sent more than once, or so long ago that its key is forgotten."""
        window = self._docket.bounds.window_s
        return any(each.many or (each.key and call.reply.end - each.start > window) for each in attempts)

    def _further_writes(self, attempts: Iterable[Attempt], explained: Sequence[str]) -> int:
        """Return how many memories adds may have made beside the explained ones: repeats with one key make one."""
        likely = [each for each in attempts if not each.refused]
        keys = {each.key for each in likely if each.key is not None}
        uses = [self._docket.keys.get(each) for each in keys]
        made = sum(use is not None and use.memory_id in explained for use in uses)
        return len(keys) - made + sum(each.key is None for each in likely)


def _is_explained(person: Person, memory_id: str) -> bool:
    """Tell whether an acknowledged write made a memory, or it is not judged."""
    if memory_id in person.gone or memory_id in person.waived:
        return True
    known = person.known.get(memory_id)
    return known is not None and (known.story is not None or known.end < math.inf)
