"""The filter grammar's meaning: whether a memory satisfies a filter. Pure functions, no server in sight.

Where the grammar is silent the answer is false: an order of truth values, nulls, arrays or objects, and what a
timestamp of the record contains. Tests of a server ask neither.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from memconform.scene.oracle import instant, json_equal

Json = Any
Filter = Mapping[str, Any]
"""A tree of the grammar: `op` and `field`, `value`; `filters`; or `filter`."""

ORDERS = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}
COMPARISONS = ("eq", "ne", "gt", "gte", "lt", "lte", "in", "contains", "exists")
"""The operators on one field."""
COMBINATIONS = ("and", "or", "not")
"""The operators on other filters."""
INSTANTS = ("/created_at", "/updated_at", "/expires_at")
"""The fields that compare as instants."""

ABSENT = object()
"""Stands for the value of a field that is not there."""


def matches(tree: Filter, memory: Mapping[str, Json]) -> bool:
    """Tell whether the memory, a record as a server answers with it, satisfies the filter.

    Raise `ValueError` for a tree that is none of the grammar's.
    """
    op = tree.get("op")
    if op == "and":
        return all(matches(each, memory) for each in tree["filters"])
    if op == "or":
        return any(matches(each, memory) for each in tree["filters"])
    if op == "not":
        return not matches(tree["filter"], memory)
    if op not in COMPARISONS:
        raise ValueError(f"no operator of the grammar: {op!r}")
    value = value_at(tree["field"], memory)
    if op == "exists":
        return (value is not ABSENT) is tree["value"]
    if op == "ne":
        return not _holds("eq", tree["field"], value, tree["value"])
    return _holds(op, tree["field"], value, tree["value"])


def value_at(field: str, memory: Mapping[str, Json]) -> Json:
    """Return what stands at a JSON Pointer (RFC 6901) into the memory, `ABSENT` where nothing does.

    A null of the metadata is there; an optional member of the record that is null is not.
    """
    first, *path = [part.replace("~1", "/").replace("~0", "~") for part in field.split("/")[1:]]
    here = memory.get(first, ABSENT)
    for part in path:
        here = _member(here, part)
    return ABSENT if here is None and not path else here


def _member(holder: Json, name: str) -> Json:
    if isinstance(holder, Mapping):
        return holder.get(name, ABSENT)
    if isinstance(holder, list) and name.isascii() and name.isdigit() and str(int(name)) == name:
        return holder[int(name)] if int(name) < len(holder) else ABSENT
    return ABSENT


def _holds(op: str, field: str, present: Json, given: Json) -> bool:
    if present is ABSENT:
        return False
    if op == "in":
        return any(_holds("eq", field, present, each) for each in given)
    if field in INSTANTS:
        return op != "contains" and _compares(op, instant(present), instant(given))
    if op == "eq":
        return json_equal(present, given)
    if op == "contains":
        return _contains(present, given)
    return _in_order(present, given) and _compares(op, present, given)


def _compares(op: str, present: str | float | Fraction, given: str | float | Fraction) -> bool:
    compare: Callable[[Any, Any], bool] = operator.eq if op == "eq" else ORDERS[op]
    return compare(present, given)


def _contains(present: Json, given: Json) -> bool:
    if isinstance(present, str):
        return isinstance(given, str) and given in present
    return isinstance(present, list) and any(json_equal(each, given) for each in present)


def _in_order(one: Json, two: Json) -> bool:
    """Tell whether two values have an order: two numbers, by value, or two strings, by code point."""
    return (_is_number(one) and _is_number(two)) or (isinstance(one, str) and isinstance(two, str))


def _is_number(value: Json) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
