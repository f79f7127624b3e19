"""A record as the contract knows it: read leniently, written down without what means nothing, compared by value."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from memconform.scene.canonical import canonical
from memconform.scene.oracle import RECORD_MEMBERS, difference, instant, json_equal
from memconform.scopes import SCOPE_MEMBERS

Record = dict[str, Any]

GIVEN_UP = ("updated_at", "version")
"""What no import of the contract carries (PORTABILITY-02): counted, and no loss."""

CARRIED = tuple(name for name in RECORD_MEMBERS if name not in GIVEN_UP)
"""The members in which a record and its copy are compared."""


class Unusable(Exception):
    """The source shows something as a memory that is none; the message says what is wrong, without its values."""


def record_of(document: object) -> Record:
    """Return the members that the contract knows and that have a value; raise `Unusable` where that is no record."""
    if not isinstance(document, dict):
        raise Unusable("it is no JSON object")
    record = {name: document[name] for name in RECORD_MEMBERS if document.get(name) is not None}
    scope = record.get("scope")
    if not isinstance(scope, dict):
        raise Unusable("it has no scope")
    record["scope"] = {name: value for name, value in scope.items() if value is not None}
    known = all(name in SCOPE_MEMBERS and isinstance(value, str) and value for name, value in record["scope"].items())
    if not record["scope"] or not known:
        raise Unusable("its scope is none of the contract")
    for name in ("id", "content"):
        if not isinstance(record.get(name), str) or not record[name]:
            raise Unusable(f"its {name} is no text")
    record["metadata"] = record.get("metadata", {})
    if not isinstance(record["metadata"], dict):
        raise Unusable("its metadata is no object")
    for name in ("supersedes", "superseded_by", "key", "source", "ext"):
        if name in record and not isinstance(record[name], _KINDS[name]):
            raise Unusable(f"its {name} is of the wrong type")
    try:
        json.dumps(record, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):  # lone surrogates, numbers that are not finite
        raise Unusable("it holds what is no text, or no number, of JSON") from None
    return record


_KINDS: Mapping[str, type] = {"supersedes": list, "superseded_by": str, "key": str, "source": dict, "ext": dict}


def digest_of(record: Record, salt: str) -> str:
    """Return what tells whether a record is still the same; without the salt it says nothing of the content."""
    return hashlib.sha256(salt.encode() + canonical(record)).hexdigest()[:32]


def created_ns(record: Record) -> int:
    """Return `created_at` in nanoseconds since 1970, 0 where it is no timestamp."""
    try:
        return int(instant(record.get("created_at")) * 1_000_000_000)
    except ValueError:
        return 0


def is_over(record: Record) -> bool:
    """Tell whether the record's time is over by our clock."""
    try:
        return record.get("expires_at") is not None and instant(record["expires_at"]) <= Fraction(time.time())
    except ValueError:
        return False


def differing(expected: Record, seen: Record) -> Iterator[str]:
    """Yield a JSON Pointer to each member in which the copy differs: below /metadata to each name, else whole ones."""
    one, two = _compared(expected), _compared(seen)
    if difference(one, two) is None:
        return
    for name in CARRIED:
        if difference({name: one.get(name)}, {name: two.get(name)}) is None:
            continue
        if name == "metadata" and isinstance(two.get(name), dict):
            yield from _names(one[name], two[name])
        else:
            yield f"/{name}"


def _compared(record: Record) -> Record:
    members = {name: record.get(name) for name in CARRIED}
    return {**members, "supersedes": members["supersedes"] or None}  # none and an empty list mean the same


def _names(one: Record, two: Record) -> Iterator[str]:
    for name in sorted({*one, *two}):
        if name not in one or name not in two or not json_equal(one[name], two[name]):
            yield f"/metadata/{escaped(name)}"


def escaped(name: str) -> str:
    """Return a name as a token of a JSON Pointer."""
    return name.replace("~", "~0").replace("/", "~1")


def unescaped(token: str) -> str:
    """Return the name of a token of a JSON Pointer."""
    return token.replace("~1", "/").replace("~0", "~")
