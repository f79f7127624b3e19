"""`memconform explain ID`: everything about one requirement."""

from __future__ import annotations

import json
import textwrap
from dataclasses import asdict
from typing import Any

import click

from memconform.cli.known import REQUIREMENT
from memconform.cli.next_step import suggest
from memconform.contract import Requirement, requirements
from memconform.contract.versions import FIRST
from memconform.specification.tested import tests_of


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("requirement", type=REQUIREMENT)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def command(requirement: str, as_json: bool) -> None:
    """Print a requirement's statement, why it is there, how it is tested, and which defects prove the test."""
    row = requirements()[requirement]
    tests = [asdict(each) for each in tests_of(requirement)]
    proof = _proof(requirement)
    if as_json:
        known = {name: value for name, value in asdict(row).items() if value is not None}
        click.echo(json.dumps({**known, "tests": tests, "defects": proof}, indent=1))
        return
    since = f", since contract {row.since}" if row.since != FIRST else ""
    click.echo(f"{click.style(row.id, bold=True)} ({row.level}, profile {row.profile}{since})")
    for label, text in _told(row):
        _print(label, text)
    for test in tests:
        _print("test", f"{test['test']}: {test['promise']}")
    for defect in proof or []:
        _print("defect", f"{defect['name']}: {defect['sin']}")
    if proof is None:
        _print("defects", "listed when the extra 'server' is installed: pip install 'memconform[server]'")
    suggest(*_next(row, proof or []))


def _next(row: Requirement, proof: list[dict[str, Any]]) -> list[str]:
    """Return how to see it judged: your own server or plugin, and one that is known to break it."""
    if row.profile == "client":
        steps = [f"memconform plugin check PLUGIN --requirement {row.id} judges a plugin by it"]
        return steps + [f"memconform plugin selftest --only {each['name']} -v shows it broken" for each in proof[:1]]
    steps = [f"memconform check http://127.0.0.1:8765 --requirement {row.id} judges a server by it"]
    return steps + [f"memconform serve --defect {each['name']} starts a server that breaks it" for each in proof[:1]]


def _told(row: Requirement) -> list[tuple[str, str]]:
    told = [("statement", row.statement), ("why", row.why), ("when", row.when), ("how", row.how)]
    told += [("source", row.source), ("not tested", row.not_tested)]
    return [(label, text) for label, text in told if text]


def _proof(requirement: str) -> list[dict[str, Any]] | None:
    """Return the defects that break the requirement; None when they are not installed."""
    if requirements()[requirement].profile == "client":
        from memconform.clients.bends import plugin_defects

        bends = plugin_defects().values()
        return [{"name": each.name, "sin": each.sentence} for each in bends if each.breaks == requirement]
    try:
        from memconform_server.defects import defects
    except ModuleNotFoundError:
        return None
    return [{"name": each.name, "sin": each.sin} for each in defects().values() if each.breaks == requirement]


def _print(label: str, text: str) -> None:
    words = " ".join(text.split())
    click.echo(textwrap.fill(words, 110, initial_indent=f"  {label:<11}", subsequent_indent=" " * 13))
