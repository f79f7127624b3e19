"""The canonical form of JSON (RFC 8785), over which the checksum of an export is taken."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

_PARTS = re.compile(r"(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?")
_WHOLE = 21
"""Numbers below 10^21 are written without an exponent."""
_SMALL = -6
"""And so are those from 10^-6."""


def canonical(value: Any) -> bytes:
    """Return the canonical form of a JSON value in UTF-8; an integer beyond 2^53 keeps all its digits."""
    return _written(value).encode("utf-8", "surrogatepass")


def _written(value: Any) -> str:
    if isinstance(value, Mapping):
        members = sorted(value.items(), key=lambda member: member[0].encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{_scalar(name)}:{_written(member)}" for name, member in members) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(_written, value)) + "]"
    return number(float(value)) if isinstance(value, (float, Decimal)) else _scalar(value)


def _scalar(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def number(value: float) -> str:
    """Return a finite number as ECMAScript writes it: the fewest digits that give it back."""
    parts = _PARTS.fullmatch(repr(value))
    if parts is None:
        raise ValueError("not finite")
    sign, whole, fraction, exponent = parts.groups(default="")
    digits = (whole + ("" if fraction == "0" else fraction)).lstrip("0")
    if not digits:
        return "0"
    point = int(exponent or 0) + (len(whole) if whole != "0" else 0)
    if whole == "0":
        point -= len(fraction) - len(fraction.lstrip("0"))
    bare = digits.rstrip("0")
    return sign + _placed(bare, point)


def _placed(digits: str, point: int) -> str:
    """Return the digits with the decimal point after so many of them."""
    size = len(digits)
    if size <= point <= _WHOLE:
        return digits + "0" * (point - size)
    if 0 < point <= _WHOLE:
        return f"{digits[:point]}.{digits[point:]}"
    if _SMALL < point <= 0:
        return "0." + "0" * -point + digits
    power = point - 1
    rest = f".{digits[1:]}" if size > 1 else ""
    return f"{digits[0]}{rest}e{'+' if power > 0 else '-'}{abs(power)}"
