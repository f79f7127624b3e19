"""A check of a client on a terminal: what is tested, the findings with their evidence, the verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import click

from memconform.baseline import telling
from memconform.baseline.comparing import exit_code
from memconform.report.findings import MARK_COLOURS, findings
from memconform.report.terminal import COLOURS, ends_with, plain
from memconform.verdict import ExitCode


def client_plan_lines(result: Mapping[str, Any], python: str) -> Iterator[str]:
    """Yield what is about to happen."""
    client = result["client"]
    yield f"memconform checks {client['identity']} ({client['path']}), a Dify plugin in its runtime on {plain(python)}"
    yield f"  tools      {len(client['tools'])}: {', '.join(each['tool'] for each in client['tools'])}"
    yield f"  deadline   {client['deadline_s']:g} s a call"
    yield f"  tests      {result['run']['planned_tests']}"


def client_verdict_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield the findings, the gravest last, then a line for each requirement and the verdict."""
    yield from findings(result)
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
    yield from map(plain, telling.lines(result))
    words = plain(telling.headline(result) or f"{verdict['conformance'].upper()}{part}") + ends_with(result)
    tolerated = verdict["exit_code"] != exit_code(result) == ExitCode.CONFORMANT
    head = click.style(words, fg="yellow" if tolerated else COLOURS[verdict["conformance"]], bold=True)
    yield f"{head} — {run['calls']} calls, {run['requests']} requests, {run['seconds']:.1f} s"


def _short(statement: str) -> str:
    words = " ".join(statement.split())
    return words if len(words) <= 90 else f"{words[:89]}…"
