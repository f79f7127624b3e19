"""Proof of the judge: every seeded defect is found by the test of its own requirement, no legal server is blamed."""

from memconform.selftest.cases import Case, cases
from memconform.selftest.farm import FarmError
from memconform.selftest.matrix import CLEAN, CaseResult, Judged, Matrix, run_cases, run_matrix, told_of

__all__ = [
    "CLEAN",
    "Case",
    "CaseResult",
    "FarmError",
    "Judged",
    "Matrix",
    "cases",
    "run_cases",
    "run_matrix",
    "told_of",
]
