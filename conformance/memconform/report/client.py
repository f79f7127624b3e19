"""A check of a client on a terminal: what is tested, the findings with their evidence, the verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import click

from memconform.report.finding import finding_lines
from memconform.report.terminal import COLOURS, MARK_COLOURS, MARKS, plain

_GRAVE = ("warn", "inconclusive", "error", "fail")
_SHOWN = 3


def client_plan_lines(result: Mapping[str, Any], python: str) -> Iterator[str]:
    """Yield what is about to happen."""
    client = result["client"]
    yield f"memconform checks {client['identity']} ({client['path']}), a Dify plugin in its runtime on {plain(python)}"
    yield f"  tools      {len(client['tools'])}: {', '.join(each['tool'] for each in client['tools'])}"
    yield f"  deadline   {client['deadline_s']:g} s a call"
    yield f"  tests      {result['run']['planned_tests']}"


def client_verdict_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield the findings, the gravest last, then a line for each requirement and the verdict."""
    for grave in _GRAVE:
        for row in result["requirements"]:
            if row["outcome"] == grave:
                yield from _finding_lines(result, row)
    for row in result["requirements"]:
        if row["outcome"] != "not_selected":
            outcome = click.style(f"{row['outcome']:<12}", fg=MARK_COLOURS.get(row["outcome"], "green"))
            yield f"  {row['id']}  {outcome} {_short(row['statement'])}"
    for death in result["client"]["deaths"]:
        yield f"  the plugin died: {plain(death)}"
    if result["client"]["stray_lines"]:
        yield f"  stray      {result['client']['stray_lines']} lines on standard output are not of Dify's protocol"
    if result["run"]["stopped"]:
        yield click.style(f"stopped early: {plain(result['run']['stopped'])}", fg="red")
    verdict, run = result["verdict"], result["run"]
    part = " in what was selected" if verdict["partial"] else ""
    head = click.style(f"{verdict['conformance'].upper()}{part}", fg=COLOURS[verdict["conformance"]], bold=True)
    yield f"{head} — {run['calls']} calls, {run['requests']} requests, {run['seconds']:.1f} s"


def _finding_lines(result: Mapping[str, Any], row: Mapping[str, Any]) -> Iterator[str]:
    again = f"{result['run']['command']} --requirement {row['id']}"
    for number, record in enumerate(_evidence(result, row)):
        if number == _SHOWN:
            yield f"  … and more of {row['id']}: --json has them all"
            return
        head, *rest = finding_lines(record, row["id"], again)
        yield click.style(MARKS[row["outcome"]], fg=MARK_COLOURS[row["outcome"]], bold=True) + " " + head
        yield from rest
        yield ""


def _evidence(result: Mapping[str, Any], row: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    told = set()
    for record in result["tests"]:
        if record["requirement"] == row["id"] and record["outcome"] == row["outcome"]:
            told.add(record.get("observed"))
            yield record
    for record in result["tests"]:
        for wire in record["wire"]:
            if wire["requirement"] == row["id"] and wire["observed"] not in told:
                told.add(wire["observed"])
                yield wire


def _short(statement: str) -> str:
    words = " ".join(statement.split())
    return words if len(words) <= 90 else f"{words[:89]}…"
