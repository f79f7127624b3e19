"""The run on a terminal: what will be tested, a progress line, the verdict with its evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import click

from memconform.baseline import telling
from memconform.baseline.comparing import exit_code
from memconform.report.badge import waiting
from memconform.report.findings import findings
from memconform.report.standing import scored
from memconform.settings import RunSettings

COLOURS = {
    "conformant": "green",
    "not conformant": "red",
    "incomplete": "yellow",
    "not tested": "bright_black",
    "not declared": "bright_black",
}


def plan_lines(server: Mapping[str, Any], settings: RunSettings, tests: int, bound: int) -> Iterator[str]:
    """Yield what is about to happen."""
    document = server["capabilities"]
    service = document.get("service") if isinstance(document.get("service"), dict) else {}
    name = " ".join(str(service[key]) for key in ("name", "version") if service.get(key))
    yield f"memconform checks {settings.url}" + (f" ({plain(name)})" if name else "")
    declared = document.get("profiles") if isinstance(document.get("profiles"), list) else []
    yield f"  profiles   {', '.join(plain(str(profile)) for profile in declared) or 'none declared; core is assumed'}"
    for profile in server["served_undeclared"]:
        yield f"             {profile} is served but not declared: it is not tested; --profile {profile} tests it"
    yield f"  tests      {tests}, at most {bound} requests, and one more for each memory to clean up"
    yield f"  budget     {settings.budget.size}, seed {settings.seed}"


def verdict_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield the findings, the gravest last, then a line for each profile and the verdict."""
    yield from findings(result)
    yield from _leak_lines(result)
    for profile in result["profiles"]:
        yield from _profile_lines(profile, result)
    for record in result["tests"]:
        for measure in record.get("measures", ()):
            yield f"  measured {record['requirement']}: {_measured(measure)}"
    yield from _untested_lines(result)
    yield from map(plain, telling.lines(result))
    yield _verdict_line(result)


def _leak_lines(result: Mapping[str, Any]) -> Iterator[str]:
    cleanup = f"memconform cleanup --run-id {result['run']['id']}"
    if "--keep-data" in result["run"]["command"].split():
        yield f"kept what the run created; to delete it: {cleanup}"
        yield ""
    reasons = Counter(plain(str(leak.get("why", ""))) for leak in result["leaks"])
    for why, count in reasons.items():
        yield f"left behind: {count} of this run's memories ({why})"
    started = "--start" in result["run"]["command"].split()  # by the check, which ended it: nothing is there any more
    if any(not leak.get("stray") for leak in result["leaks"]) and not started:
        unlisted = any(why.startswith("the list") for why in reasons)
        yield f"  try       {'mend the list first, for it tells what to delete; then ' * unlisted}{cleanup}"
    if reasons:
        yield ""


def _profile_lines(profile: Mapping[str, Any], result: Mapping[str, Any]) -> Iterator[str]:
    if profile["conformance"] == "not declared":
        return
    counts = profile["counts"]
    if set(counts) <= {"not_selected", "not_tested"} and result["verdict"]["partial"]:
        return
    said = ", ".join(f"{number} {outcome.replace('_', ' ')}" for outcome, number in counts.items())
    conformance = profile["conformance"]
    yield f"  {profile['name']:<12} {click.style(f'{conformance:<15}', fg=COLOURS[conformance])} {said}"


def _measured(measure: Mapping[str, Any]) -> str:
    """Return one measure in words; times in a unit that fits them."""
    name = plain(str(measure["name"]))
    if "value" in measure:
        return f"{name} {measure['value']:g} {plain(str(measure['unit']))}".rstrip()
    largest = measure["max"]
    unit, factor = ("s", 1) if largest >= 1 else ("ms", 1000)
    if measure["samples"] == 1:
        return f"{name} {largest * factor:.3g} {unit} (1 sample)"
    figures = ", ".join(f"{figure} {measure[figure] * factor:.3g}" for figure in ("min", "p50", "p95", "p99", "max"))
    return f"{name} {figures} {unit} ({measure['samples']} samples)"


def _untested_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield which requirements were not judged, or count for nothing, and why."""
    skipped: dict[str, list[str]] = {}
    for row in result["requirements"]:
        if row["outcome"] == "skip" and profile_declared(result, row["profile"]):
            skipped.setdefault(str(row.get("reason", "")), []).append(row["id"])
    for reason, ids in skipped.items():
        yield f"  skipped {', '.join(ids)}: {plain(reason)}"
    untested = [
        row["id"]
        for row in result["requirements"]
        if row["outcome"] == "not_tested" and profile_declared(result, row["profile"])
    ]
    if untested and not result["verdict"]["partial"]:
        yield f"  not tested by this version: {', '.join(untested)}"
    if unscored := [f"{row['id']} ({row['outcome']})" for row in result["requirements"] if not scored(row)]:
        yield f"  unscored {', '.join(unscored)}: newer than contract {result['contract']}, which counts here"
    if result["run"]["stopped"]:
        yield click.style(f"stopped early: {plain(result['run']['stopped'])}", fg="red")


def _verdict_line(result: Mapping[str, Any]) -> str:
    verdict, run = result["verdict"], result["run"]
    badge = f", badge {verdict['badge'].capitalize()}" if verdict["badge"] else ""
    part = " in what was selected" if verdict["partial"] else ""
    later = len(waiting(result))
    if later and badge:
        badge += f" at this budget ({later} requirements wait for a larger one)"
    conformance = verdict["conformance"]
    baseline_holds = "baseline" in result and result["baseline"]["exit_code"] == 0
    head = plain(telling.headline(result) or f"{conformance.upper()}{part}{badge}") + ends_with(result)
    colour = "yellow" if baseline_holds and conformance != "conformant" else COLOURS[conformance]
    requests = f"{run['requests']['tests']} requests, {run['requests']['cleanup']} to clean up"
    return f"{click.style(head, fg=colour, bold=True)} — {requests}, {run['seconds']:.1f} s"


def ends_with(result: Mapping[str, Any]) -> str:
    """Return the exit code in words where a baseline makes it another one than the verdict suggests."""
    code = exit_code(result)
    return "" if code == result["verdict"]["exit_code"] else f" (exit code {code})"


def profile_declared(result: Mapping[str, Any], name: str) -> bool:
    """Return whether the result's server declares a profile."""
    return any(profile["name"] == name and profile["declared"] for profile in result["profiles"])


def plain(text: str) -> str:
    """Return text from the wire without what would steer a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
