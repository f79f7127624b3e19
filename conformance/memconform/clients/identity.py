"""Whose request it is: by its key, by its scope, by the text in it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from memconform.clients.stage import Person
    from memconform.clients.wire import Seen

_SCOPE = ("user_id", "agent_id", "app_id", "session_id")

_USER = re.compile(r"mcf-[0-9a-f]{8}-\d+")
"""How a stage names its people."""
_BEARER = "bearer"
_IN_BODY = frozenset({"addMemory", "searchMemories", "ingestMessages", "eraseScope", "summariseScope"})


def key_of(seen: Seen) -> str | None:
    """Return the key that a request carries as a bearer token; None where it carries none.

    The scheme is a word in any case (RFC 9110 section 11.1).
    """
    scheme, _, key = (seen.authorization or "").strip().partition(" ")
    return key.strip() if scheme.lower() == _BEARER else None


def scopes_of(seen: Seen) -> list[Mapping[str, Any]]:
    """Return the scopes that a request names: those of the adds of a batch, of anything else the one, or none."""
    if seen.operation_id == "runBatch":
        return [add.get("scope") or {} for add in added(seen)]
    scope = scope_of(seen)
    return [] if scope is None else [scope]


def added(seen: Seen) -> list[Mapping[str, Any]]:
    """Return the memories that a batch adds."""
    operations = seen.json.get("operations") if isinstance(seen.json, dict) else None
    return [
        each["memory"]
        for each in (operations if isinstance(operations, list) else [])
        if isinstance(each, dict) and each.get("op") == "add" and isinstance(each.get("memory"), dict)
    ]


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


def others_in(text: str, user: str) -> list[str]:
    """Return the users of this check, of whatever test, that a text names, other than this one."""
    return sorted(set(_USER.findall(text)) - {user})


def strangers(seen: Seen, people: Sequence[Person], owners: Mapping[str, Person]) -> list[str]:
    """Return the users whose key, scope, text or memory the request carries; `owners` are those of memory ids."""
    found = {person.user for person in people if person.key == key_of(seen)}
    found |= {str(scope.get("user_id")) for scope in scopes_of(seen) if scope}
    words = seen.sent.body.decode("utf-8", "replace")
    found |= {person.user for person in people if f"{person.user} " in words}
    found |= {owner.user for memory, owner in owners.items() if memory in (seen.path or ())}
    return sorted(found)
