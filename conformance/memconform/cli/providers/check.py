"""`memconform providers check NAME…`."""

from __future__ import annotations

import json
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from memconform.budget import SIZES

_CHANGED = 1
_NO_VERDICT = 4


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.argument("names", nargs=-1)
@click.option("--all", "runs", type=click.Choice(["ci", "scheduled"]), help="Judge all that run then.")
@click.option("--budget", type=click.Choice(list(SIZES)), default="standard", help="How many requests to spend.")
@click.option("--upstream", metavar="URL", help="Where the provider listens already; it is not started then.")
@click.option(
    "--results",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Keep the results there, as NAME.json.",
)
@click.option(
    "--expect",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Compare with the results there; another set of failed requirements is an error.",
)
def command(
    names: tuple[str, ...],
    runs: str | None,
    budget: str,
    upstream: str | None,
    results: Path | None,
    expect: Path | None,
) -> None:
    """Start each provider, start its bridge, judge it, and end both; a line for each.

    Exit codes: 0 all judged (and as expected, with --expect); 1 not as expected; 2 usage; 4 one could not be judged.

    \b
    memconform providers check langgraph-server --results results
    memconform providers check langgraph-sqlite langchain-qdrant   # libraries: memconform[langgraph,langchain]
    memconform providers check --all ci --expect docs/providers/results
    """  # noqa: D301 - click reads the backspace
    from memconform.providers import ProviderFailed, definition, definitions

    try:
        wanted = [definition(name) for name in names]
        wanted += [each for each in definitions().values() if each.runs == runs]
    except ProviderFailed as error:
        raise click.UsageError(str(error)) from None
    if not wanted:
        raise click.UsageError("Name a provider (`memconform providers list` shows all), or give --all ci.")
    if upstream and len(wanted) > 1:
        raise click.UsageError("--upstream is the address of one provider; name that one alone.")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # providers end with their block, not with the process
    with tempfile.TemporaryDirectory(prefix="memconform-results-") as temporary:
        folder = results or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        codes = [_judge(each, folder / f"{each.name}.json", budget, upstream, expect) for each in wanted]
    sys.exit(max(codes))


def _judge(wanted: Any, file: Path, budget: str, upstream: str | None, expect: Path | None) -> int:
    from memconform.providers import ProviderFailed
    from memconform.providers.judging import changes, judged

    before = _expected(wanted.name, expect)
    try:
        result = judged(wanted, file, budget=budget, upstream=upstream, on_note=_note)
    except ProviderFailed as error:
        click.echo(f"{wanted.name}: not judged: {error}", err=True)
        return _NO_VERDICT
    click.echo(_line(wanted.name, result))
    differing = changes(wanted, before, result) if before is not None else ()
    for each in differing:
        click.echo(f"  {each.requirement}: {each.now}, where {each.before} was expected")
    if expect is not None and before is None:
        click.echo(f"  there is no {wanted.name}.json to compare with; keep one with --results")
        return _CHANGED
    return _CHANGED if differing else 0


def _expected(name: str, folder: Path | None) -> Mapping[str, Any] | None:
    file = folder / f"{name}.json" if folder else None
    if file is None or not file.is_file():
        return None
    expected: Mapping[str, Any] = json.loads(file.read_text("utf-8"))
    return expected


def _line(name: str, result: Mapping[str, Any]) -> str:
    counts = Counter(row["outcome"] for row in result["requirements"])
    failed: Sequence[str] = [row["id"] for row in result["requirements"] if row["outcome"] == "fail"]
    said = ", ".join(
        f"{counts[outcome]} {outcome}" for outcome in ("pass", "fail", "warn", "inconclusive") if counts[outcome]
    )
    run = result["run"]
    what = f" ({', '.join(failed)})" if failed else ""
    verdict, requests = result["verdict"]["conformance"], run["requests"]["total"]
    return f"{name}: {verdict}: {said}{what}; {requests} requests, {run['seconds']:.0f} s"


def _note(said: str) -> None:
    click.echo(f"  {said}", err=True)
