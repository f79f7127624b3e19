"""The parts of a result: requirements, profiles, measures, what ran, what was judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from memconform.api.evidence import Finding, findings_of
from memconform.budget import Size
from memconform.contract import Level
from memconform.verdict import Conformance, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementResult:
    """What came of one requirement: the gravest outcome of its tests.

    `outcome` is None where no test of it ended; `untried` says why then: `not_selected` (left out by the arguments),
    `not_run` (the run ended before) or `not_tested` (no test of this release judges it). `reason` says why it was
    skipped. `tests` are the tests that ran, `file::function`. `findings` are empty where it ended well. `scored` is
    False where the requirement came with a later contract than the server's: its outcome counts for nothing.

    >>> from memconform import check_server, reference_server
    >>> with reference_server() as url:
    ...     row = check_server(url, requirements=["CORE-13"], budget="smoke").requirement("CORE-13")
    >>> row.level, row.profile, row.outcome.value, row.findings
    ('MUST', 'core', 'pass', ())
    """

    id: str
    level: Level
    profile: str
    statement: str
    outcome: Outcome | None
    untried: Literal["not_tested", "not_selected", "not_run"] | None
    reason: str | None
    tests: tuple[str, ...]
    findings: tuple[Finding, ...]
    scored: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileResult:
    """The verdict on one profile; `declared` says whether the server declares it, `counts` are requirements by outcome.

    >>> from memconform import check_server, reference_server
    >>> with reference_server() as url:
    ...     search = check_server(url, requirements=["SEARCH-01"], budget="smoke").profile("search")
    >>> search.declared, search.conformance.value, search.counts["pass"]
    (True, 'conformant', 1)
    """

    name: str
    title: str
    declared: bool
    conformance: Conformance
    counts: Mapping[str, int] = field(hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What a test measured, whatever its outcome: a distribution of times, or one quantity.

    A distribution has `samples` (how many) and the figures `min`, `p50`, `p95`, `p99` (nearest rank) and `max`, in
    `unit`, which is `s`; `value` is None then. A quantity has `value` in `unit`; all the others are None then.

    >>> from memconform import check_server, reference_server
    >>> with reference_server() as url:
    ...     (measure,) = check_server(url, requirements=["SEARCH-10"], budget="smoke").measures
    >>> measure.name, measure.unit, measure.samples
    ('search: time to forget', 's', 1)
    """

    requirement: str
    test: str
    name: str
    unit: str
    value: float | None
    samples: int | None
    min: float | None
    p50: float | None
    p95: float | None
    p99: float | None
    max: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo:
    """How the run went: `seconds` in all, `requests` in all, at most `bound` of them by tests.

    `id` is in every scope that the run used. `stopped` says why it ended early, None where it did not. `command`
    repeats it from a shell, with keys in their variables.

    >>> from memconform import check_server, reference_server
    >>> with reference_server() as url:
    ...     run = check_server(url, requirements=["CORE-13"], budget="smoke", seed=7).run
    >>> run.budget, run.seed, run.stopped
    ('smoke', 7, None)
    >>> run.command.endswith("--requirement CORE-13 --budget smoke --seed 7")
    True
    """

    id: str
    seed: int
    budget: Size
    started_at: datetime
    seconds: float
    requests: int
    bound: int
    stopped: str | None
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerInfo:
    """What was judged: its address, name and version that it gives itself (None: none), declared profiles.

    `served_undeclared` are profiles whose operations are there without being declared. `capabilities` is the document
    of `GET /v1/capabilities` as the server sent it, `{}` where it sent none.

    >>> from memconform import check_server, reference_server
    >>> with reference_server() as url:
    ...     server = check_server(url, requirements=["CORE-13"], budget="smoke").server
    >>> server.url == url, server.name, "search" in server.profiles
    (True, 'memconform reference server', True)
    """

    url: str
    name: str | None
    version: str | None
    profiles: tuple[str, ...]
    served_undeclared: tuple[str, ...]
    capabilities: Mapping[str, Any] = field(hash=False, repr=False)


_UNTRIED = ("not_tested", "not_selected", "not_run")
_FIGURES = ("value", "samples", "min", "p50", "p95", "p99", "max")


def requirement_results(document: Mapping[str, Any]) -> tuple[RequirementResult, ...]:
    """Return the requirements of a result, in the order of the contract."""
    return tuple(
        RequirementResult(
            id=row["id"],
            level=row["level"],
            profile=row["profile"],
            statement=row["statement"],
            outcome=None if row["outcome"] in _UNTRIED else Outcome(row["outcome"]),
            untried=row["outcome"] if row["outcome"] in _UNTRIED else None,
            reason=row.get("reason"),
            tests=tuple(row["tests"]),
            findings=findings_of(document, row),
            scored=row.get("scored", True),
        )
        for row in document["requirements"]
    )


def profile_results(document: Mapping[str, Any]) -> tuple[ProfileResult, ...]:
    """Return the profiles of a result, in the order of the contract."""
    return tuple(
        ProfileResult(
            name=row["name"],
            title=row["title"],
            declared=row["declared"],
            conformance=Conformance(row["conformance"]),
            counts=dict(row["counts"]),
        )
        for row in document["profiles"]
    )


def measures_of(document: Mapping[str, Any]) -> tuple[Measure, ...]:
    """Return what the tests of a result measured, in their order."""
    return tuple(
        Measure(
            requirement=record["requirement"],
            test=record["test"],
            name=each["name"],
            unit=each["unit"],
            **{figure: each.get(figure) for figure in _FIGURES},
        )
        for record in document["tests"]
        for each in record.get("measures", ())
    )


def run_of(document: Mapping[str, Any]) -> RunInfo:
    """Return how the run of a result went."""
    run = document["run"]
    return RunInfo(
        id=run["id"],
        seed=run["seed"],
        budget=run["budget"],
        started_at=datetime.fromisoformat(run["started_at"]),
        seconds=run["seconds"],
        requests=run["requests"]["total"],
        bound=run["requests"]["bound"],
        stopped=run["stopped"],
        command=run["command"],
    )


def server_of(document: Mapping[str, Any]) -> ServerInfo:
    """Return what a result is about; a server may say anything of itself."""
    server = document["server"]
    said = server["capabilities"]
    service = said.get("service") if isinstance(said.get("service"), dict) else {}
    declared = said.get("profiles") if isinstance(said.get("profiles"), list) else []
    return ServerInfo(
        url=server["url"],
        name=_text(service.get("name")),
        version=_text(service.get("version")),
        profiles=tuple(str(name) for name in declared),
        served_undeclared=tuple(server["served_undeclared"]),
        capabilities=said,
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)
