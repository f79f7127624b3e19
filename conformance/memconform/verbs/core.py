"""Adding, getting, listing, deleting and searching memories."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from memconform.answer import Answer
from memconform.client import Client, Ids, Json, Memories, Memory, Params, Scope
from memconform.noting import MEMORIES


def path_of(memory_id: str) -> str:
    """Return the path of a memory, its id percent-encoded whole."""
    return f"{MEMORIES}/{quote(memory_id, safe='-._~')}"


class CoreVerbs(Client):
    """The profiles core and search."""

    # What is judged.

    def post(self, body: Json, **options: Any) -> Answer:
        """POST /v1/memories."""
        return self.request("POST", MEMORIES, body=body, **options)

    def get(self, memory_id: str, **options: Any) -> Answer:
        """GET /v1/memories/{id}; the id is percent-encoded."""
        return self.request("GET", path_of(memory_id), **options)

    def delete(self, memory_id: str, **options: Any) -> Answer:
        """DELETE /v1/memories/{id}."""
        return self.request("DELETE", path_of(memory_id), **options)

    def list(self, scope: Params, **params: str | int) -> Answer:
        """GET /v1/memories: one page."""
        pairs = list(scope.items()) if isinstance(scope, Mapping) else list(scope)
        pairs += [(name, str(value)) for name, value in params.items()]
        return self.request("GET", MEMORIES, params=pairs)

    def search(self, query: str, scope: Scope, **members: Json) -> Answer:
        """POST /v1/search."""
        return self.request("POST", "/v1/search", body={"query": query, "scope": dict(scope), **members})

    # What sets the scene.

    def add(self, content: str, scope: Scope, **members: Json) -> Memory:
        """Add a memory and return the stored record."""
        answer = self.post({"content": content, "scope": dict(scope), **members})
        return answer.control(201).control_object("id", str)

    def fetch(self, memory_id: str) -> Memory:
        """Return the record of a memory that must be there."""
        return self.get(memory_id).control(200).control_object("id", str)

    def page(self, scope: Scope, **params: str | int) -> tuple[Memories, str | None]:
        """Return the items and the next cursor of one page."""
        body = self.list(scope, **params).control(200).control_object("items", list)
        return [item for item in body["items"] if isinstance(item, dict)], body.get("next_cursor")

    def walk(self, scope: Scope, limit: int | None = None) -> Memories:
        """Return all items of a scope, page by page to the null cursor."""
        params: dict[str, str | int] = {} if limit is None else {"limit": limit}
        items, cursor = self.page(scope, **params)
        while cursor is not None:
            more, cursor = self.page(scope, **params, cursor=cursor)
            items += more
        return items

    def ids(self, scope: Scope) -> Ids:
        """Return the ids of all memories listed in a scope."""
        return [str(item.get("id")) for item in self.walk(scope)]

    def results(self, query: str, scope: Scope, **members: Json) -> Memories:
        """Return the results of a search."""
        body = self.search(query, scope, **members).control(200).control_object("results", list)
        return [hit for hit in body["results"] if isinstance(hit, dict)]

    def found(self, query: str, scope: Scope, **members: Json) -> Ids:
        """Return the ids that a search finds, best first."""
        return [str((hit.get("memory") or {}).get("id")) for hit in self.results(query, scope, **members)]
