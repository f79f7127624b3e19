"""Reads baseline files, TOML; what is none, or says what makes no sense, is refused in words."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from memconform.baseline.entry import Entry
from memconform.contract import SchemaError, requirements, validator
from memconform.settings import UsageError

NAME = "memconform-baseline.toml"
"""What the file is called as a rule."""

EMPTY = """\
# Known failures of a memory server: 'memconform check URL --baseline FILE' passes with these and no others.
# 'memconform baseline update RESULT.json --baseline FILE --reason "…"' adds what fails and removes what holds again.
#
# [[failure]]               # what fails; an entry that is stale or expired is an error
# requirement = "CORE-13"
# test = "test_core_deleting.py::test_deleted_memory_is_gone"
# reason = "mended in release 2.4"
# expires = 2030-01-31      # the last day, in UTC
#
# [[flaky]]                 # what fails now and then: it is told, and not held against the server
"""
"""A baseline without entries, which says what they look like."""

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is known, in the order of the file."""

    file: str
    entries: tuple[Entry, ...] = ()


def today() -> date:
    """Return the day in UTC, by which expiry is judged everywhere alike."""
    return datetime.now(UTC).date()


def read_baseline(path: Path) -> Baseline:
    """Return the baseline in a file; raise `UsageError` for what cannot be read or makes no sense."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UsageError(
            f"there is no baseline {path}; 'memconform baseline update RESULT.json --baseline {path}' makes one"
        ) from None
    except OSError as error:
        raise UsageError(f"the baseline {path} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise UsageError(f"the baseline {path} is no UTF-8 text") from None
    return parse_baseline(text, _short(path))


def parse_baseline(text: str, name: str) -> Baseline:
    """Return the baseline that a text says; `name` is that of its file."""
    try:
        document = _with_texts(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"the baseline {name} is no TOML: {error}") from None
    _refuse(name, [_place(each.pointer) + _words(each) for each in validator("baseline").errors(document)])
    known, flaky = document.get("failure", []), document.get("flaky", [])
    _refuse(name, [problem for part in (known, flaky) for row in part for problem in _problems(row)])
    entries = [Entry.of(row, flaky=False) for row in known] + [Entry.of(row, flaky=True) for row in flaky]
    identities = Counter((e.subject, None if e.flaky else e.outcome, e.expected) for e in entries)
    _refuse(name, [f"{each[0]} is listed {times} times" for each, times in identities.items() if times > 1])
    return Baseline(name, tuple(entries))


def _short(path: Path) -> str:
    """Return a path as people write it: from here where it is below, so that no report tells where here is."""
    return str(path.relative_to(Path.cwd()) if path.is_absolute() and path.is_relative_to(Path.cwd()) else path)


def _problems(row: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the schema cannot see."""
    if row["requirement"] not in requirements():
        near = get_close_matches(row["requirement"], list(requirements()), n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "see 'memconform requirements'"
        yield f"{row['requirement']} is no requirement of the contract; {hint}"
    try:
        date.fromisoformat(row["expires"])
    except ValueError:
        yield f"{row['requirement']} expires on {row['expires']}, which is no day"


def _with_texts(node: Any) -> Any:
    """Return TOML values as JSON has them: dates as texts."""
    if isinstance(node, dict):
        return {name: _with_texts(value) for name, value in node.items()}
    if isinstance(node, list):
        return [_with_texts(value) for value in node]
    return node if isinstance(node, str | int | float) else str(node)


_EXPECTED = {
    "reason": "expected words that say why it is tolerated",
    "expires": "expected a day such as 2027-01-31",
    "requirement": 'expected an id such as "CORE-13"',
    "test": 'expected file and function such as "test_core_deleting.py::test_deleted_memory_is_gone"',
}
"""What a text that does not match its pattern should be, by its member."""


def _words(error: SchemaError) -> str:
    member = error.pointer.rpartition("/")[2]
    if error.keyword == "pattern" and member in _EXPECTED:
        return _EXPECTED[member]
    if error.keyword == "additionalProperties":
        known = ("failure", "flaky") if not error.pointer else (*_EXPECTED, "expected", "outcome", "budget", "found")
        return f"{error.message}; there may be {', '.join(known)}"
    return error.message


def _place(pointer: str) -> str:
    part, _, rest = pointer.strip("/").partition("/")
    number, _, member = rest.partition("/")
    where = f"{part} {int(number) + 1}" if number.isdigit() else part
    return "".join(f"{word}: " for word in (where, member) if word)


def _refuse(name: str, problems: list[str]) -> None:
    if problems:
        more = [f"… and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
        said = "\n".join(f"  {line}" for line in [*problems[:_SHOWN], *more])
        raise UsageError(f"the baseline {name} makes no sense:\n{said}")
