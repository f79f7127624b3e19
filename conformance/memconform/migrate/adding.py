"""Writing record by record, where the target takes no import: POST, or PUT for what has a key."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from memconform.exchange import Received
from memconform.migrate.doubts import Doubts
from memconform.migrate.errors import Stopped
from memconform.migrate.fitting import Fitting, without
from memconform.migrate.journal import Journal
from memconform.migrate.losses import WHOLE, Cause, Loss, NotWritten
from memconform.migrate.problem import Refusal, refusal_of
from memconform.migrate.records import Record, differing, is_over
from memconform.migrate.relinking import before, relinked
from memconform.migrate.service import Service, Silence, asks_to_wait, json_of
from memconform.migrate.state import Stage, State, Step
from memconform.noting import MEMORIES
from memconform.verbs.keyed import KEYED

_POSTED = (
    *("content", "scope", "metadata", "confidence", "expires_at", "valid_from", "valid_to"),
    *("supersedes", "source", "ext"),
)
_PUT = ("content", "metadata", "confidence", "expires_at", "ext")
_LIGHTER = ("/ext", "/source", "/valid_from", "/valid_to", "/confidence", "/metadata")
"""What is left out, in this order, of a body that is refused and nobody says why."""
_FAILURES = 5
"""After so many records in a row that the target fails to answer, it is not asked for more."""
_TRIES = 3
"""How often a write is sent that the target fails to answer."""
_PAUSE_S = 0.5


@dataclass
class Attempt:
    """One record on its way: what is sent of it now, and what has been left out."""

    record: Record
    body: Record
    losses: list[Loss]
    failures: int = 0
    key: str | None = None
    """The idempotency key that goes out with it."""
    doubted: dict[str, Any] | None = None
    """What went out before, where it may have been done: nothing but an answer to a repeat of it ends that doubt."""
    waited: float = 0.0
    """How many seconds the target put it off with 503."""
    same: bool = True
    """Whether the record is at the source as it was when it was first sent."""

    @property
    def keyed(self) -> bool:
        """Whether it goes to /v1/keyed."""
        return "key" in self.body


class Adding:
    """Writes one record after the other, those first that others refer to."""

    def __init__(self, target: Service, state: State, journal: Journal, fitting: Fitting, on_conflict: str) -> None:
        self.target, self.state, self.journal, self.fitting = target, state, journal, fitting
        self.on_conflict = on_conflict
        self.doubts = Doubts(target, state)
        self._failed: set[str] = set()
        self._failures = 0

    def write(self, told: Callable[[int], None]) -> None:
        """Write every record that is not written yet; raise `Stopped` where the target does not go along."""
        for _, record in self.state.records():
            for each in self._in_order(record):
                self._one(each)
            told(1)

    def _in_order(self, record: Record) -> list[Record]:
        """Return the record behind everything unwritten that it refers to, however far that goes."""
        order: list[Record] = []
        seen: set[str] = set()
        waiting = [(record, False)]
        while waiting:
            each, is_ready = waiting.pop()
            if is_ready:
                order.append(each)
            elif each["id"] not in seen and self._is_open(each["id"]):
                seen.add(each["id"])
                waiting.append((each, True))
                needed = [self.state.record(other) for other in before(each) if other not in seen]
                waiting += [(other, False) for other in needed if other is not None]
        return order

    def _is_open(self, record_id: str) -> bool:
        step = self.state.step(record_id)
        if step is not None and step.stage is Stage.LEFT:  # a server that failed may be well by now
            return record_id not in self._failed and any(loss.detail.get("status", 0) >= 500 for loss in step.losses)
        return step is None or step.stage in (Stage.PLANNED, Stage.SENT)

    def _one(self, record: Record) -> None:
        step = self.state.step(record["id"]) or Step(Stage.PLANNED)
        attempt = self._prepared(record, step)
        if isinstance(attempt, NotWritten):
            self.journal.left(record["id"], attempt.losses)
            return
        if step.stage is Stage.SENT:
            if not attempt.keyed and self._settled(attempt, dict(step.sending or {}), late=False):
                return
        elif attempt.keyed and self._is_taken(attempt):
            return
        while not self._sent(attempt):
            pass

    def _prepared(self, record: Record, step: Step) -> Attempt | NotWritten:
        fitted = self.fitting.fit(record)
        if isinstance(fitted, NotWritten):
            return fitted
        body, losses = relinked(fitted[0], self.state, by_import=False)
        attempt = Attempt(record, body, [*fitted[1], *losses])
        attempt.same = step.digest in (None, self.state.digest(record["id"]))
        if step.stage is Stage.SENT:  # as it went out, for a repeat must be the same
            for loss in step.losses:
                if loss not in attempt.losses and loss.member:
                    without(attempt.body, loss.member)
                    attempt.losses.append(loss)
        return attempt

    # --- sending

    def _sent(self, attempt: Attempt) -> bool:
        """Send it once; tell whether the record has been dealt with."""
        record_id = attempt.record["id"]
        idempotent = self.target.declares("idempotency") and not attempt.keyed
        attempt.key = attempt.key or (uuid.uuid4().hex if idempotent else None)
        by = "keyed" if attempt.keyed else "add"
        sending = attempt.doubted or {"by": by, "at": self.target.now(), "key": attempt.key}
        self.journal.sent([record_id], sending, attempt.losses)
        answer = self._ask(attempt)
        if isinstance(answer, Silence) and not answer.sent:
            if attempt.doubted is None:
                self.journal.unsent([record_id])
            raise Stopped(answer.why)
        if isinstance(answer, Silence) or answer.status >= 500:
            return self._unanswered(attempt, answer, sending)
        if answer.status in (200, 201):
            stored = json_of(answer)
            if isinstance(stored, dict) and isinstance(stored.get("id"), str) and stored["id"]:
                self.journal.stored(record_id, stored["id"], attempt.losses)
                self._failures = 0
                return True
            return self._settled(attempt, sending, late=False) or self._leave(attempt, refusal_of(answer))
        if answer.status == 409 and attempt.key is not None and attempt.failures < _TRIES:
            attempt.failures += 1  # the first of two requests of this key is in flight
            attempt.doubted = sending
            time.sleep(_PAUSE_S * attempt.failures)
            return False
        self.journal.unsent([record_id])
        return self._refused(attempt, refusal_of(answer))

    def _ask(self, attempt: Attempt) -> Received | Silence:
        headers = {"Content-Type": "application/json"}
        if attempt.key is not None:
            headers["Idempotency-Key"] = attempt.key
        if attempt.keyed:
            params = [("key", attempt.body["key"]), *attempt.body["scope"].items()]
            return self.target.write("PUT", KEYED, _json(attempt.body, _PUT), params=params, headers=headers)
        return self.target.write("POST", MEMORIES, _json(attempt.body, _POSTED), headers=headers)

    # --- no answer

    def _unanswered(self, attempt: Attempt, answer: Received | Silence, sending: dict[str, Any]) -> bool:
        """Find out what became of a write, or send it again; tell whether the record has been dealt with."""
        if isinstance(answer, Received) and asks_to_wait(answer):
            attempt.waited += self.target.wait(answer, attempt.waited)
        else:
            attempt.failures += 1
            time.sleep(_PAUSE_S * attempt.failures)
        last = attempt.failures >= _TRIES
        if last and isinstance(answer, Silence):
            raise Stopped(answer.why)
        if not last and (attempt.keyed or self._is_remembered(sending)):
            attempt.doubted = sending
            return False  # the same request again has no effect twice
        late = isinstance(answer, Silence) and answer.late
        if not attempt.keyed and self._settled(attempt, sending, late=late):
            return True
        if not last or isinstance(answer, Silence):
            return False
        self._fail(attempt, refusal_of(answer))
        return True

    def _fail(self, attempt: Attempt, refusal: Refusal) -> None:
        """Leave a record at which the target fails; not for good, and not many in a row."""
        self._failed.add(attempt.record["id"])
        self._failures += 1
        if self._failures >= _FAILURES:
            raise Stopped(
                f"{self.target.label} fails at one write after the other: {refusal.status}; look into its log"
            )
        self._leave(attempt, refusal)

    def _settled(self, attempt: Attempt, sending: dict[str, Any], *, late: bool) -> bool:
        """Tell whether the target has what was sent, and keep that; where it has not, it may be sent again."""
        record_id = attempt.record["id"]
        if sending.get("by") == "import" and self.doubts.there([record_id]):
            self.journal.stored(record_id, record_id, attempt.losses)
            return True
        if attempt.key is None and attempt.same and self._is_remembered(sending):
            attempt.key, attempt.doubted = str(sending["key"]), sending
            self.journal.doubt(record_id, "sent again under its key", "the target remembers keys", certain=True)
            return False
        found, certain = self.doubts.find(attempt.body, float(sending.get("at", 0)), late=late)
        attempt.key = attempt.doubted = None
        if found is None:
            why = "no memory like it is at the target" + (
                "" if certain else ", which may still be working on the first"
            )
            self.journal.doubt(record_id, "sent again", why, certain=certain)
            self.journal.planned(record_id, str(self.state.digest(record_id)))
            return False
        why = "a memory like it is at the target" + ("" if certain else "; it may be another one's")
        self.journal.doubt(record_id, "found", why, certain=certain)
        self.journal.stored(record_id, found["id"], attempt.losses)
        return True

    def _is_remembered(self, sending: dict[str, Any]) -> bool:
        """Tell whether the target still knows the key that went out with a write."""
        window = self.target.capabilities.idempotency_window
        if not self.target.declares("idempotency") or not sending.get("key"):
            return False
        return window is None or self.target.now() - float(sending["at"]) < window - 10

    # --- refusals

    def _refused(self, attempt: Attempt, refusal: Refusal) -> bool:
        """Leave out what was refused, where the record can do without, and send the rest; else leave the record."""
        pointers = refusal.pointers if refusal.status != 413 else ()
        done = [pointer for pointer in pointers if self._can(attempt, pointer) and without(attempt.body, pointer)]
        if not done and (refusal.status == 413 or not pointers):
            done = [
                pointer for pointer in _LIGHTER if attempt.body.get(pointer[1:]) and without(attempt.body, pointer)
            ][:1]
        if not done or refusal.status not in (400, 413, 422):
            return self._leave(attempt, refusal)
        attempt.key = attempt.doubted = None
        attempt.losses += [Loss(pointer, Cause.REFUSED, refusal.detail) for pointer in done]
        return False

    def _leave(self, attempt: Attempt, refusal: Refusal) -> bool:
        places = [each for each in refusal.pointers if each.split("/")[1:2]]
        losses = [Loss(each, _cause(attempt, each), refusal.detail) for each in places[:3]]
        self.journal.left(attempt.record["id"], losses or [Loss(WHOLE, Cause.REFUSED, refusal.detail)])
        return True

    def _can(self, attempt: Attempt, pointer: str) -> bool:
        """Tell whether a member may be left out of what is sent."""
        return self.fitting.may_go(pointer) and not (attempt.keyed and pointer == "/key")

    def _is_taken(self, attempt: Attempt) -> bool:
        """Look whether the key is in use at the target, and do what was asked for then; True where that was all."""
        if self.on_conflict == "overwrite":
            return False
        params = [("key", attempt.body["key"]), *attempt.body["scope"].items()]
        answer = self.target.read(KEYED, params)
        present = json_of(answer) if answer.status == 200 else None
        if not isinstance(present, dict):
            return False
        if self.on_conflict == "fail":
            raise Stopped(
                f"{self.target.label} has a memory already under the key of {attempt.record['id']}: choose "
                "--on-conflict skip or overwrite"
            )
        same = not {*differing(attempt.record, present)} & {f"/{name}" for name in _PUT}
        if same and isinstance(present.get("id"), str):
            self.journal.stored(attempt.record["id"], present["id"], attempt.losses, skipped=True)
        else:
            self.journal.left(attempt.record["id"], [Loss("/key", Cause.CONFLICT)])
        return True


def _cause(attempt: Attempt, pointer: str) -> Cause:
    over = pointer == "/expires_at" and is_over(attempt.record)
    return Cause.EXPIRED if over else Cause.REFUSED


def _json(body: Record, members: tuple[str, ...]) -> bytes:
    chosen = {name: body[name] for name in members if name in body}
    return json.dumps(chosen, ensure_ascii=False, allow_nan=False).encode()
