"""Which part of a run a process has: made by the master, sent to its workers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from memconform_load.plan import Plan


@dataclass(frozen=True, slots=True)
class Share:
    """The share of one process: the people whose number leaves its index when divided by the number of processes."""

    index: int
    workers: int
    run_id: str
    plan: Plan
    parameters: Mapping[str, Any]
    capabilities: Mapping[str, Any]

    @property
    def people(self) -> range:
        """Numbers of the people of this process."""
        return range(self.index, self.plan.people, self.workers)

    def of(self, index: int) -> Share:
        """Return the share of another process."""
        return replace(self, index=index)

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        own = {"index": self.index, "workers": self.workers, "run_id": self.run_id}
        return own | {
            "plan": self.plan.as_json(),
            "parameters": dict(self.parameters),
            "capabilities": dict(self.capabilities),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Share:
        """Return the share that `as_json` gave."""
        return cls(**{**document, "plan": Plan.from_json(document["plan"])})
