"""Quantities as people write them: `60s`, `1h30m`, `200ms`, `0.1%`, `50/s`."""

from __future__ import annotations

import math
import re

from memconform.settings import UsageError

TIMES = {"h": 3600.0, "m": 60.0, "min": 60.0, "s": 1.0, "ms": 1e-3, "µs": 1e-6, "μs": 1e-6, "us": 1e-6}
"""Seconds in a unit. Both Unicode characters that look like the sign of micro are accepted."""
RATES = {"": 1.0, "/s": 1.0, "/sec": 1.0, "/m": 1 / 60, "/min": 1 / 60, "/h": 1 / 3600}
_NUMBER = r"(?:[0-9]+(?:_[0-9]{3})*(?:\.[0-9]+)?|\.[0-9]+)"
_PART = re.compile(rf"({_NUMBER})\s*([a-zµμ]+)\s*", re.IGNORECASE)


def duration(text: str, *, what: str = "the time") -> float:
    """Return seconds of `90`, `60s`, `1.5m`, `1h30m`, `200ms` or `50µs`; raise `UsageError` for anything else."""
    text = text.strip()
    if re.fullmatch(_NUMBER, text):
        return number(text, what=what)
    parts = _PART.findall(text)
    if not parts or _PART.sub("", text):
        raise UsageError(f"{what} is {text!r}; expected a number with a unit, such as 60s, 1h30m or 200ms")
    unknown = [unit for _, unit in parts if unit.lower() not in TIMES]
    if unknown:
        raise UsageError(f"{what} is {text!r}; {unknown[0]!r} is no unit of time: use h, m, s, ms or µs")
    return math.fsum(number(value, what=what) * TIMES[unit.lower()] for value, unit in parts)


def share(text: str, *, what: str = "the share") -> float:
    """Return `0.1%` as 0.001, and a number without a unit as it is."""
    text = text.strip()
    return number(text[:-1], what=what) / 100 if text.endswith("%") else number(text, what=what)


def rate(text: str, *, what: str = "the rate") -> float:
    """Return arrivals a second of `50`, `50/s`, `3000/min`; raise `UsageError` for anything else."""
    value, slash, unit = text.strip().partition("/")
    factor = RATES.get(slash + unit.strip().lower())
    if factor is None:
        raise UsageError(f"{what} is {text.strip()!r}; expected a number, or a number with /s, /min or /h")
    return number(value, what=what) * factor


def number(text: str, *, what: str = "the number") -> float:
    """Return a number that is not negative; groups of thousands may be marked: `10_000`."""
    text = text.strip()
    value = float(text.replace("_", "")) if re.fullmatch(_NUMBER, text) else math.inf
    if math.isinf(value):
        raise UsageError(f"{what} is {text!r}; expected a number, such as 50 or 0.5")
    return value
