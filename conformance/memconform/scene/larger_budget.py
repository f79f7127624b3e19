"""Tests that smoke has no room for."""

from __future__ import annotations

from memconform.budget import Budget
from memconform.verdict import NotApplicable


def beyond_smoke(budget: Budget) -> None:
    """Go on only at a larger budget than smoke."""
    if budget.size == "smoke":
        raise NotApplicable("this test needs a larger budget than smoke")
