"""What the contract means by selected, equal, earlier and in order: small pure functions, no server in sight."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

from memconform.answer import shown

Json = Any
Record = Mapping[str, Any]

RECORD_TIMES = ("created_at", "updated_at", "expires_at", "valid_from", "valid_to")
RECORD_MEMBERS = (
    *("id", "content", "scope", "metadata", "key", "confidence"),
    *RECORD_TIMES,
    *("supersedes", "superseded_by", "source", "ext", "version"),
)
"""The members of a memory that the contract knows; a server may answer with others, which mean nothing here."""

_SHOWN = 60
EXACT = 2**53
"""The largest magnitude up to which binary64 holds every integer."""

_RFC_3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def selects(query: Mapping[str, str], scope: Mapping[str, str]) -> bool:
    """Tell whether a query scope selects a memory of that scope: every pair of the query is in the scope."""
    return all(key in scope and scope[key] == value for key, value in query.items())


def inherits(query: Mapping[str, str], scope: Mapping[str, str]) -> bool:
    """Tell whether a query scope with `inherit` selects a memory of that scope.

    Besides what it selects anyway: non-empty subsets of it that have its `user_id`, or nothing but agent and app.
    """
    if selects(query, scope):
        return True
    subset = bool(scope) and selects(scope, query)
    return subset and ("user_id" in scope or scope.keys() <= {"agent_id", "app_id"})


def held_at(moment: Fraction, record: Record, successor: Record | None = None) -> bool:
    """Tell whether a memory held at a moment: from its start, before `valid_to` and before its successor's start."""
    ends = [instant(record["valid_to"])] if record.get("valid_to") is not None else []
    ends += [_start(successor)] if successor is not None else []
    return _start(record) <= moment and all(moment < end for end in ends)


def _start(record: Record) -> Fraction:
    begins = record.get("valid_from")
    return instant(record["created_at"] if begins is None else begins)


def json_equal(one: Json, two: Json) -> bool:
    """Tell whether two JSON values are the same: numbers by value (1 is 1.0, -0 is 0), and true is not 1."""
    waiting = [(one, two)]
    while waiting:
        a, b = waiting.pop()
        if _kind(a) is not _kind(b):
            return False
        if isinstance(a, Mapping):
            if a.keys() != b.keys():
                return False
            waiting += [(a[key], b[key]) for key in a]
        elif isinstance(a, (list, tuple)):
            if len(a) != len(b):
                return False
            waiting += zip(a, b, strict=True)
        elif not (numbers_equal(a, b) if _kind(a) is float else a == b):
            return False
    return True


def numbers_equal(one: float | Decimal, two: float | Decimal) -> bool:
    """Tell whether two numbers are the same: an integer beyond 2^53 exactly, any other with its value in binary64."""
    if one == two:
        return True
    if any(isinstance(number, int) and abs(number) > EXACT for number in (one, two)):
        return False
    return float(one) == float(two)


def _kind(value: Json) -> type:
    """Return one type for each of the six kinds of JSON values."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return type(value)
    if isinstance(value, (int, float, Decimal)):
        return float
    return dict if isinstance(value, Mapping) else list


def instant(text: object) -> Fraction:
    """Return an RFC 3339 timestamp as seconds since 1970 in UTC, exact to its last digit.

    Any precision and any offset; a leap second (:60) is the first moment of the next minute. Raise ValueError for
    what is no RFC 3339 timestamp.
    """
    found = _RFC_3339.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError(f"no RFC 3339 timestamp: {shown(text, _SHOWN)}")
    year, month, day, hour, minute, second = map(int, found.groups()[:6])
    fraction, sign, hours, minutes = found.groups()[6:]
    leap = 1 if second == 60 else 0
    moment = datetime(year, month, day, hour, minute, second - leap, tzinfo=UTC) - _EPOCH
    if sign and (int(hours) > 23 or int(minutes) > 59):
        raise ValueError(f"no RFC 3339 offset: {shown(text, _SHOWN)}")
    offset = timedelta(hours=int(hours), minutes=int(minutes)) * (-1 if sign == "-" else 1) if sign else timedelta()
    whole = (moment - offset) // timedelta(seconds=1) + leap
    return whole + (Fraction(int(fraction), 10 ** len(fraction)) if fraction else Fraction(0))


def difference(one: Record, two: Record) -> str | None:
    """Return the name of the first member of the contract in which two records of a memory differ, None if in none.

    A member that is null and one that is absent are the same; timestamps compare as instants, numbers by value.
    """
    return next((name for name in RECORD_MEMBERS if not _same(name, one.get(name), two.get(name))), None)


def _same(name: str, one: Json, two: Json) -> bool:
    if name in RECORD_TIMES and isinstance(one, str) and isinstance(two, str):
        try:
            return instant(one) == instant(two)
        except ValueError:
            return one == two
    if name in ("scope", "source") and isinstance(one, Mapping) and isinstance(two, Mapping):
        return json_equal(_without_nulls(one), _without_nulls(two))
    return json_equal(one, two)


def _without_nulls(value: Record) -> dict[str, Json]:
    return {key: item for key, item in value.items() if item is not None}


def out_of_order(items: Sequence[Record]) -> tuple[Record, Record] | None:
    """Return the first neighbours of a list of which the later one has the newer `created_at`; None if in order.

    Raise ValueError when a `created_at` is no timestamp.
    """
    for before, after in pairwise(items):
        if instant(before.get("created_at")) < instant(after.get("created_at")):
            return before, after
    return None


def repeated(values: Iterable[str]) -> list[str]:
    """Return the values that occur more than once, each once, in the order of their first occurrence."""
    return [value for value, count in Counter(values).items() if count > 1]
