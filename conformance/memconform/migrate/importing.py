"""Writing by import files, where the target takes them: ids, keys and instants are kept."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from memconform.exchange import Received
from memconform.migrate.doubts import Doubts
from memconform.migrate.errors import Stopped
from memconform.migrate.fitting import Fitting, without
from memconform.migrate.journal import Journal
from memconform.migrate.losses import WHOLE, Cause, Loss, NotWritten
from memconform.migrate.problem import Refusal, refusal_of
from memconform.migrate.records import Record
from memconform.migrate.relinking import relinked
from memconform.migrate.service import Service, Silence, asks_to_wait, json_of
from memconform.migrate.state import Stage, State
from memconform.scene.canonical import canonical
from memconform.verbs.data_subject import NDJSON

_FILE_BYTES = 4 * 1024 * 1024
_FILE_RECORDS = 1000
_MANIFEST_BYTES = 4096
_TRIES = 3
_PAUSE_S = 0.5


@dataclass
class Cargo:
    """One record as it goes into a file, and what is not in it any more."""

    record: Record
    losses: list[Loss]
    bytes: int

    @property
    def id(self) -> str:
        """Its id, which an import keeps."""
        return str(self.record["id"])


class Importing:
    """Writes files of many records, each taken in whole or not at all."""

    def __init__(self, target: Service, state: State, journal: Journal, fitting: Fitting, on_conflict: str) -> None:
        self.target, self.state, self.journal, self.fitting = target, state, journal, fitting
        self.on_conflict = on_conflict
        self.doubts = Doubts(target, state)
        self._most = target.capabilities.limit_or("import_bytes", _FILE_BYTES) - _MANIFEST_BYTES

    def write(self, told: Callable[[int], None]) -> None:
        """Write every record that is not written yet; raise `Stopped` where the target does not go along."""
        file: list[Cargo] = []
        size, of = 0, -1
        for part, record in self.state.records():
            told(1)
            cargo = self._packed(record)
            if cargo is None:
                continue
            if part != of or size + cargo.bytes > self._most or len(file) >= _FILE_RECORDS:
                self._send(file)
                file, size, of = [], 0, part
            file.append(cargo)
            size += cargo.bytes
        self._send(file)

    def _packed(self, record: Record) -> Cargo | None:
        step = self.state.step(record["id"])
        if step is not None and step.stage not in (Stage.PLANNED, Stage.SENT):
            return None
        fitted = self.fitting.fit(record)
        if isinstance(fitted, NotWritten):
            self.journal.left(record["id"], fitted.losses)
            return None
        copy, losses = relinked(fitted[0], self.state, by_import=True)
        return Cargo(copy, [*fitted[1], *losses], len(_line(copy)))

    # --- sending

    def _send(self, file: Sequence[Cargo]) -> None:
        """Deal with all records of a file: those in doubt first, then the others in as few files as it takes."""
        waiting = [self._undoubted(file)]
        failures, waited = 0, 0.0
        while waiting:
            some = waiting.pop()
            if not some:
                continue
            answer = self._ask(some)
            if isinstance(answer, Silence) or answer.status >= 500:
                if isinstance(answer, Received) and asks_to_wait(answer):
                    waited += self.target.wait(answer, waited)
                else:
                    failures += 1
                waiting.append(self._unanswered(some, answer, failures))
            elif answer.status == 200:
                failures, waited = 0, 0.0
                self._stored(some, answer)
            else:
                self.journal.unsent([cargo.id for cargo in some])
                waiting += self._refused(some, refusal_of(answer))

    def _ask(self, file: Sequence[Cargo]) -> Received | Silence:
        sending = {"by": "import", "at": self.target.now()}
        self.journal.sent([cargo.id for cargo in file], sending)
        params = [("on_conflict", self.on_conflict)]
        return self.target.write(
            "POST", "/v1/import", _file(file), params=params, headers={"Content-Type": NDJSON}, bulk=True
        )

    def _stored(self, file: Sequence[Cargo], answer: Received) -> None:
        receipt = json_of(answer)
        rows = receipt.get("records") if isinstance(receipt, dict) else None
        statuses = {row.get("id"): row.get("status") for row in rows or () if isinstance(row, dict)}
        for cargo in file:
            skipped = statuses.get(cargo.id) == "skipped"
            self.journal.stored(cargo.id, cargo.id, cargo.losses, skipped=skipped)

    # --- no answer

    def _undoubted(self, file: Sequence[Cargo]) -> list[Cargo]:
        """Return what is to be sent: not what an earlier run sent and the target has, where it would be a conflict."""
        doubted = [cargo for cargo in file if self._is_in_doubt(cargo.id)]
        if not doubted:
            return list(file)
        there = self._settle(doubted)
        return [cargo for cargo in file if cargo.id not in there]

    def _settle(self, file: Sequence[Cargo]) -> set[str]:
        """Take note of what the target has of these and return the ids; what may be old is sent again."""
        if self.on_conflict != "fail":
            self._doubt(file, "sent again", f"an import with on_conflict={self.on_conflict} has no effect twice")
            return set()
        there = self.doubts.there([cargo.id for cargo in file])
        found = [cargo for cargo in file if cargo.id in there]
        for cargo in found:
            self.journal.stored(cargo.id, cargo.id, cargo.losses)
        self._doubt(found, "found", "the target has its id")
        self._doubt([cargo for cargo in file if cargo.id not in there], "sent again", "the target has not its id")
        return there

    def _doubt(self, file: Sequence[Cargo], decision: str, why: str) -> None:
        for cargo in file:
            self.journal.doubt(cargo.id, decision, why, certain=True)
            if decision != "found":
                self.journal.planned(cargo.id, str(self.state.digest(cargo.id)))

    def _is_in_doubt(self, record_id: str) -> bool:
        step = self.state.step(record_id)
        return step is not None and step.stage is Stage.SENT

    def _unanswered(self, file: Sequence[Cargo], answer: Received | Silence, failures: int) -> list[Cargo]:
        if isinstance(answer, Silence) and not answer.sent:
            self.journal.unsent([cargo.id for cargo in file])
            raise Stopped(answer.why)
        if failures >= _TRIES:
            why = (
                answer.why if isinstance(answer, Silence) else f"{self.target.label} fails at imports: {answer.status}"
            )
            raise Stopped(why + "; --write add writes record by record")
        time.sleep(_PAUSE_S * failures)
        there = self._settle(file)
        return [cargo for cargo in file if cargo.id not in there]

    # --- refusals

    def _refused(self, file: list[Cargo], refusal: Refusal) -> list[list[Cargo]]:
        """Return the files to send in place of a refused one: without what was refused, or its halves."""
        if refusal.status == 409:
            self._conflict(file, refusal)
        at = None if refusal.line is None else refusal.line - 2
        if refusal.status in (400, 422) and at is not None and 0 <= at < len(file):
            kept = [file[at]] if self._lightened(file[at], refusal) else []
            return [[*file[:at], *kept, *file[at + 1 :]]]
        if len(file) > 1 and refusal.status in (400, 413, 422):
            half = len(file) // 2
            return [file[half:], file[:half]]  # the first half is taken first, for it is at the end
        if refusal.status not in (400, 413, 422):
            raise Stopped(
                f"{self.target.label} refused an import: {refusal.status}; --write add writes record by record"
            )
        if not self._lightened(file[0], refusal):
            return []
        return [file]

    def _lightened(self, cargo: Cargo, refusal: Refusal) -> bool:
        """Leave out of a record what was refused; False where it cannot do without, and is left itself."""
        pointers = [each for each in refusal.pointers if self.fitting.may_go(each)]
        done = [pointer for pointer in pointers if without(cargo.record, pointer)]
        cargo.losses += [Loss(pointer, Cause.REFUSED, refusal.detail) for pointer in done]
        if not done:
            places = refusal.pointers[:3] or (WHOLE,)
            self.journal.left(cargo.id, [Loss(each, Cause.REFUSED, refusal.detail) for each in places])
        return bool(done)

    def _conflict(self, file: Sequence[Cargo], refusal: Refusal) -> None:
        there = self.doubts.there([cargo.id for cargo in file])
        named = ", ".join(sorted(there)[:3]) or "an id or a key"
        raise Stopped(
            f"{self.target.label} refused an import ({refusal.status}): it has {max(1, len(there))} of these "
            f"{len(file)} records already ({named}). Choose --on-conflict skip or overwrite"
        )


def _file(file: Sequence[Cargo]) -> bytes:
    digest = hashlib.sha256()
    for cargo in file:
        digest.update(canonical(cargo.record) + b"\n")
    manifest = {
        "type": "manifest",
        "contract": "1.0",
        "scope": _shared([cargo.record["scope"] for cargo in file]),
        "count": len(file),
        "sha256": digest.hexdigest(),
        "exported_at": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    return _line(manifest) + b"".join(_line(cargo.record) for cargo in file)


def _shared(scopes: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return the scope that selects all of these; that of the first where none does."""
    shared = set(scopes[0].items()).intersection(*(scope.items() for scope in scopes))
    return dict(sorted(shared)) or dict(scopes[0])


def _line(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, allow_nan=False).encode() + b"\n"
