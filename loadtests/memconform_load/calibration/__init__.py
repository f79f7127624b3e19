"""A server with a known truth, and the proof that the load tool measures it on this machine."""

from memconform_load.calibration.journal import Journal
from memconform_load.calibration.laws import (
    LAWS,
    Bimodal,
    Capacity,
    Dies,
    Fixed,
    Law,
    Lognormal,
    SingleQueue,
    Slows,
    Stall,
    latencies,
)
from memconform_load.calibration.selfcheck import SCENARIO
from memconform_load.calibration.started import Calibration, NotStarted, calibrated
from memconform_load.calibration.wording import law_text, parse_law

__all__ = [
    "LAWS",
    "SCENARIO",
    "Bimodal",
    "Calibration",
    "Capacity",
    "Dies",
    "Fixed",
    "Journal",
    "Law",
    "Lognormal",
    "NotStarted",
    "SingleQueue",
    "Slows",
    "Stall",
    "calibrated",
    "latencies",
    "law_text",
    "parse_law",
]
