"""What the self-test tries: a server for each defect, for each legal variant, and the reference itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from memconform.contract import requirements
from memconform.verdict import Outcome

Kind = Literal["defect", "variant", "reference"]

DURABILITY = "CORE-26"
"""The requirement whose test kills the server: it needs a data file and a restart command."""


@dataclass(frozen=True, slots=True)
class Case:
    """One server and what must come of judging it. `breaks` is None for a legal one."""

    kind: Kind
    name: str
    summary: str
    breaks: str | None = None
    durable: bool = False
    """Serve from a file, with a command that kills the server and starts it again."""

    @property
    def serve_options(self) -> list[str]:
        """The options of `memconform serve` for this server."""
        return [] if self.kind == "reference" else [f"--{self.kind}", self.name]

    def wanted(self) -> Outcome | None:
        """Return the outcome that the broken requirement must have; None for a legal server."""
        if self.breaks is None:
            return None
        return Outcome.FAIL if requirements()[self.breaks].level == "MUST" else Outcome.WARN


def cases() -> Mapping[str, Case]:
    """Return every case by name: the slow ones (whole suites) first, so that no long one comes last."""
    from memconform_server.defects import defects
    from memconform_server.variants import variants

    legal = [
        Case("reference", "reference", "the reference server"),
        Case("reference", "reference-restarted", "the reference server, killed and started again", durable=True),
    ]
    legal += [Case("variant", variant.name, variant.freedom) for variant in variants().values()]
    broken = [
        Case("defect", defect.name, defect.sin, defect.breaks, durable=defect.breaks == DURABILITY)
        for defect in defects().values()
    ]
    broken.sort(key=lambda case: case.breaks not in ("LIMITS-01", DURABILITY))
    return {case.name: case for case in (*broken[:_SLOW], *legal, *broken[_SLOW:])}


_SLOW = 6
"""How many of the defects take long because their test waits or restarts."""
