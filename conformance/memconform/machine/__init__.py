"""The model-based machine: random sequences of every operation, beside an oracle, and the shortest that diverges."""

from memconform.machine.divergence import Divergence
from memconform.machine.machine import Machine
from memconform.machine.run import Stage
from memconform.machine.step import Step, sequences

__all__ = ["Divergence", "Machine", "Stage", "Step", "sequences"]
