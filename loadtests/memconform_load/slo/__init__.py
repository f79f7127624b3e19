"""Service level objectives: what they say (`objective`), where they are written down (`file`), whether they are met."""

from memconform_load.slo.file import read_slo_file
from memconform_load.slo.judging import judge
from memconform_load.slo.objective import Objective, parse_slo

__all__ = ["Objective", "judge", "parse_slo", "read_slo_file"]
