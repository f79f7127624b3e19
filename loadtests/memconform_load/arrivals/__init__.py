"""When calls arrive: absolute, seeded schedules, made before the run and not moved by how it goes."""

from memconform_load.arrivals.builders import constant, gamma_bursts, poisson, ramp, spike, stages, trace
from memconform_load.arrivals.grammar import parse_schedule
from memconform_load.arrivals.schedule import Kind, Schedule, Stage

__all__ = [
    "Kind",
    "Schedule",
    "Stage",
    "constant",
    "gamma_bursts",
    "parse_schedule",
    "poisson",
    "ramp",
    "spike",
    "stages",
    "trace",
]
