"""How many arrivals a second a server bears while its service level objectives are met."""

from memconform_load.capacity.evidence import Block, Criterion, Decision, rises
from memconform_load.capacity.found import Capacity
from memconform_load.capacity.probe import Probe, Seconds, Trial
from memconform_load.capacity.search import Search, TrialFailed, find_capacity

__all__ = [
    "Block",
    "Capacity",
    "Criterion",
    "Decision",
    "Probe",
    "Search",
    "Seconds",
    "Trial",
    "TrialFailed",
    "find_capacity",
    "rises",
]
