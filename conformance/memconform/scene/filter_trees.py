"""Metadata of every JSON type, and filters over it: a table of single comparisons, and generated trees."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import zip_longest
from typing import Any

from hypothesis import strategies as st

from memconform.capabilities import Capabilities
from memconform.scene.filters import COMBINATIONS, COMPARISONS, ORDERS, Filter, Json
from memconform.scene.material import depth, json_bytes, material

ANY = "/metadata/any"
"""The field that holds a value of another type in each memory."""

DEEPEST, LARGEST = 8, 100
"""The depth and the number of nodes that every server takes."""

_LEAVES = 6
_RECORD_INSTANTS = ("2001-01-01T00:00:00Z", "2001-06-01T00:00:00+02:00", "2999-12-31T23:59:59-05:00")
"""Far from the moment of any test: what the server shows of `created_at` may be shorter than what it keeps."""


def facts(capabilities: Capabilities, most: int) -> list[dict[str, Json]]:
    """Return up to `most` pieces of metadata that fit the server's limits, the most telling first."""
    room, deepest = capabilities.limit_or("metadata_bytes", 1 << 20), capabilities.limit_or("metadata_depth", 64)
    fitting = [row for row in material("filter_facts")["facts"] if json_bytes(row) <= room and depth(row) <= deepest]
    return fitting[:most]


def declared_comparisons(capabilities: Capabilities) -> list[str]:
    """Return the operators on one field that the server declares."""
    return [op for op in COMPARISONS if op in _declared(capabilities)]


def declared_combinations(capabilities: Capabilities) -> list[str]:
    """Return the operators on other filters: those declared, or all three where the server declares none of them."""
    return [op for op in COMBINATIONS if op in _declared(capabilities)] or list(COMBINATIONS)


def _declared(capabilities: Capabilities) -> Sequence[Any]:
    search = capabilities.document.get("search")
    operators = search.get("filter_operators") if isinstance(search, Mapping) else None
    return operators if isinstance(operators, list) else []


def operators_of(tree: Filter) -> Iterator[str]:
    """Yield the operator of each node of a tree."""
    yield str(tree.get("op"))
    for below in [*tree.get("filters", ()), *([tree["filter"]] if "filter" in tree else [])]:
        yield from operators_of(below)


def is_served(tree: Filter, capabilities: Capabilities) -> bool:
    """Tell whether the server declares every operator of the tree."""
    served = {*declared_comparisons(capabilities), *declared_combinations(capabilities)}
    return served.issuperset(operators_of(tree))


def comparison_table() -> list[Filter]:
    """Return single comparisons: every operator with values of every type, every kind of pointer; each kind in turn."""
    kinds = [_equalities(), _others(), _orders(), _elements(), _records(), _presences(), _odd_places()]
    return [row for turn in zip_longest(*kinds) for row in turn if row is not None]


_VALUES = [1, "note", True, None, [1, "note"], {"a": 1}, 1.0, "1", "\u00e9", "Note", False, 1.5, 0, "", [], {}, -2]


def _equalities() -> list[Filter]:
    rows = [_comparison("eq", ANY, value) for value in _VALUES]
    swapped = [_comparison("eq", "/metadata/kind", {"b": 2, "a": 1}), _comparison("eq", ANY, {"a": 1.0})]
    return [*rows[:4], *swapped, *rows[4:], _comparison("eq", "/metadata/missing", None)]


def _others() -> list[Filter]:
    lists = [[1, "note"], [None, True], [], ["Note", 1.5, [1, "note"]], [{"a": 1}, 0, "1"]]
    unequal = [_comparison("ne", ANY, value) for value in _VALUES]
    return [
        row for turn in zip_longest((_comparison("in", ANY, value) for value in lists), unequal) for row in turn if row
    ]


def _orders() -> list[Filter]:
    values = [1, "note", 1.5, "1", "\uffee", -2, "\U0001f600", "10", 0, "2026-01-01T01:00:00+01:00"]
    turns = [list(ORDERS)[place % 4 :] + list(ORDERS)[: place % 4] for place in range(len(values))]
    return [_comparison(turns[place][turn], ANY, value) for turn in range(4) for place, value in enumerate(values)]


def _elements() -> list[Filter]:
    given = ["no", 1, "note", "NO", None, "%", "_", True, "1", ["note"], "\u0301", {"a": 1}, 1.0, "ote", "*"]
    return [_comparison("contains", field, value) for field in (ANY, "/metadata/tags") for value in [*given, "red"]]


def _presences() -> list[Filter]:
    there = [_comparison("exists", field, yes) for yes in (True, False) for field in ("/metadata/gone", ANY)]
    missing = ["any/1", "any/0", "any/9", "any/00", "any/-", "any/0/0", "A", "a~1", "any/a", "tags/0/0", "kind/"]
    return there + [_comparison("exists", f"/metadata/{pointer}", True) for pointer in missing]


def _odd_places() -> list[Filter]:
    places = [place for row in material("filter_facts")["facts"] for place in _places(row, "/metadata")]
    common = re.compile(r"/metadata/(any|kind|tags|gone)(/\d)?")
    return [_comparison("eq", pointer, value) for pointer, value in places if not common.fullmatch(pointer)]


def _records() -> list[Filter]:
    fields = ("/confidence", "/key", "/created_at", "/updated_at")
    rows = [_comparison("gte", "/confidence", 0.5), _comparison("exists", "/confidence", False)]
    rows += [_comparison(op, "/created_at", at) for at in _RECORD_INSTANTS for op in ORDERS]
    rows += [_comparison(op, "/confidence", value) for value in (0.5, "0.5", 0) for op in ("eq", "lt", "ne")]
    rows += [_comparison("in", "/confidence", [0.5, 0.25]), _comparison("in", "/updated_at", [*_RECORD_INSTANTS])]
    rows += [_comparison("exists", name, there) for name in fields for there in (True, False)]
    return [*rows, _comparison("eq", "/key", "editor"), _comparison("ne", "/key", "editor")]


def trees(capabilities: Capabilities, population: Sequence[Mapping[str, Json]]) -> st.SearchStrategy[Filter]:
    """Return a strategy of trees over the metadata of a population, of the operators that the server declares."""
    places = [place for row in population for place in _places(row, "/metadata")]
    fields = sorted({field for field, _ in places})
    values = [value for _, value in places]
    leaves = st.one_of(*(_leaves(op, fields, values) for op in declared_comparisons(capabilities)))

    def branches(below: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
        several = st.lists(below, min_size=1, max_size=3)
        made = {
            "and": st.builds(_both, st.just("and"), several),
            "or": st.builds(_both, st.just("or"), several),
            "not": st.builds(negation, below),
        }
        return st.one_of(*(made[op] for op in declared_combinations(capabilities)))

    return st.recursive(leaves, branches, max_leaves=_LEAVES).filter(lambda tree: tree_depth(tree) <= DEEPEST)


def _leaves(op: str, fields: Sequence[str], values: Sequence[Json]) -> st.SearchStrategy[Filter]:
    field = st.sampled_from([*fields, "/metadata/missing"])
    recorded = st.sampled_from(["/created_at", "/updated_at"])
    at = st.sampled_from(_RECORD_INSTANTS)
    if op == "exists":
        anywhere = field | recorded | st.sampled_from(["/confidence", "/key"])
        return st.builds(_comparison, st.just(op), anywhere, st.booleans())
    if op in ORDERS:
        ordered = st.sampled_from([v for v in values if isinstance(v, str) or _is_number(v)] or ["note"])
        return st.builds(_comparison, st.just(op), field, ordered) | st.builds(_comparison, st.just(op), recorded, at)
    if op == "in":
        return st.builds(_comparison, st.just(op), field, st.lists(st.sampled_from(values), max_size=4))
    given = st.sampled_from(_parts(values) if op == "contains" else values)
    return st.builds(_comparison, st.just(op), field, given)


def _parts(values: Sequence[Json]) -> list[Json]:
    """Return values and pieces of texts; an empty text is in every other, and no server need say so."""
    texts = [value for value in values if isinstance(value, str)]
    pieces = [piece for text in texts for piece in (text[:2], text[1:], text[-1:])]
    return [value for value in [*values, *pieces] if value != ""]


def _places(value: Json, here: str) -> list[tuple[str, Json]]:
    """Return the pointer and the value of everything below a value."""
    below = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    found = [(f"{here}/{str(name).replace('~', '~0').replace('/', '~1')}", each) for name, each in below]
    return [*found, *(place for pointer, each in found for place in _places(each, pointer))]


def negation(tree: Filter) -> Filter:
    """Return the tree whose filter is not satisfied."""
    return {"op": "not", "filter": tree}


def _both(op: str, filters: Sequence[Filter]) -> Filter:
    return {"op": op, "filters": list(filters)}


def conjunction(*filters: Filter) -> Filter:
    """Return the tree of which every filter is satisfied."""
    return _both("and", filters)


def disjunction(*filters: Filter) -> Filter:
    """Return the tree of which some filter is satisfied."""
    return _both("or", filters)


def _comparison(op: str, field: str, value: Json) -> Filter:
    return {"op": op, "field": field, "value": value}


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def tree_depth(tree: Filter) -> int:
    """Return how many nodes lie one above the other; 1 for a single comparison."""
    below = [*tree.get("filters", ()), *([tree["filter"]] if "filter" in tree else [])]
    return 1 + max(map(tree_depth, below), default=0)


@cache
def largest_tree(field: str, present: str) -> Filter:
    """Return a tree of depth 8 and 100 nodes that only memories with `present` in the string field satisfy."""
    tree: Filter = {"op": "eq", "field": field, "value": present}
    for level in range(DEEPEST - 2):
        tree = disjunction(tree) if level % 2 else conjunction(tree)
    others = [{"op": "eq", "field": field, "value": f"no. {number}"} for number in range(LARGEST - (DEEPEST - 1) - 1)]
    return disjunction(tree, *others)
