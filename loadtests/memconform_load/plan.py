"""What a run shall do, as data: made by the command line, sent to Locust's workers, written into the result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from memconform_load.arrivals import Schedule

DEFAULTS: Mapping[str, Any] = {"rate": "10", "duration": "30s", "arrivals": "poisson", "people": 100}
"""What holds where neither the command line nor the scenario's own `plan` says anything else."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One run. API keys are no part of it: they come in the environment (`MEMCONFORM_API_KEY`)."""

    url: str
    scenario: str
    """Name of a scenario, or the path of its file."""
    schedule: Schedule | None
    """When calls arrive (an open workload); None for sessions that wait for their answers (a closed one)."""
    sessions: int | None = None
    """How many sessions go on at once in a closed workload."""
    duration_s: float = 60.0
    """How long arrivals come, or sessions go on; the run drains after it."""
    people: int = 100
    seed: int = 0
    drivers: tuple[str, ...] = ("direct",)
    """`direct`, `plugin`, or both: then each arrival goes one way, by a coin of the seed."""
    plugin: str | None = None
    """Folder or package of the plugin."""
    plugin_map: str | None = None
    """The mapping file of the plugin, where it is not its memconform.yaml."""
    plugin_processes: int = 1
    timeout_s: float = 30.0
    """How long a call may take before it counts as timed out."""
    drain_s: float = 30.0
    """How long the run waits at its end for what is still on its way."""
    warm_up_s: float = 0.0
    """How long arrivals come before they count."""
    max_in_flight: int = 10_000
    """Where so many calls are on their way, further arrivals are dropped, and counted as such."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """The scenario's parameters where they differ from its own."""
    slo: tuple[str, ...] = ()
    judged: bool = True
    """Whether answers are judged: lost, stale, resurrected, duplicated and foreign memories."""
    workers: int = 1
    server_pid: int | None = None
    """A process on this machine whose memory is watched: the server's."""
    keep_data: bool = False
    """Whether what the run created stays on the server."""
    owned: bool = False
    """Whether the user said that a target that is not on the loopback interface is theirs to load."""
    ca_file: str | None = None
    insecure: bool = False
    start: str | None = None
    """The command that the server was started by for this run; None where it ran already."""

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {**asdict(self), "schedule": self.schedule.as_json() if self.schedule else None}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Plan:
        """Return the plan that `as_json` gave; raise `ValueError` where it is none."""
        schedule = document["schedule"]
        lists = {name: tuple(document[name]) for name in ("drivers", "slo")}
        return cls(**{**document, **lists, "schedule": Schedule.from_json(schedule) if schedule else None})
