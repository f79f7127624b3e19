"""What the self-test tries: a server for each defect, for each legal variant, and the reference itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from memconform.contract import requirements
from memconform.verdict import Outcome

Kind = Literal["defect", "variant", "reference"]

THROTTLING = "LIMITS-01"
"""The requirement whose test waits for up to a minute."""

DURABILITY = "CORE-26"
"""The requirement whose test kills the server: it needs a data file and a restart command."""


EXTRACTION = "INGESTION-03"
"""The requirement whose test needs messages that are known to fail."""


@dataclass(frozen=True, slots=True)
class Case:
    """One server and what must come of judging it. `breaks` is None for a legal one."""

    kind: Kind
    name: str
    summary: str
    breaks: str | None = None
    only: str | None = None
    """Judge a legal server with the tests of this requirement alone; None: with the whole suite."""
    durable: bool = False
    """Serve from a file, with a command that kills the server and starts it again."""
    options: tuple[str, ...] = ()
    """Further options of `memconform serve`."""

    @property
    def serve_options(self) -> list[str]:
        """The options of `memconform serve` for this server."""
        return [*self.options] if self.kind == "reference" else [f"--{self.kind}", self.name, *self.options]

    @property
    def knows_failing_messages(self) -> bool:
        """True where the check is told of messages whose extraction fails: here, and in defects of that."""
        return self.breaks == EXTRACTION or (self.kind == "reference" and self.only is None)

    def wanted(self) -> Outcome | None:
        """Return the outcome that the broken requirement must have; None for a legal server."""
        if self.breaks is None:
            return None
        return Outcome.FAIL if requirements()[self.breaks].level == "MUST" else Outcome.WARN


def cases() -> Mapping[str, Case]:
    """Return every case by name: those that wait first, then those of a whole suite, so that no long one comes last."""
    from memconform_server.defects import defects
    from memconform_server.variants import variants

    legal = [
        Case("reference", "reference", "the reference server"),
        Case("reference", "reference-restarted", "killed and started again", only=DURABILITY, durable=True),
        Case(
            "reference", "reference-throttled", "with a rate", only=THROTTLING, options=("--requests-per-minute", "30")
        ),
    ]
    legal += [Case("variant", each.name, each.freedom, only=each.only) for each in variants().values()]
    broken = [
        Case("defect", defect.name, defect.sin, defect.breaks, durable=defect.breaks == DURABILITY)
        for defect in defects().values()
    ]
    waiting = [case for case in legal if case.only]
    rest = [case for case in legal if not case.only]
    return {case.name: case for case in (*waiting, *rest, *broken)}
