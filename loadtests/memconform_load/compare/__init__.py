"""Whether one server is slower than another, or than it was, told apart from what noise alone does."""

from memconform_load.compare.comparison import Comparison, Row, compare
from memconform_load.compare.interleaved import interleaved, order
from memconform_load.compare.reading import read_results

__all__ = ["Comparison", "Row", "compare", "interleaved", "order", "read_results"]
