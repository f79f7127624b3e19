"""The load that shows a fault of each kind, and what was seen of a server under it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memconform_load.arrivals import poisson
from memconform_load.plan import Plan
from memconform_server.defects_under_load.registry import LAWS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

EVERYTHING = str(Path(__file__).with_name("load_defect_everything.py"))
SESSIONS = 16


@dataclass(frozen=True, slots=True)
class Gate:
    """A load that shows faults of a kind, and the objective that they miss."""

    objective: str
    scenario: str = EVERYTHING
    rate: float | None = None
    """Arrivals a second; None: sessions that do not rest."""
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def plan(self, url: str, pid: int, seconds: float) -> Plan:
        """Return the plan of one run."""
        return Plan(
            url=url,
            scenario=self.scenario,
            schedule=poisson(self.rate, seconds) if self.rate else None,
            sessions=None if self.rate else SESSIONS,
            duration_s=seconds,
            people=1 if self.scenario == "grow" else 2 * SESSIONS,
            slo=(self.objective,),
            parameters=self.parameters,
            server_pid=pid,
        )


LAW = Gate("laws=0")
GATES: Mapping[str, Gate] = {
    "latency": Gate("search.max<1500ms"),
    "errors": Gate("errors<0.05%"),
    "growth": Gate("figure:growth factor<=5", "grow", 20.0, {"to": 3_000, "steps": 6}),
    "fairness": Gate("measured:search beside.p95<300ms", "bulk", 20.0, {"bulk": 200, "window": 3.0}),
    "memory": Gate("figure:memory growth<=4000", "soak", 60.0, {"facts": 5, "adds": 0.2}),
}


@dataclass(slots=True)
class Seen:
    """What load tests said of one server."""

    server: str
    wanted: str
    """The law or gate that has to find it; "" where there is nothing to find."""
    found: dict[str, int] = field(default_factory=dict)
    """How often which law was broken, and 1 for a gate whose objective was missed."""
    witness: Sequence[str] = ()
    requests: int = 0
    load_s: float = 0.0
    observed: str = ""
    """What the objective said."""

    @property
    def is_right(self) -> bool:
        """Whether what is wrong was found, with a witness, and nothing is said of a server that is right."""
        if self.wanted in LAWS:
            return self.wanted in self.found and bool(self.witness)
        return self.wanted in self.found if self.wanted else not self.found

    def add(self, result: Mapping[str, Any], gate: str) -> None:
        """Take in what a run said."""
        self.requests += sum(row["count"] for row in result["operations"])
        self.load_s += result["load_s"]
        for row in result["violations"]["found"]:
            self.found[row["law"]] = self.found.get(row["law"], 0) + row["count"]
            if row["law"] == self.wanted or not self.witness:
                self.witness = row["witness"]
        if gate in GATES:
            (objective,) = result["slo"]
            self.observed = objective["said"]
            if not objective["met"] and objective["decided"]:
                self.found[gate] = 1
