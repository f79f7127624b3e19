"""Compares two results of one kind; what changed is data, and its forms are made from it alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from memconform.difference.caveats import caveats
from memconform.difference.documents import Member, members
from memconform.difference.measured import Moved, moved
from memconform.difference.outcomes import Row, requirement_rows
from memconform.report.subject import subject
from memconform.settings import UsageError

Result: TypeAlias = Mapping[str, Any]

FORMAT = "memconform.difference/1"
_NOT_DECLARED = "not declared"


@dataclass(frozen=True, slots=True)
class Run:
    """One of the two results, as a difference has to name it."""

    subject: str
    started_at: str
    contract: str
    version: str
    conformance: str
    badge: str | None
    command: str

    @classmethod
    def of(cls, result: Result) -> Run:
        """Return what is to be said of a result."""
        verdict, run = result["verdict"], result["run"]
        version = result["tool"]["version"]
        said = (subject(result), run["started_at"], result["contract"], version, verdict["conformance"])
        return cls(*said, verdict.get("badge"), run["command"])

    def to_json(self) -> dict[str, Any]:
        """Return it as `schemas/results/difference.schema.json` describes it."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class ProfileChange:
    """A profile with another verdict than before; `not declared` is one of them."""

    profile: str
    before: str
    now: str

    @property
    def words(self) -> str:
        """What happened to it."""
        if self.before == _NOT_DECLARED:
            return f"declared now: {self.now}"
        if self.now == _NOT_DECLARED:
            return f"declared no longer (it was {self.before})"
        return f"{self.before}, now {self.now}"

    def to_json(self) -> dict[str, Any]:
        """Return it as `schemas/results/difference.schema.json` describes it."""
        return {"profile": self.profile, "before": self.before, "now": self.now}


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed between two results of one kind."""

    before: Run
    now: Run
    rows: tuple[Row, ...]
    """The requirements whose outcome changed, in the order of the contract."""
    profiles: tuple[ProfileChange, ...]
    capabilities: tuple[Member, ...]
    measures: tuple[Moved, ...]
    caveats: tuple[str, ...]
    """What makes the comparison unfair, in words."""

    @property
    def regressions(self) -> tuple[Row, ...]:
        """The requirements that are judged worse than before."""
        return tuple(row for row in self.rows if row.regressed)

    @property
    def badge(self) -> tuple[str | None, str | None]:
        """The badge before and now; None where none was earned."""
        return self.before.badge, self.now.badge

    @property
    def exit_code(self) -> int:
        """1 where something regressed, else 0."""
        return int(bool(self.regressions))

    def to_json(self) -> dict[str, Any]:
        """Return it as `schemas/results/difference.schema.json` describes it."""
        return {
            "format": FORMAT,
            "before": self.before.to_json(),
            "now": self.now.to_json(),
            "regressed": bool(self.regressions),
            "requirements": [row.to_json() for row in self.rows],
            "profiles": [change.to_json() for change in self.profiles],
            "capabilities": [member.to_json() for member in self.capabilities],
            "measures": [measure.to_json() for measure in self.measures],
            "caveats": list(self.caveats),
        }


def difference(before: Result, now: Result) -> Difference:
    """Return what changed between two results; raise `UsageError` where they are of different kinds."""
    if before["format"] != now["format"]:
        raise UsageError(
            f"the results are of different kinds ({before['format']} and {now['format']}): a server is compared with "
            "a server, a client with a client"
        )
    documents = [result.get("server", {}).get("capabilities", {}) for result in (before, now)]
    return Difference(
        Run.of(before),
        Run.of(now),
        requirement_rows(before["requirements"], now["requirements"]),
        tuple(_profiles(before, now)),
        members(*documents),
        moved(before, now),
        caveats(before, now),
    )


def _profiles(before: Result, now: Result) -> list[ProfileChange]:
    was, seen = ({row["name"]: row["conformance"] for row in each.get("profiles", ())} for each in (before, now))
    names = (*seen, *(name for name in was if name not in seen))
    changes = (ProfileChange(name, was.get(name, _NOT_DECLARED), seen.get(name, _NOT_DECLARED)) for name in names)
    return [change for change in changes if change.before != change.now]
