"""Filters of the reference store: each operator over every type, against an evaluator of the test's own."""

from __future__ import annotations

import itertools
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memconform_server.store import Draft, Memory, Refused, SearchQuery
from memconform_server.stores.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

P = "p"
USER = {"user_id": "u"}
MISSING = object()
START = datetime(2026, 1, 1, tzinfo=UTC)


# --- the evaluator: the grammar as plainly as it can be said


def holds(tree: dict[str, Any], memory: Memory) -> bool:
    """Tell whether a memory satisfies a filter."""
    op = tree["op"]
    if op == "and":
        return all(holds(each, memory) for each in tree["filters"])
    if op == "or":
        return any(holds(each, memory) for each in tree["filters"])
    if op == "not":
        return not holds(tree["filter"], memory)
    present = value_of(tree["field"], memory)
    wanted = tree["value"]
    if op == "exists":
        return bool((present is not MISSING) == wanted)
    if op == "ne":
        return not compared("eq", present, wanted)
    return compared(op, present, wanted)


def compared(op: str, present: Any, wanted: Any) -> bool:
    """Tell whether one comparison holds; a missing value and one of another type make it false."""
    if present is MISSING:
        return False
    if op == "in":
        return any(compared("eq", present, each) for each in wanted)
    if isinstance(present, datetime):
        wanted = datetime.fromisoformat(wanted)
    if op == "eq":
        return same(present, wanted)
    if op == "contains":
        if isinstance(present, str):
            return isinstance(wanted, str) and wanted in present
        return isinstance(present, list) and any(same(each, wanted) for each in present)
    if not comparable(present, wanted):
        return False
    signs = {"gt": present > wanted, "gte": present >= wanted, "lt": present < wanted, "lte": present <= wanted}
    return bool(signs[op])


def same(one: Any, two: Any) -> bool:
    """Tell whether two JSON values are equal: deeply, numbers by value, true never 1."""
    if isinstance(one, dict) and isinstance(two, dict):
        return one.keys() == two.keys() and all(same(one[name], two[name]) for name in one)
    if isinstance(one, list) and isinstance(two, list):
        return len(one) == len(two) and all(map(same, one, two))
    if number(one) and number(two):
        return Fraction(one) == Fraction(two)
    return type(one) is type(two) and bool(one == two)


def comparable(one: Any, two: Any) -> bool:
    """Tell whether two values have an order."""
    return (number(one) and number(two)) or any(
        isinstance(one, each) and isinstance(two, each) for each in (str, datetime)
    )


def number(value: Any) -> bool:
    """Tell a number from all else."""
    return type(value) in (int, float)


def value_of(field: str, memory: Memory) -> Any:
    """Return what a JSON Pointer points at."""
    first, *path = [part.replace("~1", "/").replace("~0", "~") for part in field.split("/")[1:]]
    here: Any = getattr(memory, first)
    if first != "metadata" and here is None:
        return MISSING
    for part in path:
        if isinstance(here, dict) and part in here:
            here = here[part]
        elif isinstance(here, list) and part in [str(place) for place in range(len(here))]:
            here = here[int(part)]
        else:
            return MISSING
    return here


# --- what both are asked

NAMES = ["a", "b", "0", "1", "00", "", "a.b", 'q"t', "s/l", "t~d", "~1", "nl\n", "nul\x00", "$", "[0]", "é", "'", "#-1"]
SCALARS = [None, True, False, 0, 1, -1, 1.0, 0.1, 1.5, -0.0, 2**53, 2**53 + 1, float(2**53), 2**63 - 1, 2**63, -(2**63),
           -(2**63) - 1, float(2**63), 2**64 + 1, 10**300, 1e300, 5e-324, 1e16, 9007199254740993.0, "", "a", "A", "ab",
           "é", "e\u0301", "1", "true", "null", "\x00", "a\x00b", "a\x00", "\\u0000", "\U0001f600", "\uffee", '"', "%",
           "a\nb", "2026-01-01T00:00:00Z", 0.30000000000000004, 0.3, 1.7976931348623157e308,
           2.2250738585072014e-308]  # fmt: skip
values = st.recursive(
    st.sampled_from(SCALARS)
    | st.integers(-3, 3)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text("ab\x00é"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=6,
)
metadata = st.dictionaries(st.sampled_from(NAMES), values, max_size=4)
pointers = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map(
    lambda path: "/metadata" + "".join("/" + name.replace("~", "~0").replace("/", "~1") for name in path)
)
instants = st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", "2026-01-01T00:00:00.001Z",
                            "2025-12-31T23:59:59.999999Z", "2026-01-01T00:00:00.000001Z", "9999-12-31T23:59:59Z",
                            "2026-01-02T00:00:00-00:00", "0001-01-01T00:00:00Z"])  # fmt: skip
times = st.sampled_from(["/created_at", "/updated_at", "/expires_at"])
others = st.sampled_from(["/key", "/confidence"])
COMPARED = st.sampled_from(["eq", "ne", "gt", "gte", "lt", "lte", "contains"])


def leaf(op: st.SearchStrategy[str], field: st.SearchStrategy[str], value: st.SearchStrategy[Any]) -> Any:
    """Return a strategy of comparisons."""
    return st.builds(lambda op, field, value: {"op": op, "field": field, "value": value}, op, field, value)


def trees(memories: list[Memory]) -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy of trees that ask often for what is there."""
    there = [each for memory in memories for each in parts("/metadata", memory.metadata)] or [("/metadata/a", 1)]
    hits = st.sampled_from(there).flatmap(
        lambda found: leaf(COMPARED | st.just("eq"), st.just(found[0]), st.just(found[1]) | values)
    )
    among = st.lists(st.sampled_from([value for _, value in there]) | values, max_size=4)
    leaves = (
        hits
        | leaf(COMPARED, pointers | others, values)
        | leaf(st.just("in"), pointers | others | st.sampled_from([field for field, _ in there]), among)
        | leaf(
            st.just("exists"), pointers | others | times | st.sampled_from([each for each, _ in there]), st.booleans()
        )
        | leaf(st.sampled_from(["eq", "ne", "gt", "gte", "lt", "lte"]), times, instants)
        | leaf(st.just("in"), times, st.lists(instants, max_size=3))
    )
    return st.recursive(
        leaves,
        lambda inner: (
            st.builds(
                lambda op, filters: {"op": op, "filters": filters},
                st.sampled_from(["and", "or"]),
                st.lists(inner, min_size=1, max_size=3),
            )
            | st.builds(lambda inner: {"op": "not", "filter": inner}, inner)
        ),
        max_leaves=6,
    )


def parts(pointer: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield what is in a value, with its JSON Pointer."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in items:
        below = f"{pointer}/" + str(name).replace("~", "~0").replace("/", "~1")
        yield below, inner
        yield from parts(below, inner)


def found(store: SqliteStore, tree: dict[str, Any], principal: str = P) -> set[str]:
    """Return the ids of the memories that a filtered search finds."""
    return {hit.memory.id for hit in store.search(principal, SearchQuery("x", USER, 200, filter=tree))}


principals = itertools.count()


@pytest.fixture(scope="module")
def generated() -> Iterator[SqliteStore]:
    """Give a store whose clock stands still."""
    with closing(SqliteStore(":memory:")) as opened:
        opened.clock = lambda: int(START.timestamp() * 1_000)
        yield opened


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_every_tree_means_what_the_grammar_says(generated: SqliteStore, data: st.DataObject) -> None:
    """FILTERS-01: generated trees over generated memories find exactly what the evaluator finds."""
    principal = f"p{next(principals)}"
    memories = []
    with generated.transaction():
        for _ in range(data.draw(st.integers(1, 5))):
            draft = Draft(
                "x",
                USER,
                data.draw(metadata),
                confidence=data.draw(st.sampled_from([None, 0.0, 0.1, 1.0])),
                expires_at=data.draw(st.sampled_from([None, START + timedelta(1), START + timedelta(microseconds=1)])),
                key=data.draw(st.sampled_from([None, "a", "ab", "a\x00", "1"])),
            )
            if draft.key is None or generated.keyed(principal, USER, draft.key) is None:
                memories.append(generated.add(principal, draft))
    for _ in range(4):
        tree = data.draw(trees(memories))
        expected = {each.id for each in memories if holds(tree, each)}
        assert found(generated, tree, principal) == expected, tree


@pytest.fixture(scope="module")
def store() -> Iterator[SqliteStore]:
    """Give a store with one memory for each scalar, each empty and each nested thing."""
    with closing(SqliteStore(":memory:")) as filled:
        for value in [*SCALARS, [], {}, ["a", 1], [1, "a"], {"a": [1]}, [[1]], {"0": "a"}]:
            filled.add(P, Draft("x", USER, {"v": value, "name": {'q"t': value, "": {"a.b": value}}}))
        filled.add(P, Draft("x", USER, {}))
        yield filled


@pytest.fixture(scope="module")
def memories(store: SqliteStore) -> list[Memory]:
    """Return all memories of the store."""
    return list(store.list(P, USER, 200, None).items)


@pytest.mark.parametrize("op", ["eq", "ne", "gt", "gte", "lt", "lte", "contains"])
@pytest.mark.parametrize("field", ["/metadata/v", '/metadata/name/q"t', "/metadata/name//a.b", "/metadata/v/0"])
def test_every_operator_over_every_pair(store: SqliteStore, memories: list[Memory], op: str, field: str) -> None:
    """FILTERS-01: each value against each other value, wherever it stands."""
    for value in [*SCALARS, [], ["a", 1], {"a": [1.0]}, {}]:
        tree = {"op": op, "field": field, "value": value}
        assert found(store, tree) == {each.id for each in memories if holds(tree, each)}, tree


@pytest.mark.parametrize(
    ("pointer", "there"),
    [("/v/0", True), ("/v/1/w", True), ("/v/1/0", True), ("/v/2/0/1", True), ("/v/2/0/0/0", True), ("/v/00", False),
     ("/v/01", False), ("/v/-", False), ("/v/-1", False), ("/v/#-1", False), ("/v/3", False), ("/v/4294967296", False),
     ("/v/+0", False), ("/v/ 0", False), ("/v/٠", False), ("/v/", False), ("/v/0/0", False), ("/v[0]", False),
     ("/", True), ("//", True), ("/a.b", True), ("/a/b", False), ('/q"', True), ("/~0~1", True), ("/~01", False)],
)  # fmt: skip
def test_pointers_lead_where_rfc_6901_says(store: SqliteStore, pointer: str, there: bool) -> None:
    """Array indices are plain decimal numbers; names are names, whatever stands in them."""
    scope = {"user_id": "pointers"}
    if not store.list(P, scope, 1, None).items:
        pointed = {"v": ["a", {"w": 1, "0": 2}, [[[3], 4]]], "": {"": 5}, "a.b": 6, 'q"': 7, "~/": 8}
        store.add(P, Draft("x", scope, pointed))
    tree = {"op": "exists", "field": f"/metadata{pointer}", "value": True}
    assert bool(store.search(P, SearchQuery("x", scope, 1, filter=tree))) == there


def test_in_is_one_of_many(store: SqliteStore, memories: list[Memory]) -> None:
    """FILTERS-02: `in` is the `or` of `eq`, for few values and for many thousands, and of nothing it is false."""
    for wanted in ([], ["a", "\x00"], SCALARS, [str(each) for each in range(20_000)] + ["ab"], [*range(20_000), "ab"]):
        tree = {"op": "in", "field": "/metadata/v", "value": wanted}
        assert found(store, tree) == {each.id for each in memories if holds(tree, each)}


def test_laws_of_logic(store: SqliteStore, memories: list[Memory]) -> None:
    """FILTERS-02: NOT parts all memories in two, also where the field is missing or null; De Morgan holds."""
    everything = {each.id for each in memories}
    one = {"op": "gt", "field": "/metadata/v", "value": 0}
    two = {"op": "contains", "field": "/metadata/v", "value": "a"}
    for tree in (one, two, {"op": "eq", "field": "/metadata/no", "value": None}):
        rest = found(store, {"op": "not", "filter": tree})
        assert found(store, tree) | rest == everything
        assert not found(store, tree) & rest
    neither = {"op": "not", "filter": {"op": "or", "filters": [one, two]}}
    both = {"op": "and", "filters": [{"op": "not", "filter": one}, {"op": "not", "filter": two}]}
    assert found(store, neither) == found(store, both) != set()


def test_instants_are_exact() -> None:
    """FILTERS-05: offsets do not matter, and digits beyond microseconds do."""
    with closing(SqliteStore(":memory:")) as store:
        store.clock = lambda: int(START.timestamp() * 1_000)
        store.add(P, Draft("x", USER))
        expected = {
            "2026-01-01T05:30:00+05:30": {"eq", "gte", "lte"},
            "2025-12-31T23:00:00.0-01:00": {"eq", "gte", "lte"},
            "2026-01-01T00:00:00.0000000000": {"eq", "gte", "lte"},
            "2026-01-01T00:00:00.0000000001": {"lt", "lte", "ne"},
            "2025-12-31T23:59:59.9999999999": {"gt", "gte", "ne"},
        }
        for text, operators in expected.items():
            at = text if "+" in text or text.endswith("-01:00") else text + "Z"
            for op in ("eq", "ne", "gt", "gte", "lt", "lte"):
                tree = {"op": op, "field": "/created_at", "value": at}
                assert bool(found(store, tree)) == (op in operators), tree
            among = {"op": "in", "field": "/updated_at", "value": [at]}
            assert bool(found(store, among)) == ("eq" in operators)


@pytest.mark.parametrize("value", ["2016-12-31T23:59:60Z", "0001-01-01T00:00:00+01:00"])
def test_an_instant_that_is_none_is_refused(store: SqliteStore, value: str) -> None:
    """A leap second and a year 0 are refused where they stand, in a tree as well."""
    wrong = {"op": "in", "field": "/created_at", "value": [value]}
    with pytest.raises(Refused) as refused:
        found(store, {"op": "and", "filters": [{"op": "not", "filter": wrong}]})
    assert refused.value.pointer == "/filter/filters/0/filter/value"


@pytest.fixture(scope="module")
def far(store: SqliteStore) -> dict[str, str]:
    """Return a scope with 1,500 memories of one text, and an earlier one of another."""
    scope = {"user_id": "far"}
    with store.transaction():
        store.add(P, Draft("something else entirely", scope, {"wanted": True}))
        for number_of in range(1_500):
            store.add(P, Draft("the red boat", scope, {"n": number_of}))
    return scope


def test_a_filter_comes_before_the_cut(store: SqliteStore, far: dict[str, str]) -> None:
    """FILTERS-04: one match behind 1,500 nearer memories is found, and the order is that of the unfiltered search."""
    wanted = {"op": "eq", "field": "/metadata/wanted", "value": True}
    query = SearchQuery("the red boat", far, 1, filter=wanted)
    assert [hit.memory.content for hit in store.search(P, query)] == ["something else entirely"]
    rest = store.search(P, replace(query, top_k=5, filter={"op": "not", "filter": wanted}))
    assert [hit.memory.metadata["n"] for hit in rest] == [1_499, 1_498, 1_497, 1_496, 1_495]


def test_large_trees_are_answered_and_larger_ones_refused(store: SqliteStore, memories: list[Memory]) -> None:
    """What the contract demands (depth 8, 100 nodes) is far within what is taken; the rest is refused, not broken."""
    leaf_of = {"op": "ne", "field": "/metadata/v", "value": 1.5}
    wide: dict[str, Any] = {"op": "and", "filters": [leaf_of] * 999}
    deep: dict[str, Any] = leaf_of
    for _ in range(31):
        deep = {"op": "or", "filters": [deep, {"op": "not", "filter": leaf_of}]}
    assert found(store, wide) == {each.id for each in memories if holds(leaf_of, each)}
    assert found(store, deep["filters"][0]) == {each.id for each in memories}
    for tree in ({"op": "or", "filters": [wide]}, {"op": "not", "filter": deep}):
        with pytest.raises(Refused, match=r"nodes|nested"):
            found(store, tree)


def test_hostile_trees_take_bounded_time(store: SqliteStore, far: dict[str, str]) -> None:
    """A tree of 100 nodes with long values over 1,500 memories is answered within seconds."""
    long = {"op": "contains", "field": "/metadata/wanted/" + "a/" * 200, "value": "a" * 8_000}
    many = {"op": "in", "field": "/metadata/n", "value": [*range(-20_000, 0), *map(str, range(1_000))]}
    tree = {"op": "or", "filters": [long, many] * 49}
    began = time.perf_counter()
    assert store.search(P, SearchQuery("x", far, 1, filter=tree)) == []
    assert time.perf_counter() - began < 10


def test_filters_over_http(alice: httpx.Client, user: dict[str, str]) -> None:
    """The server takes filters, applies them, and refuses what is none."""
    for topic in ("tea", "coffee", None):
        body = {"content": "a hot drink", "scope": user, "metadata": {"topic": topic}}
        assert alice.post("/v1/memories", json=body).status_code == 201
    tree = {"op": "in", "field": "/metadata/topic", "value": ["tea", None]}
    answer = alice.post("/v1/search", json={"query": "drink", "scope": user, "filter": tree})
    assert [hit["memory"]["metadata"]["topic"] for hit in answer.json()["results"]] == [None, "tea"]
    for wrong in ({"op": "and", "filters": []}, {"op": "like", "field": "/metadata/a", "value": 1}):
        assert alice.post("/v1/search", json={"query": "a", "scope": user, "filter": wrong}).status_code == 422
