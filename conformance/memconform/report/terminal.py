"""The run on a terminal: what will be tested, a progress line, the verdict with its evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import click

from memconform.applicability import LARGER_BUDGET
from memconform.report.finding import again_of, finding_lines
from memconform.settings import RunSettings

COLOURS = {
    "conformant": "green",
    "not conformant": "red",
    "incomplete": "yellow",
    "not tested": "bright_black",
    "not declared": "bright_black",
}

MARKS = {"fail": "FAIL", "warn": "WARN", "inconclusive": "INCONCLUSIVE", "error": "ERROR"}
MARK_COLOURS = {"fail": "red", "warn": "yellow", "inconclusive": "yellow", "error": "magenta"}


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


def verdict_lines(result: Mapping[str, Any], settings: RunSettings) -> Iterator[str]:
    """Yield the findings, the gravest last, then a line for each profile and the verdict."""
    for outcome in ("warn", "inconclusive", "error", "fail"):
        for row in result["requirements"]:
            if row["outcome"] == outcome:
                yield from _requirement_lines(result, row, settings)
    yield from _leak_lines(result, settings)
    for profile in result["profiles"]:
        yield from _profile_lines(profile, result)
    for record in result["tests"]:
        for measure in record.get("measures", ()):
            yield f"  measured {record['requirement']}: {_measured(measure)}"
    yield from _closing_lines(result)


def _requirement_lines(result: Mapping[str, Any], row: Mapping[str, Any], settings: RunSettings) -> Iterator[str]:
    """Yield what the tests of one requirement found, and what was seen of it in the exchanges of other tests."""
    outcome = row["outcome"]
    for told, record in enumerate(_evidence(result, row["id"], outcome)):
        if told >= 3:
            yield f"  … and more of {row['id']}: --json has them all"
            break
        head, *rest = finding_lines(record, row["id"], again_of(record, row["id"], settings))
        yield click.style(MARKS[outcome], fg=MARK_COLOURS[outcome], bold=True) + " " + head
        yield from rest
        yield ""


def _evidence(result: Mapping[str, Any], requirement: str, outcome: str) -> Iterator[Mapping[str, Any]]:
    seen = set()
    for record in result["tests"]:
        if record["requirement"] == requirement and record["outcome"] == outcome:
            seen.add((record.get("expected"), record.get("observed")))
            yield record
    for record in result["tests"]:
        for wire in record["wire"]:
            key = (wire["expected"], wire["observed"])
            if wire["requirement"] == requirement and key not in seen:
                seen.add(key)
                yield wire


def _leak_lines(result: Mapping[str, Any], settings: RunSettings) -> Iterator[str]:
    again = f"memconform cleanup --run-id {result['run']['id']}"
    if settings.keep_data:
        yield f"kept what the run created; to delete it: {again}"
        yield ""
    reasons = Counter(plain(str(leak.get("why", ""))) for leak in result["leaks"])
    for why, count in reasons.items():
        yield f"left behind: {count} of this run's memories ({why})"
    if any(not leak.get("stray") for leak in result["leaks"]):
        yield f"  try       {again}"
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


def _closing_lines(result: Mapping[str, Any]) -> Iterator[str]:
    verdict, run = result["verdict"], result["run"]
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
    if run["stopped"]:
        yield click.style(f"stopped early: {plain(run['stopped'])}", fg="red")
    badge = f", badge {verdict['badge'].capitalize()}" if verdict["badge"] else ""
    part = " in what was selected" if verdict["partial"] else ""
    waiting = sum(len(ids) for reason, ids in skipped.items() if reason.startswith(LARGER_BUDGET))
    if waiting and badge:
        badge += f" at this budget ({waiting} requirements wait for a larger one)"
    conformance = verdict["conformance"]
    yield (
        click.style(f"{conformance.upper()}{part}{badge}", fg=COLOURS[conformance], bold=True)
        + f" — {run['requests']['tests']} requests, {run['requests']['cleanup']} to clean up, {run['seconds']:.1f} s"
    )


def profile_declared(result: Mapping[str, Any], name: str) -> bool:
    """Return whether the result's server declares a profile."""
    return any(profile["name"] == name and profile["declared"] for profile in result["profiles"])


def plain(text: str) -> str:
    """Return text from the wire without what would steer a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
