"""The side of Locust: users, arrivals, calls that are measured, and the traffic between a master and its workers.

A scenario is a locustfile with one subclass of `MemoryUser`.
`locust -f` runs it as it is; `memconform load` starts Locust.
"""

from memconform_load.engine.turn import Turn
from memconform_load.engine.user import MemoryUser

__all__ = ["MemoryUser", "Turn"]
