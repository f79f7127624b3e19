"""What changed between two results of one kind: requirements, profiles, badge, capabilities, measures, and caveats."""

from memconform.difference.compare import Difference, Run, difference
from memconform.difference.outcomes import ABSENT, Kind, Row, requirement_rows

__all__ = ["ABSENT", "Difference", "Kind", "Row", "Run", "difference", "requirement_rows"]
