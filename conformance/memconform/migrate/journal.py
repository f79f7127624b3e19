"""The file that lets a migration go on where it ended: ids and steps, one JSON object a line, no content and no key.

A line is on the disk before the write that it announces goes out. A last line that was cut short is passed over.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from memconform.migrate.errors import NoRoom
from memconform.migrate.losses import Loss
from memconform.migrate.state import Stage, State, Step
from memconform.settings import UsageError

FORMAT = "memconform.migration-journal/1"
_SAME = ("from", "to", "scope")
"""What must be the same for a journal to be of this migration."""


class Journal:
    """Appends what happens to the records; `state` is told of it, too."""

    def __init__(self, path: Path, state: State, about: Mapping[str, Any]) -> None:
        """Open or begin the file; raise `UsageError` where it is another migration's, damaged, or in use."""
        self.path, self.state = path, state
        self.salt = secrets.token_hex(16)
        self.runs = 0
        self.finished = False
        self.doubts: list[dict[str, Any]] = []
        self._file = _opened(path)
        try:
            self._read(about)
            self._cut()
        except BaseException:
            self._file.close()
            raise
        self.runs += 1
        self.started_at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self._write({"journal": FORMAT, **about, "salt": self.salt, "at": self.started_at}, sure=True)

    # --- what is written

    def planned(self, record_id: str, digest: str) -> None:
        """Say that a record is to be carried, as it is now."""
        self._write({"planned": record_id, "digest": digest})
        self.state.set(record_id, Step(Stage.PLANNED, digest=digest))

    def sent(self, ids: Sequence[str], sending: Mapping[str, Any], losses: Sequence[Loss] = ()) -> None:
        """Say that a write of these records goes out next; from here until an answer they are in doubt."""
        self._write({"sent": list(ids), "sending": dict(sending), "losses": _rows(losses)}, sure=True)
        for each in ids:
            self._set(each, stage=Stage.SENT, sending=dict(sending), losses=tuple(losses))

    def unsent(self, ids: Sequence[str]) -> None:
        """Say that the write did not arrive, or was refused: these records are in doubt no more."""
        self._write({"unsent": list(ids)})
        for each in ids:
            self._set(each, stage=Stage.PLANNED)

    def stored(self, record_id: str, target: str, losses: Sequence[Loss] = (), *, skipped: bool = False) -> None:
        """Say that the target has the record under this id, without what is lost already."""
        self._write({"stored": record_id, "as": target, "losses": _rows(losses), "skipped": skipped})
        self._set(record_id, stage=Stage.STORED, target=target, losses=tuple(losses), skipped=skipped)

    def left(self, record_id: str, losses: Sequence[Loss]) -> None:
        """Say that the record is not written, and will not be."""
        self._write({"left": record_id, "losses": _rows(losses)})
        self._set(record_id, stage=Stage.LEFT, losses=tuple(losses))

    def verified(self, record_id: str, outcome: str, losses: Sequence[Loss]) -> None:
        """Say that the record was read back from the target."""
        self._write({"verified": record_id, "outcome": outcome, "losses": _rows(losses)})
        self._set(record_id, stage=Stage.VERIFIED, outcome=outcome, losses=tuple(losses))

    def doubt(self, record_id: str, decision: str, why: str, *, certain: bool) -> None:
        """Say how it was decided whether a write without an answer had been done."""
        row = {"id": record_id, "decision": decision, "certain": certain, "why": why}
        self._write({"doubt": row})
        self.doubts.append(row)

    def end(self) -> None:
        """All records have been dealt with."""
        self._write({"finished": datetime.now(UTC).isoformat()}, sure=True)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    # --- what is read

    def _read(self, about: Mapping[str, Any]) -> None:
        for number, entry in self._entries():
            if number == 1 and entry.get("journal") != FORMAT:
                raise UsageError(f"--journal: {self.path} is no journal of a migration; name another file")
            if "journal" in entry:
                self._check(entry, about)
            else:
                self._take(entry)
        if self.finished:
            self.state.verify_anew()

    def _check(self, entry: Mapping[str, Any], about: Mapping[str, Any]) -> None:
        for name in _SAME:
            if entry.get(name) != about[name]:
                raise UsageError(
                    f"--journal: {self.path} is of another migration (its {name} is {json.dumps(entry.get(name))}); "
                    "name another file, or give the same addresses and scope"
                )
        self.salt = str(entry.get("salt"))
        self.runs += 1
        self.finished = False

    def _take(self, entry: Mapping[str, Any]) -> None:  # noqa: C901 - one short branch for each kind of line
        losses = tuple(Loss.from_json(row) for row in entry.get("losses") or ())
        if "planned" in entry:
            self.state.set(entry["planned"], Step(Stage.PLANNED, digest=entry["digest"]))
        elif "sent" in entry:
            for each in entry["sent"]:
                self._set(each, stage=Stage.SENT, sending=entry["sending"], losses=losses)
        elif "unsent" in entry:
            for each in entry["unsent"]:
                self._set(each, stage=Stage.PLANNED)
        elif "stored" in entry:
            skipped = bool(entry.get("skipped"))
            self._set(entry["stored"], stage=Stage.STORED, target=entry["as"], losses=losses, skipped=skipped)
        elif "left" in entry:
            self._set(entry["left"], stage=Stage.LEFT, losses=losses)
        elif "verified" in entry:
            self._set(entry["verified"], stage=Stage.VERIFIED, outcome=entry["outcome"], losses=losses)
        elif "doubt" in entry:
            self.doubts.append(dict(entry["doubt"]))
        elif "finished" in entry:
            self.finished = True

    def _set(self, record_id: str, *, stage: Stage, **members: Any) -> None:
        present = self.state.step(record_id) or Step(stage)
        kept = {"target": present.target, "digest": present.digest, "skipped": present.skipped}
        self.state.set(record_id, Step(stage, **{**kept, **members}))

    def _entries(self) -> Iterator[tuple[int, dict[str, Any]]]:
        self._file.seek(0)
        self._whole = 0
        for number, line in enumerate(self._file, 1):
            if not line.endswith(b"\n"):
                return  # the process was killed while it wrote this line
            try:
                entry = json.loads(line)
            except ValueError:
                entry = None
            if not isinstance(entry, dict):
                raise UsageError(
                    f"--journal: line {number} of {self.path} is damaged; restore the file or name another"
                )
            self._whole += len(line)
            yield number, entry

    def _cut(self) -> None:
        self._file.seek(self._whole)
        self._file.truncate()

    def _write(self, entry: Mapping[str, Any], *, sure: bool = False) -> None:
        slim = {name: value for name, value in entry.items() if value is not False and value != []}
        try:
            self._file.write(json.dumps(slim, separators=(",", ":")).encode() + b"\n")
            self._file.flush()
            if sure:
                os.fsync(self._file.fileno())
        except OSError as error:
            raise NoRoom(f"the journal {self.path} cannot be written: {error.strerror}") from error


def _rows(losses: Sequence[Loss]) -> list[dict[str, Any]]:
    return [loss.to_json() for loss in losses]


def _opened(path: Path) -> IO[bytes]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)  # it names people, by their scope
    except OSError as error:
        raise UsageError(f"--journal: {path} cannot be written: {error.strerror}") from None
    file = os.fdopen(descriptor, "r+b")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise UsageError(f"--journal: {path} is in use by another migration; wait for its end") from None
    return file
