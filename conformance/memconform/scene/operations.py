"""A good request for every operation of the contract: what a test sends when only the credentials are to be wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from memconform.contract.openapi import openapi

_MERGE_PATCH = "application/merge-patch+json"


@dataclass(frozen=True, slots=True)
class GoodRequest:
    """A request that would succeed, or do no harm, with good credentials."""

    method: str
    path: str
    body: Any = None
    media_type: str = "application/json"

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments for `MemoryApi.request` besides method and path; headers may be added."""
        return {} if self.body is None else {"body": self.body}

    @property
    def headers(self) -> dict[str, str]:
        """The header fields that the body needs."""
        return {} if self.body is None else {"Content-Type": self.media_type}


def good_requests(profiles: frozenset[str], scope: Mapping[str, str], memory_id: str) -> Iterator[GoodRequest]:
    """Yield a request for each operation of these profiles that needs credentials, on the caller's own data.

    Import has none here: it takes a whole file.
    """
    bodies = _bodies(dict(scope), memory_id)
    for _, operation in openapi().operations:
        name = (operation.method, operation.path)
        if operation.profile not in profiles or operation.document.get("security") == [] or name == _IMPORT:
            continue
        path = operation.path.replace("{id}", quote(memory_id, safe="-._~"))
        query = _queries(scope).get(name, {})
        media_type = _MERGE_PATCH if operation.method == "PATCH" else "application/json"
        yield GoodRequest(
            operation.method, path + (f"?{urlencode(query)}" if query else ""), bodies.get(name), media_type
        )


_IMPORT = ("POST", "/v1/import")


def _queries(scope: Mapping[str, str]) -> dict[tuple[str, str], dict[str, str]]:
    keyed = dict(scope) | {"key": "editor"}
    return {
        ("GET", "/v1/memories"): dict(scope),
        ("GET", "/v1/export"): dict(scope),
        ("GET", "/v1/events"): dict(scope),
        **{(method, "/v1/keyed"): keyed for method in ("GET", "PUT", "DELETE")},
    }


def _bodies(scope: dict[str, str], memory_id: str) -> dict[tuple[str, str], Any]:
    memory = {"content": "I use pnpm, never npm", "scope": scope}
    return {
        ("POST", "/v1/memories"): memory,
        ("POST", "/v1/search"): {"query": "package manager", "scope": scope},
        ("PATCH", "/v1/memories/{id}"): {"content": "I use npm again"},
        ("PUT", "/v1/keyed"): {"content": "vim"},
        ("POST", "/v1/batch"): {"operations": [{"op": "delete", "id": memory_id}]},
        ("POST", "/v1/ingestions"): {"scope": scope, "messages": [{"role": "user", "content": "I use pnpm"}]},
        ("POST", "/v1/erasures"): {"scope": scope},
        ("POST", "/v1/summaries"): {"scope": scope},
    }
