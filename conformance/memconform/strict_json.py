"""JSON as RFC 8259 has it and the contract needs it: UTF-8, no name twice, no number that binary64 cannot hold."""

from __future__ import annotations

import json
import math
from typing import Any


class BadJson(ValueError):
    """A text that is no such JSON; the message says why and repeats none of its values."""


def strict_json(raw: bytes) -> Any:
    """Return what the text says; raise `BadJson`."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadJson(f"bytes that are no UTF-8, from byte {error.start} on") from None
    if text.startswith("\ufeff"):
        raise BadJson("a byte order mark before the text")
    try:
        return json.loads(
            text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_finite, parse_int=_whole
        )
    except BadJson:
        raise
    except json.JSONDecodeError as error:
        raise BadJson(f"no JSON: {error}") from None
    except RecursionError:
        raise BadJson("nesting too deep to be read") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadJson("an object with the same member twice")
    return found


def _constant(name: str) -> Any:
    raise BadJson(f"{name}, which is no JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise BadJson("a number that is not finite in binary64")
    return number


def _whole(text: str) -> int:
    if len(text) > 308:
        _finite(text)
    return int(text)
