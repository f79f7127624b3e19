"""Adds, batches and imports: what is there after them, and what may be."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from memconform_load.calls import Ended, Op, Reply, SeenMemory
from memconform_load.invariants.call import Call
from memconform_load.invariants.docket import Docket
from memconform_load.invariants.laws import Law
from memconform_load.invariants.people import Attempt, Known, Person

_REPEATS = "duplicates: a plugin may repeat adds, or a client did, and the server declares no idempotency"


class Adding:
    """Takes the calls that add memories."""

    def __init__(self, docket: Docket) -> None:
        self._docket = docket
        self._bounds = docket.bounds
        self.handlers: Mapping[Op, Callable[[Call], None]] = {
            Op.ADD: self._add,
            Op.BATCH: self._batch,
            Op.IMPORT: self._import,
        }

    def _add(self, call: Call) -> None:
        text, key, stored = hash(call.request.text), self._key(call), call.stored
        if stored is None or not stored.id:
            if key is not None:
                self._docket.used(key, text, call.reply.start, None)
            self._attempt(call, text, key)
            return
        self._may_be_repeated(call)
        repeat = key is not None and self._is_repeat(call, key, text, stored.id)
        self._made(call, call.request.text or "", stored, repeat=repeat)

    def _batch(self, call: Call) -> None:
        request, reply = call.request, call.reply
        wanted = {hash(text): text for text in request.texts}
        whole = call.ok and len(reply.memories) == len(request.texts)
        for place, stored in enumerate(reply.memories):
            asked = request.texts[place] if whole else stored.content
            if stored.id and wanted.pop(hash(asked), None) is not None:
                self._made(call, asked, stored, repeat=False)
        self._may_be_repeated(call)
        key = self._key(call)
        left = reply if not call.ok else Reply(reply.start, reply.end, Ended.UNKNOWN)
        for text in wanted:
            self._attempt(Call(call.person, request, left, call.driver), text, key)

    def _import(self, call: Call) -> None:
        if call.refused:
            return
        person, reply = call.person, call.reply
        for memory_id, content in records(call.request.document or b"", person.name):
            if memory_id in person.gone:
                person.waive(memory_id)  # an import may bring back what was deleted
            known, text = person.known.get(memory_id), hash(content)
            if not call.ok:
                self._docket.attempted(person, text, Attempt(None, reply.start, math.inf, many=True))
            elif known is None and memory_id not in person.waived:
                person.known[memory_id] = Known(text, reply.start, reply.end)
            elif known is not None and known.text != text:
                person.waive(memory_id)  # kept or overwritten

    # What came of them

    def _made(self, call: Call, text: str, stored: SeenMemory, *, repeat: bool) -> None:
        """Take a memory that an answer says was made."""
        person, reply = call.person, call.reply
        if stored.person is not None and stored.person != person.name:
            said = f"what was added for {person.name} is {stored.person}'s"
            self._docket.breach(Law.FOREIGN, said, [self._docket.told(call)], call, stored.id)
            return
        self._forget_refusals(person, hash(text))
        known = person.known.get(stored.id)
        if known is not None:
            self._made_before(call, text, stored, known, repeat=repeat)
        elif stored.id in person.gone:
            if call.request.idempotency_key is None:
                person.waive(stored.id)  # the server gave the id again, or the memory
        elif not repeat and stored.id not in person.waived:
            if stored.content != text and call.direct:
                said = differs(text, stored.content)
                self._docket.breach(Law.CHANGED, said, [self._docket.told(call)], call, stored.id)
                person.altered(hash(stored.content), reply.start)
            kept = stored.content if call.direct else text
            person.known[stored.id] = Known(hash(kept), person.first_try(text, reply.start), reply.end)
            self._docket.watch(person, hash(text), stored.id, reply.end)

    def _made_before(self, call: Call, text: str, stored: SeenMemory, known: Known, *, repeat: bool) -> None:
        """Take an add that was answered with a memory that was known before."""
        if self._bounds.dedupes:
            known.changed = call.reply.end  # an erasure that was asked for before may spare it
        if math.isinf(known.end):
            known.end = call.reply.end  # an answer had shown it before this one acknowledged it
            self._docket.watch(call.person, known.text, stored.id, call.reply.end)
            return
        if repeat or not call.once or self._bounds.dedupes:
            return
        if known.text != hash(text) and known.story is None and not known.changed:
            lines = [self._docket.earlier(known.start, known.end, f"add → {stored.id}"), self._docket.told(call)]
            self._docket.breach(Law.DUPLICATE, "one id for two memories", lines, call, stored.id)
            self._attempt(call, hash(text), None)  # whether it is there, its text will show

    def _is_repeat(self, call: Call, key: str, text: int, memory_id: str) -> bool:
        """Tell whether the key made a memory before; count an answer with another one."""
        first = self._docket.keys.get(key)
        made_before = first is not None and first.memory_id is not None and first.text == text
        self._docket.used(key, text, call.reply.start, memory_id)
        if first is None or not made_before:
            return False
        if call.reply.end - first.start > self._bounds.window_s:
            return False
        if first.memory_id == memory_id:
            return True
        lines = [
            self._docket.earlier(first.start, first.start, f"add → {first.memory_id}, with key {key}"),
            self._docket.told(call),
        ]
        said = f"the repeat of an add gave {memory_id}, the first gave {first.memory_id}"
        self._docket.breach(Law.UNSTABLE_REPEAT, said, lines, call, memory_id)
        return True

    def _attempt(self, call: Call, text: int, key: str | None) -> None:
        """Remember an add whose memory is not known by its id."""
        end = call.reply.end if call.ok else math.inf
        many = not call.refused and self._sent_again(call)
        self._docket.attempted(call.person, text, Attempt(key, call.reply.start, end, call.refused, many))

    # Repeats

    def _key(self, call: Call) -> str | None:
        """Return the key of an add where the server heeds it; whether a plugin passes it on is not known."""
        return call.request.idempotency_key if self._bounds.idempotent and call.direct else None

    def _sent_again(self, call: Call) -> bool:
        """Tell whether an add may have been sent more than once without the server knowing that it is the same."""
        if not call.direct:
            return not self._bounds.idempotent
        return call.reply.retries > 0 and (call.request.idempotency_key is None or not self._bounds.idempotent)

    def _may_be_repeated(self, call: Call) -> None:
        if self._sent_again(call) and not call.person.muddled:
            call.person.muddled = True
            self._docket.suspend(_REPEATS)

    @staticmethod
    def _forget_refusals(person: Person, text: int) -> None:
        """Forget that an add was refused: a later try has made the memory."""
        attempts = person.attempts.get(text)
        if attempts is not None and all(each.refused for each in attempts):
            del person.attempts[text]


def differs(written: str, there: str) -> str:
    """Return in what a text differs from what was written, for people."""
    pairs = enumerate(zip(written, there, strict=False))
    at = next((place for place, (one, two) in pairs if one != two), min(len(written), len(there)))
    return f"the text differs from character {at} on: wrote {written[at:][:12]!r}, there is {there[at:][:12]!r}"


def records(document: bytes, person: str) -> Iterator[tuple[str, str]]:
    """Yield id and content of the person's records in an export."""
    for text in document.splitlines():
        try:
            record: Any = json.loads(text)
        except ValueError:
            continue
        if isinstance(record, dict) and isinstance(record.get("id"), str) and isinstance(record.get("content"), str):
            scope = record.get("scope")
            if isinstance(scope, dict) and scope.get("user_id") == person:
                yield record["id"], record["content"]
