"""`memconform capacity URL`: how many requests a second a server carries while its objectives are met."""

from __future__ import annotations

import json
import math
import sys
from functools import partial
from pathlib import Path
from typing import Any

import click

from memconform.cli.options import JSON_FILE
from memconform.settings import UsageError
from memconform_load.capacity import Capacity, Probe, Search, TrialFailed, find_capacity
from memconform_load.capacity.stage import stages
from memconform_load.cli.plan_options import environment, plan_options, planned
from memconform_load.launch import run
from memconform_load.plan import Plan
from memconform_load.quantities import duration, rate, share
from memconform_load.report.progress import Progress

_WARM_UP, _STAGE, _START = "2s", "10s", "10"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("url")
@plan_options
@click.option("--max-rate", metavar="RATE", help="Do not go beyond it.")
@click.option("--max-duration", metavar="TIME", help="Answer with what is known by then.")
@click.option("--precision", default="2%", show_default=True, metavar="SHARE", help="How exactly to find it.")
@JSON_FILE
@click.pass_context
def command(ctx: click.Context, /, url: str, json_file: Path | None, **options: Any) -> None:
    """Find how many arrivals a second the memory server at URL carries while every objective is met.

    The rate doubles until it is too much; then what lies between is halved, each stage made longer until the interval
    of its figures decides, and both ends are looked at again. It takes minutes. Here --rate is where to begin (10),
    --duration how long a stage is at first (10s), --warm-up what does not count of it (2s). Arrivals do not wait for
    answers, as many people do not wait for each other. Where this machine cannot send more it says so: then the answer
    is "at least". Ctrl-C gives what is known so far.

    Exit codes: 0 found; 1 the objectives are met at no rate; 2 usage; 3 not known: this generator, --max-rate or the
    time was the limit; 4 the tool failed.

    \b
    memconform capacity http://127.0.0.1:8765 --slo 'search.p95<200ms' --slo 'errors<0.1%'
    memconform capacity http://127.0.0.1:8765 --scenario chat --users 1000 --rate 50 --max-rate 2000 --workers 2
    memconform capacity http://127.0.0.1:8765 --precision 5% --max-duration 3m --json capacity.json
    """  # noqa: D301 - click reads the backspace
    try:
        plan, search = _asked(ctx, url, options)
        env = environment(options)
    except UsageError as error:
        raise click.UsageError(str(error)) from None
    trial = stages(plan, partial(_run, env=env))
    click.echo(f"{'rate/s':>8} {'p50 ms':>8} {'p95 ms':>8} {'p99 ms':>8} {'errors':>7}  decided")
    try:
        found = find_capacity(trial, search, tell=_told)
    except TrialFailed as failed:
        click.echo(f"memconform: {failed}", err=True)
        sys.exit(failed.exit_code)
    if json_file:
        json_file.write_text(json.dumps(_document(found, plan), indent=1) + "\n", encoding="utf-8")
    click.echo(f"\n{found.said()}")
    sys.exit(found.exit_code)


def _asked(ctx: click.Context, url: str, options: dict[str, Any]) -> tuple[Plan, Search]:
    """Return the plan of a stage and how to search."""
    if options["sessions"]:
        raise UsageError("--sessions does not go with capacity: sessions that wait for their answers have no rate")
    start = rate(options["rate"] or _START, what="--rate")
    most = rate(options["max_rate"], what="--max-rate") if options["max_rate"] else math.inf
    precision = share(options["precision"], what="--precision")
    if not 0.005 <= precision <= 0.5:
        raise UsageError(f"--precision is {options['precision']}; expected 0.5% to 50%")
    if not 0 < start <= most:
        raise UsageError(
            f"--rate is {start:g} and --max-rate is {most:g}; expected a rate above 0 and up to the greatest"
        )
    stage = options["duration"] or _STAGE
    if ctx.get_parameter_source("warm_up") is click.core.ParameterSource.DEFAULT:
        options["warm_up"] = _WARM_UP
    plan = planned(url, {**options, "duration": stage, "rate": f"{start:g}"})
    seconds = duration(stage, what="--duration")
    if seconds < _SHORTEST_S:
        raise UsageError(f"--duration is {stage}; a stage takes {_SHORTEST_S:g}s or more to decide anything")
    limit = duration(options["max_duration"], what="--max-duration") if options["max_duration"] else math.inf
    return plan, Search(start, most, precision, max(seconds / 2, _SHORTEST_S), seconds, 8 * seconds, limit)


_SHORTEST_S = 5.0


def _run(plan: Plan, env: dict[str, str]) -> dict[str, Any]:
    progress = Progress(sys.stderr)
    try:
        return run(plan, on_live=progress.show, env=env)
    finally:
        progress.end()


def _told(probe: Probe) -> None:
    figures = probe.trials[-1].figures
    times = " ".join(_cell(figures.get(name)) for name in ("p50_ms", "p95_ms", "p99_ms"))
    errors = figures.get("errors")
    click.echo(
        f"{probe.rate:>8.1f} {times} {'' if errors is None else f'{errors:.2%}':>7}  {probe.decision}: {probe.why()}"
    )


def _cell(ms: float | None) -> str:
    return f"{'-' if ms is None else f'{ms:.4g}':>8}"


def _document(found: Capacity, plan: Plan) -> dict[str, Any]:
    return {
        **found.as_json(),
        "url": plan.url,
        "scenario": plan.scenario,
        "slo": list(plan.slo),
        "plan": plan.as_json(),
    }
