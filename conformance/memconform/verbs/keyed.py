"""Setting, getting and deleting the memory under a key in an exact scope."""

from __future__ import annotations

from typing import Any

from memconform.answer import Answer
from memconform.client import Client, Json, Memory, Pairs, Scope

KEYED = "/v1/keyed"


class KeyedVerbs(Client):
    """The profile keyed."""

    # What is judged.

    def set(self, key: str, scope: Scope, body: Json, **options: Any) -> Answer:
        """PUT /v1/keyed."""
        return self.request("PUT", KEYED, params=_address(key, scope), body=body, **options)

    def get_keyed(self, key: str, scope: Scope, **options: Any) -> Answer:
        """GET /v1/keyed."""
        return self.request("GET", KEYED, params=_address(key, scope), **options)

    def unset(self, key: str, scope: Scope, **options: Any) -> Answer:
        """DELETE /v1/keyed."""
        return self.request("DELETE", KEYED, params=_address(key, scope), **options)

    # What sets the scene.

    def keep(self, key: str, scope: Scope, content: str, **members: Json) -> Memory:
        """Set the memory under a key and return the stored record."""
        return self.set(key, scope, {"content": content, **members}).control(200, 201).control_object("id", str)


def _address(key: str, scope: Scope) -> Pairs:
    return [("key", key), *scope.items()]
