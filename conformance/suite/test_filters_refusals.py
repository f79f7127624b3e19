"""Filters that are none: refused, never ignored."""

from __future__ import annotations

from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.memory_api import MemoryApi
from memconform.requirement import requirement
from memconform.scene.filter_trees import declared_comparisons
from memconform.scene.material import material
from memconform.verdict import NotApplicable


@requirement("FILTERS-03", requests=(3, 61, 61))
def test_malformed_filter_is_refused(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget
) -> None:
    """An unknown operator or field, or a malformed tree, is refused with 422; the well-formed one beside it is not."""
    served = declared_comparisons(capabilities)
    if not served:
        raise NotApplicable("search.filter_operators is empty: no filter is well-formed")
    value = {"in": ["tools"], "exists": True}.get(served[0], "tools")
    memory.search("harbour", scope, filter={"op": served[0], "field": "/metadata/topic", "value": value}).control(200)
    for row in material("broken_filters")["filters"][: budget.of(2, 99, 99)]:
        answer = memory.search("harbour", scope, filter=row["filter"])
        answer.must_be_refused(because=f"{row['what']}: {row['filter']}")
