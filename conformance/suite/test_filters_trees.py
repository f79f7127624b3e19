"""What filters select: by the grammar, tree by tree, and by the laws of logic."""

from __future__ import annotations

from hypothesis import strategies as st

from memconform.answer import control
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.explore import Explorer
from memconform.memory_api import MemoryApi
from memconform.requirement import requirement
from memconform.scene.filter_traps import CONFIDENCE, RICH, all_true, none_true
from memconform.scene.filter_trees import (
    comparison_table,
    conjunction,
    declared_combinations,
    declared_comparisons,
    disjunction,
    facts,
    is_served,
    largest_tree,
    negation,
    trees,
)
from memconform.scene.filters import Filter, matches
from memconform.scene.material import json_bytes
from memconform.scene.selection import Selection
from memconform.verdict import NotApplicable


class _Facts(Selection):
    """Memories with metadata of every type, all found by one word."""

    def stock(self, most: int) -> None:
        """Add the memories, each second one with a confidence; go on with those that the word finds."""
        for place, row in enumerate(facts(self.capabilities, min(most, self.most))):
            self.add(metadata=row, confidence=0.5 if place % 2 else None)
        self.settle()
        self.keep_what_is_found()

    def judge_tree(self, tree: Filter) -> None:
        """Search with the filter; require what the oracle selects."""
        expected = [memory_id for memory_id, record in self.known.items() if matches(tree, record)]
        self.judge(expected, f"the memories that satisfy {tree}", filter=tree)

    def of(self, tree: Filter) -> set[str]:
        """Return which memories the server selects."""
        return self.search(filter=tree)[1]


def _comparing(capabilities: Capabilities) -> None:
    if not declared_comparisons(capabilities):
        raise NotApplicable("search.filter_operators is empty: there is no comparison to test")


@requirement("FILTERS-01", requests=6)
def test_many_comparisons_at_once(memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities) -> None:
    """A memory is found by an `and` of all that is true of it, and not by an `or` of all that is not."""
    if all_true(capabilities) is None and none_true(capabilities) is None:
        raise NotApplicable("search.filter_operators leaves too little to ask at once")
    if capabilities.max_top_k < 2:
        raise NotApplicable("search gives one result at most: there is nothing to tell apart")
    scene = _Facts(memory, capabilities, scope)
    rich = scene.add(metadata=RICH, confidence=CONFIDENCE)
    scene.add(metadata={"n": "other"})
    room = capabilities.limit_or("request_bytes", 1 << 20) - 500
    trees_at_once = (all_true(capabilities, confident=rich.get("confidence") is not None), none_true(capabilities))
    asked = [tree for tree in trees_at_once if tree and 2 * json_bytes(tree) < room]
    if not asked:
        raise NotApplicable("limits.request_bytes leaves too little to ask at once")
    scene.settle()
    scene.keep_what_is_found()
    for tree in asked:
        scene.judge_tree(tree)


@requirement("FILTERS-01", requests=(0, 101, 380))
def test_each_operator_over_each_type(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget
) -> None:
    """Each operator selects what the grammar says, over every JSON type and every kind of pointer."""
    _comparing(capabilities)
    scene = _Facts(memory, capabilities, scope)
    scene.stock(budget.beyond_smoke(20, 33))
    for tree in [tree for tree in comparison_table() if is_served(tree, capabilities)][: budget.beyond_smoke(60, 320)]:
        scene.judge_tree(tree)
    scene.judge_recall()


@requirement("FILTERS-01", requests=(0, 101, 1033))
def test_generated_trees_agree_with_an_oracle(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget, explore: Explorer
) -> None:
    """Trees of any shape select what the grammar says."""
    _comparing(capabilities)
    scene = _Facts(memory, capabilities, scope)
    scene.stock(budget.beyond_smoke(20, 33))
    shapes = trees(capabilities, [record["metadata"] for record in scene.known.values()])
    explore(shapes, scene.judge_tree, examples=(0, 44, 960))
    scene.judge_recall()


@requirement("FILTERS-01", requests=(0, 11, 11))
def test_largest_tree_is_accepted(memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities) -> None:
    """A tree of depth 8 and 100 nodes is accepted, and selects what it says."""
    tree = largest_tree("/metadata/kind", "note")
    if not is_served(tree, capabilities):
        raise NotApplicable("search.filter_operators has no eq")
    if json_bytes(tree) + 1000 > capabilities.limit_or("request_bytes", 1 << 20):
        raise NotApplicable("limits.request_bytes is too small for a tree of 100 nodes")
    scene = _Facts(memory, capabilities, scope)
    scene.stock(4)
    scene.judge_tree(tree)
    if is_served(negation(tree), capabilities):
        scene.judge_tree(negation(tree))


@requirement("FILTERS-02", requests=(0, 115, 920))
def test_laws_of_logic_hold(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget, explore: Explorer
) -> None:
    """A conjunction narrows, NOT partitions, De Morgan's laws hold, and `in` is the `or` of `eq`."""
    _comparing(capabilities)
    scene = _Facts(memory, capabilities, scope)
    scene.stock(budget.beyond_smoke(10, 20))
    some = trees(capabilities, [record["metadata"] for record in scene.known.values()])
    laws = [law for law in _LAWS if set(declared_combinations(capabilities)) >= _LAWS[law]]
    if not laws:
        raise NotApplicable("search.filter_operators declares neither and, or, nor not")

    def check(example: tuple[str, Filter, Filter]) -> None:
        law, one, two = example
        _judge_law(scene, law, one, two)

    explore(st.tuples(st.sampled_from(laws), some, some), check, examples=(0, 20, 250))
    scene.judge_recall()


_LAWS = {
    "partition": {"not"},
    "narrowing": {"and"},
    "De Morgan": {"and", "or", "not"},
    "De Morgan's other": {"and", "or", "not"},
}
"""The laws, and the operators in them."""


def _judge_law(scene: _Facts, law: str, one: Filter, two: Filter) -> None:
    """Search for both sides of a law and compare what the server selects."""
    if law == "partition":
        rest = scene.known.keys() - scene.of(one)
        scene.judge_alike(rest, f"what does not satisfy {one}", filter=negation(one))
    elif law == "narrowing":
        both = scene.of(one) & scene.of(two)
        scene.judge_alike(both, f"what satisfies both {one} and {two}", filter=conjunction(one, two))
    elif law == "De Morgan":
        neither = scene.of(negation(disjunction(one, two)))
        rewritten = conjunction(negation(one), negation(two))
        scene.judge_alike(neither, f"what satisfies not ({one} or {two})", filter=rewritten)
    else:
        not_both = scene.of(negation(conjunction(one, two)))
        rewritten = disjunction(negation(one), negation(two))
        scene.judge_alike(not_both, f"what satisfies not ({one} and {two})", filter=rewritten)


@requirement("FILTERS-02", requests=(0, 47, 95))
def test_in_is_the_or_of_eq(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget
) -> None:
    """`in` selects what one of several `eq` selects, whatever the types of the values; `ne` what `not` of `eq` does."""
    scene = _Facts(memory, capabilities, scope)
    pairs = [pair for pair in _REWRITTEN if all(is_served(tree, capabilities) for tree in pair)]
    if not pairs:
        raise NotApplicable("search.filter_operators has neither in nor ne beside eq")
    scene.stock(budget.beyond_smoke(12, 33))
    for one, two in pairs:
        selected = scene.of(one)
        scene.judge_alike(selected, f"what {one} selects", filter=two)
    control(scene.wanted, "none of the filters selected anything")
    scene.judge_recall()


def _comparison(op: str, field: str, value: object) -> Filter:
    return {"op": op, "field": field, "value": value}


_FIELD = "/metadata/any"
_LISTS: list[list[object]] = [
    [1, "note"],
    [True, None],
    [[1, "note"], "1", 1.5],
    [{"a": 1}, False],
    ["Note", "absent", 0],
]
_REWRITTEN = [
    *(
        (_comparison("in", _FIELD, values), disjunction(*(_comparison("eq", _FIELD, each) for each in values)))
        for values in _LISTS
    ),
    *(
        (_comparison("ne", field, 1), negation(_comparison("eq", field, 1)))
        for field in (_FIELD, "/metadata/gone", "/metadata/missing")
    ),
]
"""Filters and what each is another spelling of."""
