"""What the tests of bridges ask a store, in short: for one principal, mostly of Anna's memories."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from memconform_server.store import MemoryStore, SearchQuery

WHO = "public"
ANNA = {"user_id": "anna"}
NOWHERE = "http://127.0.0.1:9"
"""An address where nobody listens."""


def texts(store: MemoryStore, scope: Mapping[str, str], who: str = WHO) -> list[str]:
    """List a scope's texts, in the store's order: one page."""
    return [each.content for each in store.list(who, scope, 50, None).items]


def found(store: MemoryStore, text: str, scope: Mapping[str, str], who: str = WHO, **more: Any) -> list[str]:
    """Search and return the texts."""
    query = SearchQuery(text=text, scope=scope, top_k=more.pop("top_k", 10), **more)
    return [hit.memory.content for hit in store.search(who, query)]
