"""What a scenario subclasses: a Locust user that plays arrivals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import gevent
from locust import User, task

from memconform_load.engine import wiring

if TYPE_CHECKING:
    from memconform_load.engine.preparing import Preparing
    from memconform_load.engine.turn import Turn


class MemoryUser(User):
    """A scenario. In an open workload one user a process sends all arrivals; in a closed one each user is a session."""

    abstract = True

    needs: ClassVar[frozenset[str]] = frozenset()
    """The profiles that the server has to declare, beside core."""
    by_plugin: ClassVar[bool] = False
    """Whether it makes no sense without a plugin."""
    parameters: ClassVar[Mapping[str, Any]] = {}
    """The scenario's parameters and their defaults; `--set NAME=VALUE` changes one."""
    plan: ClassVar[Mapping[str, Any]] = {}
    """Defaults of its own for members of the plan: `rate`, `arrivals`, `duration`, `people`, `sessions`."""
    objectives: ClassVar[Sequence[str]] = ()
    """Service level objectives where none are given."""

    def prepare(self, preparing: Preparing) -> None:
        """Fill the server before the load begins; runs once in each process, for the people of that process."""

    def arrival(self, turn: Turn) -> None:
        """Play one arrival."""
        raise NotImplementedError

    def pause(self, turn: Turn) -> float:  # noqa: ARG002 - for those that override it
        """Return how many seconds a session rests between two turns; closed workloads only."""
        return 0.0

    @classmethod
    def conclude(cls, result: Mapping[str, Any]) -> list[dict[str, Any]]:  # noqa: ARG003 - for those that override it
        """Return figures of the scenario's own, `{"name", "value", "unit", "said"}`, from the whole run."""
        return []

    @task
    def play(self) -> None:
        """Take part in the run; Locust ends it."""
        wiring.part_of(self.environment).take_part(self)
        while True:
            gevent.sleep(60)


wiring.connect()
