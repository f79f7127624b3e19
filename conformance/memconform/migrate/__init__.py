"""Carries memories from one server to another: reads, writes, reads back, and accounts for every record.

Nothing is deleted or changed at the source. What a run has done is in its journal, so that the next one goes on.
"""

from memconform.migrate.errors import Stopped
from memconform.migrate.migration import Migration, Plan
from memconform.migrate.service import Service

__all__ = ["Migration", "Plan", "Service", "Stopped"]
