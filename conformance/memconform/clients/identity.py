"""Whose request it is: by its key, by its scope, by the text in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from memconform.clients.stage import Person
    from memconform.clients.wire import Seen

_SCOPE = ("user_id", "agent_id", "app_id", "session_id")
_IN_BODY = frozenset({"addMemory", "searchMemories", "ingestMessages", "eraseScope", "summariseScope"})


def scope_of(seen: Seen) -> Mapping[str, Any] | None:
    """Return the scope that a request names, {} where it leaves it out, None where the contract has no place for it."""
    if seen.operation is None:
        return None
    if seen.operation_id in _IN_BODY:
        scope = seen.json.get("scope") if isinstance(seen.json, dict) else None
        return scope if isinstance(scope, dict) else {}
    if "x-needs-one-of" in seen.operation.document:
        return {name: value for name, value in seen.query if name in _SCOPE}
    return None


def strangers(seen: Seen, people: Sequence[Person], owners: Mapping[str, Person]) -> list[str]:
    """Return the users whose key, scope, text or memory the request carries; `owners` are those of memory ids."""
    found = {person.user for person in people if person.authorization == seen.authorization}
    scope = scope_of(seen)
    if scope:
        found.add(str(scope.get("user_id")))
    words = seen.sent.body.decode("utf-8", "replace")
    found |= {person.user for person in people if f"{person.user} " in words}
    found |= {owner.user for memory, owner in owners.items() if memory in seen.sent.url}
    return sorted(found)
