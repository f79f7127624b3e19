"""Changing a memory, and reading what it was before."""

from __future__ import annotations

from typing import Any

from memconform.answer import Answer
from memconform.client import Client, Json, Memory
from memconform.verbs.core import path_of

MERGE_PATCH = "application/merge-patch+json"


class VersionVerbs(Client):
    """The profiles update, concurrency and history."""

    # What is judged.

    def patch(self, memory_id: str, body: Json, **options: Any) -> Answer:
        """PATCH /v1/memories/{id} with a merge patch, or with the media type that `headers` names."""
        headers = dict(options.pop("headers", None) or {})
        if not any(name.lower() == "content-type" for name in headers):
            headers["Content-Type"] = MERGE_PATCH
        return self.request("PATCH", path_of(memory_id), body=body, headers=headers, **options)

    def history(self, memory_id: str, **params: str | int) -> Answer:
        """GET /v1/memories/{id}/history: one page."""
        pairs = [(name, str(value)) for name, value in params.items()]
        return self.request("GET", f"{path_of(memory_id)}/history", params=pairs)

    # What sets the scene.

    def update(self, memory_id: str, **members: Json) -> Memory:
        """Change members of a memory and return the record after it."""
        return self.patch(memory_id, members).control(200).control_object("id", str)

    def versions(self, memory_id: str, limit: int | None = None) -> list[dict[str, Any]]:
        """Return all entries of a memory's history, oldest first."""
        params: dict[str, str | int] = {} if limit is None else {"limit": limit}
        entries: list[dict[str, Any]] = []
        while True:
            page = self.history(memory_id, **params).control(200).control_object("items", list)
            entries += [entry for entry in page["items"] if isinstance(entry, dict)]
            if page.get("next_cursor") is None:
                return entries
            params["cursor"] = str(page["next_cursor"])
