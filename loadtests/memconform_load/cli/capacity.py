"""`memconform capacity URL`: how many arrivals a second a server bears while its objectives are met."""

from __future__ import annotations

import math
import shlex
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from memconform.cli.next_step import suggest
from memconform.cli.options import JSON_FILE
from memconform.cli.starting import SERVER, Reached, server
from memconform.outliving import outputs_outlive
from memconform.report.files import write_json
from memconform.settings import UsageError
from memconform_load.capacity import Capacity, Probe, Search, TrialFailed, find_capacity
from memconform_load.capacity.stage import stages
from memconform_load.cli.plan_options import environment, plan_options, planned
from memconform_load.exit_codes import HARNESS
from memconform_load.interrupting import Interruption
from memconform_load.launch import run
from memconform_load.plan import Plan
from memconform_load.quantities import duration, rate, share
from memconform_load.report.progress import Progress


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@SERVER("MEMCONFORM_CAPACITY_URL")
@plan_options(
    rate=click.option("--rate", default="10", show_default=True, metavar="RATE", help="Arrivals a second at first."),
    duration=click.option(
        "--duration", default="10s", show_default=True, metavar="TIME", help="How long a stage is at first."
    ),
    warm_up=click.option(
        "--warm-up", default="2s", show_default=True, metavar="TIME", help="What does not count of each stage."
    ),
    sessions=click.option("--sessions", hidden=True),
)
@click.option("--max-rate", metavar="RATE", help="The greatest rate to try.")
@click.option("--max-duration", metavar="TIME", help="Answer with what is known by then, such as 5m.")
@click.option("--precision", default="2%", show_default=True, metavar="SHARE", help="How exactly to find it.")
@JSON_FILE
@click.pass_context
def command(ctx: click.Context, /, json_file: Path | None, **options: Any) -> None:
    """Find how many arrivals a second the memory server at URL bears while every objective is met.

    An arrival is one thing that a person does; in the scenario chat it is a search, and now and then an add. The rate
    doubles until it is too much; then what lies between is halved, each stage made longer until the interval of its
    figures decides, and both ends are looked at again. It takes minutes; Ctrl-C, SIGTERM and a closed terminal give
    what is known so far. Arrivals do not wait for answers, as many people do not wait for each other. Where this
    machine cannot send more it says so: then the answer is "at least".

    Exit codes: 0 found; 1 the objectives are met at no rate; 2 usage; 3 not known: this generator, --max-rate or the
    time was the limit, or there is no server; 4 the tool failed.

    \b
    memconform capacity http://127.0.0.1:8765 --slo 'search.p95<200ms' --slo 'errors<0.1%'
    memconform capacity http://127.0.0.1:8765 --scenario chat --users 1000 --rate 50 --max-rate 2000 --workers 2
    memconform capacity http://127.0.0.1:8765 --precision 5% --max-duration 3m --json capacity.json
    memconform capacity --start 'uvicorn app:app --port {port}' --max-duration 3m
    """  # noqa: D301 - click reads the backspace
    with outputs_outlive(), server(ctx, options) as reached, Interruption() as interruption:
        code = _find(reached, json_file, options, interruption)
    sys.exit(code)


def _find(reached: Reached, json_file: Path | None, options: dict[str, Any], interruption: Interruption) -> int:
    """Search, tell the answer and return the exit code."""
    try:
        plan, search = _asked(reached.url, options)
        plan, env = replace(plan, start=reached.start), environment(options)
    except UsageError as error:
        raise click.UsageError(str(error)) from None
    trial = stages(plan, partial(_run, env=env, interruption=interruption))
    own = "" if options["slo"] or options["slo_file"] else "; these are the scenario's own, --slo names yours"
    click.echo(f"objectives: {', '.join(plan.slo)}{own}\n")
    click.echo(f"{'rate/s':>8} {'p50 ms':>8} {'p95 ms':>8} {'p99 ms':>8} {'errors':>7}  decided")
    try:
        found = find_capacity(trial, search, tell=_told)
    except TrialFailed as failed:
        click.echo(f"memconform: {failed}", err=True)
        return failed.exit_code
    code = found.exit_code
    if json_file:
        try:
            write_json(json_file, _document(found, plan))
        except OSError as error:
            click.echo(f"memconform: {error.filename} cannot be written: {error.strerror}", err=True)
            code = HARNESS
    click.echo(f"\n{found.said()}")
    suggest(*_next(found, plan, reached))
    return code


def _asked(url: str, options: dict[str, Any]) -> tuple[Plan, Search]:
    """Return the plan of a stage and how to search."""
    if options["sessions"]:
        raise UsageError("--sessions does not go with capacity: sessions that wait for their answers have no rate")
    start = rate(options["rate"], what="--rate")
    most = rate(options["max_rate"], what="--max-rate") if options["max_rate"] else math.inf
    precision = share(options["precision"], what="--precision")
    if not 0.005 <= precision <= 0.5:
        raise UsageError(f"--precision is {options['precision']}; expected 0.5% to 50%")
    if not 0 < start <= most:
        raise UsageError(
            f"--rate is {start:g} and --max-rate is {most:g}; expected a rate above 0 and up to the greatest"
        )
    stage = options["duration"]
    plan = planned(url, {**options, "rate": f"{start:g}"})
    seconds = duration(stage, what="--duration")
    if seconds < _SHORTEST_S:
        raise UsageError(f"--duration is {stage}; a stage takes {_SHORTEST_S:g}s or more to decide anything")
    limit = duration(options["max_duration"], what="--max-duration") if options["max_duration"] else math.inf
    return plan, Search(start, most, precision, max(seconds / 2, _SHORTEST_S), seconds, 8 * seconds, limit)


_SHORTEST_S = 5.0


def _run(plan: Plan, env: dict[str, str], interruption: Interruption) -> dict[str, Any]:
    progress = Progress(sys.stderr)
    try:
        return run(plan, on_live=progress.show, env=env, interruption=interruption)
    finally:
        progress.end()


def _next(found: Capacity, plan: Plan, reached: Reached) -> list[str]:
    """Return what to do with the answer."""
    target = plan.url if reached.start is None else f"--start {shlex.quote(reached.start)}"
    again = shlex.join(["--scenario", plan.scenario, *(word for text in plan.slo for word in ("--slo", text))])
    if found.limit:
        return ["memconform load selfcheck tells how well this machine measures"]
    low, high = found.bracket
    if not low and math.isinf(high):
        return []
    if not low:
        return [f"memconform load {target} {again} --rate {high:.3g} --html page.html shows what is slow"]
    return [
        f"memconform load {target} {again} --rate {0.8 * low:.3g} --duration 5m tells whether it bears less for long"
    ]


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
