"""Proof of the judge: every seeded defect is found by the test of its own requirement, no legal server is blamed."""

from memconform.selftest.cases import Case, cases
from memconform.selftest.matrix import CaseResult, Matrix, run_matrix

__all__ = ["Case", "CaseResult", "Matrix", "cases", "run_matrix"]
