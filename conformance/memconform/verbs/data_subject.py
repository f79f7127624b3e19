"""What a person may ask for: what is kept, a copy of it, a summary, and oblivion."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from memconform.answer import Answer, control
from memconform.client import Json, Memories, Scope
from memconform.verbs.bulk import BulkVerbs

NDJSON = "application/x-ndjson"


class DataSubjectVerbs(BulkVerbs):
    """The profiles erasure, portability and summary."""

    # What is judged.

    def erase(self, scope: Scope, **options: Any) -> Answer:
        """POST /v1/erasures."""
        return self.request("POST", "/v1/erasures", body={"scope": dict(scope)}, **options)

    def scopes(self, **params: str | int) -> Answer:
        """GET /v1/scopes: one page."""
        return self.request("GET", "/v1/scopes", params=[(name, str(value)) for name, value in params.items()])

    def export(self, scope: Scope, **options: Any) -> Answer:
        """GET /v1/export."""
        return self.request("GET", "/v1/export", params=list(scope.items()), **options)

    def import_(self, lines: Sequence[Json] | bytes, on_conflict: str | None = None, **options: Any) -> Answer:
        """POST /v1/import: lines as JSON values (the manifest first), or a file's bytes as they are."""
        content = lines if isinstance(lines, bytes) else file_of(lines)
        headers = {"Content-Type": NDJSON, **(options.pop("headers", None) or {})}
        params = {} if on_conflict is None else {"on_conflict": on_conflict}
        return self.request("POST", "/v1/import", params=params, content=content, headers=headers, **options)

    def summarise(self, scope: Scope, *, headers: Mapping[str, str] | None = None, **members: Json) -> Answer:
        """POST /v1/summaries."""
        return self.request("POST", "/v1/summaries", body={"scope": dict(scope), **members}, headers=headers)

    # What sets the scene.

    def erased(self, scope: Scope) -> dict[str, Any]:
        """Erase a scope, wait for the end and return the receipt."""
        answer = self.erase(scope)
        operation = self.settled(answer)
        control(operation.get("status") == "succeeded", "the erasure failed", answer)
        control(isinstance(operation.get("result"), dict), "the erasure ended without a receipt", answer)
        receipt: dict[str, Any] = operation["result"]
        return receipt

    def exported(self, scope: Scope) -> tuple[dict[str, Any], Memories]:
        """Return the manifest and the records of a scope's export."""
        answer = self.export(scope).control(200)
        try:
            lines = [json.loads(line) for line in answer.received.body.split(b"\n") if line]
        except (ValueError, RecursionError):
            lines = []
        usable = bool(lines) and all(isinstance(line, dict) for line in lines)
        control(usable, "the export is no file of JSON objects, one a line", answer)
        return lines[0], lines[1:]


def file_of(lines: Sequence[Json]) -> bytes:
    """Return JSON values as an ndjson file."""
    return b"".join(json.dumps(line, ensure_ascii=False, allow_nan=False).encode() + b"\n" for line in lines)
