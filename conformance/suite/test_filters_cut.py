"""Filters before the cut."""

from __future__ import annotations

from memconform.answer import control, must
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.memory_api import MemoryApi
from memconform.requirement import requirement
from memconform.scene.filter_trees import declared_comparisons
from memconform.scene.filters import Filter
from memconform.scene.search_scene import SearchScene
from memconform.verdict import NotApplicable

QUERY = "red boat in the harbour"
FAR = "The harbour office opens on Monday at nine and closes before noon"
_KINDS: dict[str, Filter] = {
    "eq": {"op": "eq", "field": "/metadata/kind", "value": "wanted"},
    "contains": {"op": "contains", "field": "/metadata/kind", "value": "wanted"},
    "in": {"op": "in", "field": "/metadata/kind", "value": ["wanted"]},
    "exists": {"op": "exists", "field": "/metadata/wanted", "value": True},
    "gt": {"op": "gt", "field": "/metadata/rank", "value": 1},
    "gte": {"op": "gte", "field": "/metadata/rank", "value": 2},
    "lt": {"op": "lt", "field": "/metadata/near", "value": 1},
    "lte": {"op": "lte", "field": "/metadata/near", "value": 0},
    "ne": {"op": "ne", "field": "/metadata/kind", "value": "other"},
}
"""A filter for each operator, which only the last memory satisfies."""


@requirement("FILTERS-04", requests=(4, 89, 509))
def test_filters_apply_before_the_cut(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget
) -> None:
    """One memory that matches is found behind many nearer ones that do not, whatever `top_k` is."""
    operators = declared_comparisons(capabilities)
    if not operators:
        raise NotApplicable("search.filter_operators is empty: there is nothing to filter by")
    scene = SearchScene(memory, capabilities, scope)
    other = {"kind": "other", "rank": 1, "near": 1}
    for number in range(budget.of(1, 79, 499)):
        memory.add(f"{QUERY}, {number}", scope, metadata=other)
    wanted = memory.add(FAR, scope, metadata={"kind": "wanted", "wanted": True, "rank": 2, "near": 0})["id"]
    scene.settle()
    control([each.id for each in scene.rank(QUERY, top_k=1)] != [wanted], "the memory that matches is the nearest")
    for operator in operators[: budget.of(1, 4, 4)]:
        for k in (1, 10)[: budget.of(1, 2, 2)]:
            tree = _KINDS[operator]
            found = [each.id for each in scene.rank(QUERY, top_k=min(k, scene.widest), filter=tree)]
            must(
                found == [wanted],
                f"the one memory that satisfies {tree}, behind others that are nearer, with top_k {k}",
                "it alone is not what is found" if wanted in found else f"{len(found)} results without it",
            )
