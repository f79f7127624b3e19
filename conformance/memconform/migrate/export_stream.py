"""An export as it streams in: line by line, against the manifest that leads it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from memconform.migrate.errors import Damaged
from memconform.scene.canonical import canonical

_LONGEST_LINE = 64 * 1024 * 1024


class ExportStream:
    """Takes pieces, gives each record to `take`, and knows at the end whether it was the whole of what was meant."""

    def __init__(self, label: str, take: Callable[[Any], object]) -> None:
        self._label = label
        self._take = take
        self._rest = bytearray()
        self._manifest: dict[str, Any] | None = None
        self._digest = hashlib.sha256()
        self._count = 0

    def feed(self, piece: bytes) -> None:
        """Take the next piece; raise `Damaged` for a line that is none of an export."""
        *lines, rest = piece.split(b"\n")
        if not lines:
            self._rest += rest
        else:
            lines[0] = bytes(self._rest) + lines[0]
            self._rest = bytearray(rest)
            for line in lines:
                self._line(line)
        if len(self._rest) > _LONGEST_LINE:
            raise self._wrong(f"a line is longer than {_LONGEST_LINE} bytes")

    def end(self) -> None:
        """Take note that nothing comes any more; raise `Damaged` where the manifest says something else."""
        self._line(bytes(self._rest))
        if self._manifest is None:
            raise self._wrong("it is empty; expected a manifest in its first line")
        count, sha256 = self._manifest.get("count"), str(self._manifest.get("sha256")).lower()
        if count != self._count:
            raise self._wrong(f"its manifest counts {count!s:.20} records, and {self._count} came")
        if sha256 != self._digest.hexdigest():
            raise self._wrong(
                f"its manifest has the checksum {sha256:.12}…, its records {self._digest.hexdigest():.12}…"
            )

    def _line(self, line: bytes) -> None:
        if not line.strip():
            return
        try:
            document = json.loads(line)
            if self._manifest is not None:
                self._digest.update(canonical(document) + b"\n")
        except (ValueError, RecursionError):
            raise self._wrong(f"line {self._count + 2 if self._manifest else 1} is no JSON") from None
        if self._manifest is None:
            if not isinstance(document, dict) or document.get("type") != "manifest":
                raise self._wrong("its first line is no manifest")
            self._manifest = document
            return
        self._count += 1
        self._take(document)

    def _wrong(self, what: str) -> Damaged:
        return Damaged(
            f"the export of {self._label} is damaged: {what}. Nothing of it is carried; read the source by its list "
            "with --read list, or have the export mended"
        )
