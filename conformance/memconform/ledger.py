"""What a run created, written down before it is created, so that it can be deleted even after the run was killed.

One JSON-lines file a run, in the user's state folder: a header `{"url", "started_at"}`, then `{"scope": {...},
"principal"}` for each scope before its first use and `{"id", "principal"}` for each memory. No content, no secrets.
"""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from memconform.settings import UsageError


def state_folder() -> Path:
    """Return the folder that holds the ledgers: $MEMCONFORM_STATE, or memconform/ in the XDG state folder."""
    chosen = os.environ.get("MEMCONFORM_STATE")
    if chosen:
        return Path(chosen)
    home = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(home) / "memconform"


def ledger_files(run_id: str) -> list[Path]:
    """Return the ledgers of a run: one for each process that took part."""
    name = re.compile(rf"{re.escape(run_id)}(gw\d+)?\.jsonl")
    return sorted(path for path in state_folder().glob("*.jsonl") if name.fullmatch(path.name))


@dataclass
class Ledger:
    """The memories and scopes of one process of a run."""

    path: Path
    url: str
    ids: dict[str, set[str]] = field(default_factory=dict)
    """Ids by principal's label."""
    scopes: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    """Scopes by principal's label; every memory created is in one of them."""
    strays: list[tuple[str, str]] = field(default_factory=list)
    """Principals' labels and ids of memories that the server put into scopes of others."""
    _file: IO[str] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def prepare(self) -> None:
        """Make the folder; raise `UsageError` when it cannot be written to."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.touch()
            self.path.unlink()
        except OSError as error:
            raise UsageError(
                f"the ledger of what the run creates cannot be written to {self.path.parent} ({error.strerror}); "
                "set MEMCONFORM_STATE to another folder"
            ) from None

    def _write(self, entry: Mapping[str, Any]) -> None:
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("a", encoding="utf-8")
            self._file.write(json.dumps({"url": self.url}) + "\n")
        self._file.write(json.dumps(entry, ensure_ascii=True) + "\n")
        self._file.flush()

    def note_scope(self, principal: str, scope: Mapping[str, str]) -> None:
        """Write down that memories will be created in a scope."""
        with self._lock:
            self.scopes.setdefault(principal, []).append(dict(scope))
            self._write({"scope": dict(scope), "principal": principal})

    def note_id(self, principal: str, memory_id: str) -> None:
        """Write down the id of a memory that was created."""
        with self._lock:
            self.ids.setdefault(principal, set()).add(memory_id)
            self._write({"id": memory_id, "principal": principal})

    def note_stray(self, principal: str, memory_id: str) -> None:
        """Remember what the server says it added in a scope that is not the run's: nobody will delete it."""
        with self._lock:
            self.strays.append((principal, memory_id))

    def forget_id(self, principal: str, memory_id: str) -> None:
        """Take note that a memory was deleted by the test itself."""
        with self._lock:
            self.ids.get(principal, set()).discard(memory_id)

    def close(self, *, done: bool) -> None:
        """Close the file; delete it when everything in it has been cleaned up."""
        if self._file is not None:
            self._file.close()
            self._file = None
        if done:
            self.path.unlink(missing_ok=True)

    @classmethod
    def read(cls, path: Path) -> Ledger:
        """Read a ledger back; a last line that was cut short by a kill is passed over."""
        ledger = cls(path, "")
        for entry in _entries(path):
            if "url" in entry:
                ledger.url = entry["url"]
            elif "scope" in entry:
                ledger.scopes.setdefault(entry["principal"], []).append(entry["scope"])
            elif "id" in entry:
                ledger.ids.setdefault(entry["principal"], set()).add(entry["id"])
        return ledger


def _entries(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict):
            yield entry
