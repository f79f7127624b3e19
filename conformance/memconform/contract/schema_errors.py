"""What is wrong with an instance, said so that no content of it gets into a log."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import jsonschema
    import jsonschema_rs

SEEN = 80
"""The most characters of an instance that an error repeats."""

SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class SchemaError:
    """One broken rule: where (a JSON Pointer into the instance), which keyword, and what was expected there.

    `message` never repeats a value of the instance, so it may go into a problem; `seen` is the offending
    value in at most 80 characters, for findings only.

    >>> from memconform import validator
    >>> (error,) = validator("scope").errors({"user_id": 7})
    >>> error.pointer, error.keyword
    ('/user_id', 'type')
    """

    pointer: str
    keyword: str
    message: str
    seen: str = field(default="", compare=False)


def from_fast(error: jsonschema_rs.ValidationError) -> SchemaError:
    """Return an error of jsonschema-rs (made with a mask) as ours, taken from the branch that was meant."""
    kind: Any = error.kind
    if kind.name in ("anyOf", "oneOf"):
        meant = _meant([[from_fast(each) for each in branch] for branch in getattr(kind, "context", ())])
        if meant:
            return meant
    message = error.message
    if kind.name == "additionalProperties":
        message = f"members that are not allowed here: {_short(', '.join(kind.unexpected), SEEN)}"
    elif kind.name == "not":
        message = "the value is not allowed"
    return _error(error.instance_path, kind.name, message, error.instance)


def from_reference(error: jsonschema.ValidationError) -> SchemaError:
    """Return an error of jsonschema as ours, taken from the branch that was meant."""
    branches: dict[Any, list[SchemaError]] = {}
    for each in error.context:
        branches.setdefault(each.schema_path[0], []).append(from_reference(each))
    meant = _meant(branches.values())
    if meant:
        return meant
    keyword = str(error.validator)
    return _error(list(error.absolute_path), keyword, f"the value breaks {keyword!r}", error.instance)


def lone_surrogates(instance: Any) -> list[SchemaError]:
    """Return the errors of strings that are no Unicode text; the name of a member counts for its object."""
    found = []
    waiting: list[tuple[tuple[str | int, ...], Any]] = [((), instance)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, str):
            if not value.isascii() and SURROGATE.search(value):
                found.append(_error(path, "unicode", "the text has a lone surrogate: it is no Unicode text", value))
        elif isinstance(value, dict):
            waiting += [((*path, name), member) for name, member in value.items()]
            waiting += [(path, name) for name in value]
        elif isinstance(value, list):
            waiting += [((*path, index), item) for index, item in enumerate(value)]
    return found


def _meant(branches: Iterable[list[SchemaError]]) -> SchemaError | None:
    """Return an error of the alternative that was meant: the first of which the instance has the type.

    Validators order the errors of one alternative differently; the first in the order of places is taken.
    """
    tried = [branch for branch in branches if branch]
    if not tried:
        return None
    shortest = min(len(error.pointer) for branch in tried for error in branch)
    of_type = [
        branch for branch in tried if not any(e.keyword == "type" and len(e.pointer) == shortest for e in branch)
    ]
    return min((of_type or tried)[0], key=lambda error: (error.pointer, error.keyword))


def _error(path: Sequence[str | int], keyword: str, message: str, instance: Any) -> SchemaError:
    pointer = "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)
    pointer = pointer.encode(errors="backslashreplace").decode()
    return SchemaError(pointer, keyword, _short(message, 200), _short(_seen(instance), SEEN))


def _seen(instance: Any) -> str:
    if isinstance(instance, str):
        return json.dumps(instance[:SEEN])
    try:
        return json.dumps(instance, ensure_ascii=False)
    except (ValueError, RecursionError):  # an integer of thousands of digits, nesting without end
        return f"a value of type {type(instance).__name__} too large to show"


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
