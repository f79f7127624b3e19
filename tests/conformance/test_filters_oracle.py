"""The oracle of the filter grammar says what the contract says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memconform.capabilities import Capabilities
from memconform.contract import validator
from memconform.scene.filter_traps import CONFIDENCE, RICH, all_true, none_true
from memconform.scene.filter_trees import (
    DEEPEST,
    LARGEST,
    comparison_table,
    conjunction,
    declared_combinations,
    declared_comparisons,
    disjunction,
    facts,
    is_served,
    largest_tree,
    negation,
    operators_of,
    tree_depth,
    trees,
)
from memconform.scene.filters import ABSENT, COMBINATIONS, COMPARISONS, Filter, matches, value_at
from memconform.scene.material import depth, json_bytes, material
from memconform.scene.oracle import json_equal

EVERYTHING = Capabilities({"search": {"filter_operators": list(COMPARISONS)}})
FACTS = facts(EVERYTHING, 100)
TIME = "2026-01-01T00:00:00Z"
MEMORIES = [
    {"metadata": row, "confidence": (None, 0.5)[place % 2], "created_at": TIME, "updated_at": TIME}
    for place, row in enumerate(FACTS)
]
TREES = trees(EVERYTHING, FACTS)


def leaf(op: str, field: str, value: Any) -> Filter:
    """Return one comparison."""
    return {"op": op, "field": field, "value": value}


RECORD = {
    "metadata": {
        "n": 1,
        "s": "Note",
        "list": [1, "note", None, {"a": 1}],
        "null": None,
        "yes": True,
        "o": {"a": 1, "b": [2]},
        "a/b": 1,
        "m~n": 2,
        "": 3,
        "~1": 4,
        "astral": "\U0001f600",
    },
    "confidence": 0.5,
    "created_at": "2026-01-01T00:00:00.000Z",
    "expires_at": None,
}


@pytest.mark.parametrize(
    ("op", "field", "value", "answer"),
    [
        ("eq", "/metadata/n", 1.0, True),
        ("eq", "/metadata/n", True, False),
        ("eq", "/metadata/n", "1", False),
        ("eq", "/metadata/yes", 1, False),
        ("eq", "/metadata/s", "note", False),
        ("eq", "/metadata/null", None, True),
        ("eq", "/metadata/absent", None, False),
        ("ne", "/metadata/absent", None, True),
        ("ne", "/metadata/null", None, False),
        ("eq", "/metadata/o", {"b": [2.0], "a": 1}, True),
        ("eq", "/metadata/list", [1, "note", None, {"a": 1}], True),
        ("eq", "/metadata/list", [1, "note"], False),
        ("gt", "/metadata/n", 0.5, True),
        ("gt", "/metadata/n", 1, False),
        ("gte", "/metadata/n", 1, True),
        ("lt", "/metadata/n", "2", False),
        ("gt", "/metadata/yes", False, False),
        ("lte", "/metadata/null", None, False),
        ("gte", "/metadata/list", [], False),
        ("lt", "/metadata/absent", 5, False),
        ("gt", "/metadata/s", "NOTE", True),
        ("gt", "/metadata/astral", "\uffee", True),
        ("in", "/metadata/n", ["1", 1.0], True),
        ("in", "/metadata/n", [], False),
        ("in", "/metadata/absent", [None], False),
        ("in", "/metadata/null", [None], True),
        ("contains", "/metadata/s", "ot", True),
        ("contains", "/metadata/s", "OT", False),
        ("contains", "/metadata/s", "%", False),
        ("contains", "/metadata/list", "not", False),
        ("contains", "/metadata/list", "note", True),
        ("contains", "/metadata/list", 1.0, True),
        ("contains", "/metadata/list", None, True),
        ("contains", "/metadata/list", {"a": 1}, True),
        ("contains", "/metadata/o", "a", False),
        ("contains", "/metadata/n", 1, False),
        ("exists", "/metadata/null", True, True),
        ("exists", "/metadata/absent", False, True),
        ("exists", "/expires_at", True, False),
        ("exists", "/key", False, True),
        ("exists", "/metadata/list/3/a", True, True),
        ("exists", "/metadata/list/4", True, False),
        ("exists", "/metadata/list/00", True, False),
        ("exists", "/metadata/list/-", True, False),
        ("eq", "/metadata/a~1b", 1, True),
        ("eq", "/metadata/m~0n", 2, True),
        ("eq", "/metadata/~01", 4, True),
        ("eq", "/metadata/", 3, True),
        ("gte", "/confidence", 0.5, True),
        ("eq", "/created_at", "2026-01-01T01:00:00+01:00", True),
        ("lt", "/created_at", "2025-12-31T23:00:00-02:00", True),
        ("in", "/created_at", ["2026-01-01T00:00:00.0Z"], True),
        ("contains", "/created_at", "2026", False),
        ("gt", "/expires_at", "2020-01-01T00:00:00Z", False),
    ],
)
def test_one_comparison(op: str, field: str, value: Any, answer: bool) -> None:
    """Each operator says what the grammar says of each kind of value."""
    assert matches(leaf(op, field, value), RECORD) is answer


def test_what_is_no_tree_is_an_error_of_the_caller() -> None:
    """An operator that the grammar does not have is never taken for a result."""
    with pytest.raises(ValueError, match="no operator"):
        matches({"op": "like", "field": "/metadata/n", "value": 1}, RECORD)


def test_an_absent_value_is_no_null() -> None:
    """A pointer to nothing is told apart from one to null."""
    assert value_at("/metadata/absent", RECORD) is ABSENT
    assert value_at("/metadata/null", RECORD) is None


@given(TREES, TREES)
def test_the_laws_of_logic_hold(one: Filter, two: Filter) -> None:
    """NOT partitions, a conjunction narrows, and De Morgan's laws hold, for each memory."""
    for memory in MEMORIES:
        a, b = matches(one, memory), matches(two, memory)
        assert matches(negation(one), memory) is not a
        assert matches(conjunction(one, two), memory) is (a and b)
        assert matches(negation(disjunction(one, two)), memory) is (not a and not b)


@given(TREES)
def test_generated_trees_are_of_the_grammar(tree: Filter) -> None:
    """Every generated tree is valid against the schema, and no larger than what every server takes."""
    assert validator("filter").is_valid(tree)
    assert tree_depth(tree) <= DEEPEST
    assert len(list(operators_of(tree))) <= LARGEST


@given(st.data())
def test_only_declared_operators_are_used(data: st.DataObject) -> None:
    """A server that declares few operators is asked for no other."""
    declared = data.draw(st.lists(st.sampled_from([*COMPARISONS, *COMBINATIONS]), min_size=1, unique=True))
    few = Capabilities({"search": {"filter_operators": declared}})
    if not declared_comparisons(few):
        return
    assert is_served(data.draw(trees(few, FACTS)), few)


def test_combinations_are_served_unless_some_are_left_out() -> None:
    """A server that names none of and, or, not serves all three; one that names some serves those."""
    assert declared_combinations(EVERYTHING) == list(COMBINATIONS)
    assert declared_combinations(Capabilities({"search": {"filter_operators": ["eq", "and"]}})) == ["and"]
    assert declared_comparisons(Capabilities({})) == []


def test_the_table_tells_memories_apart() -> None:
    """Each comparison of the table is valid; most are true of some memories and false of others."""
    table = comparison_table()
    assert all(validator("filter").is_valid(tree) for tree in table)
    assert {op for tree in table for op in operators_of(tree)} == set(COMPARISONS)
    telling = [tree for tree in table if 0 < sum(matches(tree, memory) for memory in MEMORIES) < len(MEMORIES)]
    assert len(telling) > 0.7 * len(table)
    first = [tree for tree in table[:120] if any(matches(tree, each) for each in MEMORIES[:20])]
    assert {op for tree in first for op in operators_of(tree)} == set(COMPARISONS)


def test_the_facts_fit_a_small_server() -> None:
    """Metadata stays within 256 bytes and three levels, and no two pieces are equal."""
    assert all(json_bytes(row) <= 256 for row in FACTS)
    assert all(depth(row) <= 3 for row in FACTS)
    assert not any(json_equal(one, two) for place, one in enumerate(FACTS) for two in FACTS[:place])
    assert len(facts(Capabilities({"limits": {"metadata_bytes": 40}}), 100)) < len(FACTS)


def test_the_largest_tree_is_as_large_as_every_server_takes() -> None:
    """It has depth 8 and 100 nodes, and only what it names satisfies it."""
    tree = largest_tree("/metadata/kind", "note")
    assert tree_depth(tree) == DEEPEST
    assert len(list(operators_of(tree))) == LARGEST
    assert validator("filter").is_valid(tree)
    assert [matches(tree, {"metadata": {"kind": kind}}) for kind in ("note", "no. 1", "Note")] == [True, True, False]


def test_broken_filters_are_broken() -> None:
    """No filter of the corpus is of the grammar, each says what is wrong, and none comes twice."""
    rows = material("broken_filters")["filters"]
    assert len(rows) >= 50
    assert not [row for row in rows if validator("filter").is_valid(row["filter"])]
    assert all(row["what"] for row in rows)
    assert len({repr(row["filter"]) for row in rows}) == len(rows)


def test_the_traps_are_true_and_false_of_the_rich_memory() -> None:
    """Every part of the one filter is true of it, no part of the other; both use every operator on a field."""
    memory = {"metadata": RICH, "confidence": CONFIDENCE, "created_at": TIME}
    true, false = all_true(EVERYTHING), none_true(EVERYTHING)
    assert true is not None
    assert false is not None
    assert [tree for tree in true["filters"] if not matches(tree, memory)] == []
    assert [tree for tree in false["filters"] if matches(tree, memory)] == []
    assert {*operators_of(true)} >= set(COMPARISONS)
    assert {*operators_of(false)} >= set(COMPARISONS) - {"gte", "lte"}
    assert json_bytes(RICH) <= 256
    assert depth(RICH) <= 3


def test_traps_need_and_or_and_a_comparison() -> None:
    """A server that serves less is not asked; one that serves only some comparisons is asked about those."""
    few = Capabilities({"search": {"filter_operators": ["eq"]}})
    tree = all_true(few)
    assert tree is not None
    assert {*operators_of(tree)} == {"and", "eq"}
    assert all_true(Capabilities({"search": {"filter_operators": ["eq", "or"]}})) is None
    assert none_true(Capabilities({})) is None
