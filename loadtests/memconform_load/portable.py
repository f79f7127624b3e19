"""Exports of memories that nobody exported: files that an import takes in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

_MANIFEST_BYTES = 600


def export_of(person: str, memories: Iterable[tuple[str, str]], at: float, most_bytes: int) -> tuple[bytes, int]:
    """Return an export of memories, pairs of id and text, and how many of them fit in; `at` is their time (Unix)."""
    when = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    scope, digest = {"user_id": person}, hashlib.sha256()
    lines: list[bytes] = []
    room = most_bytes - _MANIFEST_BYTES
    for memory_id, text in memories:
        record = {"id": memory_id, "content": text, "scope": scope, "metadata": {}}
        line = _line({**record, "created_at": when, "updated_at": when, "version": 1})
        room -= len(line)
        if room < 0:
            break
        digest.update(line)
        lines.append(line)
    manifest = {"type": "manifest", "contract": "1.0", "scope": scope, "count": len(lines)}
    first = _line({**manifest, "sha256": digest.hexdigest(), "exported_at": when})
    return b"".join([first, *lines]), len(lines)


def _line(value: dict[str, Any]) -> bytes:
    """Return a line; of strings and small integers under ASCII names it is the RFC 8785 form that checksums go by."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() + b"\n"
