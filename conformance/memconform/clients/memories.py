"""Memories that no server keeps, for answers that the judge makes up."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from memconform.clients.wire import Reply

MADE_UP = "0199f3c2-0000-7000-8000-"
"""How the ids of these memories begin."""


def memory(number: int, user: str, text: str) -> dict[str, Any]:
    """Return a memory of a user as a server would give it."""
    at = "2026-01-01T00:00:00.000Z"
    return {
        "id": f"{MADE_UP}{number:012}",
        "content": text,
        "scope": {"user_id": user},
        "metadata": {},
        "created_at": at,
        "updated_at": at,
        "version": 1,
    }


def exported(user: str, records: Sequence[dict[str, Any]], promised: int | None = None) -> Reply:
    """Return an export of these records; its manifest promises so many, or as many as there are."""
    manifest = {
        "type": "manifest",
        "contract": "1.0",
        "scope": {"user_id": user},
        "count": len(records) if promised is None else promised,
        "sha256": "0" * 64,
        "exported_at": "2026-01-01T00:00:00.000Z",
    }
    body = b"".join(json.dumps(each).encode() + b"\n" for each in (manifest, *records))
    return Reply(200, (("Content-Type", "application/x-ndjson"),), body)
