"""What both forms of the matrix say of a server in one line, and at a glance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from memconform.contract import BADGES
from memconform.matrix.document import Matrix
from memconform.matrix.signs import ABSENT, SILENT
from memconform.matrix.speed import p95_of, settings, three_digits


def kept(server: Mapping[str, Any]) -> tuple[int, int]:
    """Return how many of the profiles that a server declares it keeps, and how many it declares."""
    verdicts = [row["conformance"] for row in server["profiles"] if row["conformance"] != "not declared"]
    return verdicts.count("conformant"), len(verdicts)


def not_met(server: Mapping[str, Any]) -> int:
    """Return how many MUSTs a server does not meet."""
    return int(server["counts"].get("fail", 0))


def unproven(server: Mapping[str, Any]) -> int:
    """Return how many requirements proved nothing either way."""
    return int(server["counts"].get("inconclusive", 0) + server["counts"].get("error", 0))


def met(server: Mapping[str, Any]) -> int:
    """Return how many requirements a server meets."""
    return int(server["counts"].get("pass", 0))


def budget(server: Mapping[str, Any]) -> str:
    """Return the budget of a run, and what it left out."""
    left = ["partial"] if server["partial"] else []
    left += [] if server["finished"] else ["ended early"]
    return ", ".join([server["budget"], *left])


def declared_profiles(matrix: Matrix) -> list[Mapping[str, str]]:
    """Return the profiles that any of the servers declares."""
    declared = {
        row["name"]
        for each in matrix["servers"]
        for row in each["profiles"]
        if row["conformance"] not in ("not declared", "not tested")
    }
    return [row for row in matrix["profiles"] if row["name"] in declared]


def judged_requirements(matrix: Matrix) -> list[Mapping[str, str]]:
    """Return the requirements that say something about any of the servers."""
    return [
        row
        for row in matrix["requirements"]
        if any(each["requirements"].get(row["id"], ABSENT) not in SILENT for each in matrix["servers"])
    ]


def glance(matrix: Matrix) -> Iterator[tuple[str, str, str]]:
    """Yield what matters most: label, figure, and what it is about."""
    servers = matrix["servers"]
    conformant = sum(each["verdict"] == "conformant" for each in servers)
    yield "servers", str(len(servers)), f"{conformant} conformant"
    yield from _ahead([each for each in servers if each["finished"] and not each["partial"]])
    yield from _quickest(matrix)
    if matrix["changes"]:
        kinds = [row["kind"] for each in matrix["changes"]["servers"] for row in each["rows"]]
        yield "since the last run", str(kinds.count("regression")), f"worse, {kinds.count('improvement')} better"


def _ahead(servers: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str, str]]:
    """Yield who is ahead; a run that left something out is not compared with whole ones."""
    badges = {each["name"]: BADGES.index(each["badge"]) for each in servers if each["badge"]}
    if badges:
        best = max(badges.values())
        yield "highest badge", BADGES[best].capitalize(), _names(badges, best)
    if servers:
        profiles = {each["name"]: kept(each)[0] for each in servers}
        yield "most profiles kept", str(most := max(profiles.values())), _names(profiles, most)
        musts = {each["name"]: not_met(each) for each in servers}
        yield "fewest MUSTs not met", str(least := min(musts.values())), _names(musts, least)


def _quickest(matrix: Matrix) -> Iterator[tuple[str, str, str]]:
    """Yield who searches quickest, where all were measured under one load."""
    names = [each["name"] for each in matrix["servers"]]
    times = {name: time for name in names if (time := p95_of(matrix, name, "search")) is not None}
    if times and len(settings(matrix)) == 1:
        quickest = min(times, key=times.__getitem__)
        yield "quickest search, p95", f"{three_digits(times[quickest])} ms", quickest


def _names(figures: Mapping[str, int], wanted: int) -> str:
    names = [name for name, figure in figures.items() if figure == wanted]
    shown = ", ".join(names[:2])
    return shown if len(names) < 3 else f"{shown} and {len(names) - 2} more"
