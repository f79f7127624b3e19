"""Recorded arrivals, from a file: plain text with a time a line, CSV with a header, or NDJSON with an object a line."""

from __future__ import annotations

import csv
import difflib
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from memconform.settings import UsageError

LONGEST_S = 7 * 86400.0
MOST = 1_000_000
"""Arrivals in a trace: they travel with the plan to every worker and into the result."""


def since_first(recorded: Iterable[float], speed: float) -> tuple[float, ...]:
    """Return instants in order, in seconds since the first, at this speed; raise `UsageError` where that is no load.

    Logs are written when calls end, so arrivals in them need not be in order.
    """
    if not (math.isfinite(speed) and speed > 0):
        raise UsageError(f"the speed of a trace is {speed:g}; expected a number above 0, such as 2 for twice as fast")
    ordered = sorted(recorded)
    if not ordered:
        raise UsageError("the trace has no arrival")
    if len(ordered) > MOST:
        raise UsageError(f"the trace has {len(ordered):,} arrivals; at most {MOST:,} are taken: cut it into parts")
    lasts = (ordered[-1] - ordered[0]) / speed
    if lasts > LONGEST_S:
        days = f"the trace lasts {lasts / 86400:,.0f} days"
        raise UsageError(f"{days}; times are in seconds: if these are milliseconds, give a speed of 1000")
    return tuple(round((instant - ordered[0]) / speed, 6) for instant in ordered)


def read_trace(file: Path, column: str | None = None) -> list[float]:
    """Return the times that a file holds, in seconds; raise `UsageError` with the line that holds none.

    A time is a number of seconds or a date and time as in RFC 3339. `column` names the column of a CSV file or the
    member of NDJSON objects; it is not needed where there is only one. Lines that are empty or begin with # are none.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            numbered = [
                (number, line) for number, line in enumerate(lines, 1) if line.strip() and not line.startswith("#")
            ]
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise UsageError(f"the trace {file} cannot be read: {why}") from None
    if not numbered:
        raise UsageError(f"the trace {file} has no arrival")
    values = _values(numbered, column, file)
    return [_time(value, f"{file}, line {number}") for number, value in values]


def _values(numbered: list[tuple[int, str]], column: str | None, file: Path) -> Iterator[tuple[int, Any]]:
    """Yield the number of each line, and what stands for a time in it."""
    first = numbered[0][1].strip()
    if first.startswith("{"):
        return _members(numbered, column, file)
    if column is not None or not _is_time(first):
        return _cells(numbered, column, file)
    return ((number, line.strip()) for number, line in numbered)


def _members(numbered: list[tuple[int, str]], column: str | None, file: Path) -> Iterator[tuple[int, Any]]:
    for number, line in numbered:
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if not isinstance(row, dict):
            raise UsageError(f"{file}, line {number}: expected a JSON object as in the first line")
        yield number, row[_column(column, row, f"{file}, line {number}")]


def _cells(numbered: list[tuple[int, str]], column: str | None, file: Path) -> Iterator[tuple[int, Any]]:
    header_at = numbered[0][0]
    table = csv.DictReader(line for _, line in numbered)
    where = f"{file}, line {header_at}"
    name = _column(column, dict.fromkeys(table.fieldnames or ()), where)
    for (number, _), row in zip(numbered[1:], table, strict=False):
        yield number, row[name]


def _column(column: str | None, row: Mapping[str, Any], where: str) -> str:
    """Return the wanted name, or the only one there is."""
    there = ", ".join(row) or "none"
    if column is None and len(row) == 1:
        return next(iter(row))
    if column is None:
        raise UsageError(f"{where}: which column holds the times? There are {there}; name one: trace FILE#COLUMN")
    if column not in row:
        near = difflib.get_close_matches(column, list(row), 1)
        hint = f"do you mean {near[0]!r}?" if near else f"there are {there}"
        raise UsageError(f"{where}: there is no {column!r}; {hint}")
    return column


def _is_time(text: str) -> bool:
    try:
        _time(text, "")
    except UsageError:
        return False
    return True


def _time(value: Any, where: str) -> float:
    """Return seconds of a number, or of a date and time (in UTC, unless it says otherwise)."""
    try:
        time = float(value)
    except (TypeError, ValueError):
        try:
            moment = datetime.fromisoformat(str(value).strip())
            time = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            time = math.nan
    if isinstance(value, bool) or not math.isfinite(time):
        raise UsageError(f"{where}: {str(value)[:60]!r} is no time; expected seconds, or a date and time")
    return time
