"""`memconform compare A B`: says whether one server is slower than another, or than it was."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from memconform.cli.next_step import suggest
from memconform.cli.options import JSON_FILE, ResultFile
from memconform.cli.starting import SERVER, server
from memconform.outliving import outputs_outlive
from memconform.report.files import write_json
from memconform.settings import UsageError, checked_url
from memconform_load.baseline import read_baseline, save_baseline
from memconform_load.cli.plan_options import environment, plan_options, planned
from memconform_load.compare import Comparison, compare, interleaved, read_results
from memconform_load.exit_codes import HARNESS, MET
from memconform_load.interrupting import Interruption
from memconform_load.launch import RunFailed, run
from memconform_load.plan import Plan
from memconform_load.quantities import share
from memconform_load.report.progress import Progress

Result = dict[str, Any]
Sides = tuple[list[Result], list[Result]]
Options = dict[str, Any]
Running = Callable[[Plan, str], Result]


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@SERVER("MEMCONFORM_COMPARE_URL", "[A]")
@click.argument("b", metavar="[B]", required=False)
@plan_options()
@click.option("--repeats", type=click.IntRange(2, 100), default=5, show_default=True, help="Runs of each server.")
@click.option(
    "--percentile", type=click.FloatRange(1, 99.99), default=95, show_default=True, help="Which one is judged."
)
@click.option("--operation", "operations", multiple=True, metavar="NAME", help="Judge only this one (repeatable).")
@click.option("--tolerance", default="0%", show_default=True, metavar="SHARE", help="How much slower is no failure.")
@click.option("--baseline", type=click.Path(path_type=Path), metavar="FILE", help="Compare A with these earlier runs.")
@click.option("--save-baseline", type=ResultFile(), metavar="FILE", help="Keep the runs of A for later.")
@click.option("--despite-differences", is_flag=True, help="Compare what was not measured the same way, too.")
@JSON_FILE
@click.pass_context
def command(ctx: click.Context, /, b: str | None, json_file: Path | None, **options: Any) -> None:
    """Compare two memory servers, or one with what it was, and say whether the difference is more than noise.

    A and B are addresses: then both are loaded in turns (A B, B A, …) with the same plan and the same seeds. Or they
    are files with results of 'memconform load --json', or folders of such files. With --baseline FILE the runs that
    --save-baseline FILE kept take the place of A, and the server given, or started by --start, is B. Judged is the p95
    of each operation, with its interval: "slower by 12 % (4 to 21 %)" or "no difference shown (-3 to +4 %)".

    Exit codes: 0 B is not shown to be slower than the tolerance; 1 it is; 2 usage; 3 nothing can be said: the runs are
    invalid, or were not made the same way; 4 the tool failed.

    \b
    memconform compare http://127.0.0.1:8765 http://127.0.0.1:8766 --rate 50 --duration 20s
    memconform compare before.json after.json
    memconform compare http://127.0.0.1:8765 --save-baseline baseline.json          keep what it is now
    memconform compare http://127.0.0.1:8765 --baseline baseline.json --tolerance 10%   in CI, against that
    memconform compare --start 'uvicorn app:app --port {port}' --baseline baseline.json --tolerance 10%
    """  # noqa: D301 - click reads the backspace
    try:
        tolerance = share(options["tolerance"], what="--tolerance")
        _refuse_nothing(b, options)
    except UsageError as error:
        raise click.UsageError(str(error)) from None
    with outputs_outlive(), server(ctx, options) as reached, Interruption() as interruption:
        code = _compared(reached.url, b, tolerance, json_file, options, interruption)
    sys.exit(code)


def _refuse_nothing(b: str | None, options: Options) -> None:
    """Raise `UsageError` where A is compared with nothing, or with two things."""
    if b is not None and options["baseline"] is not None:
        raise UsageError("B and --baseline exclude each other: give one that A is compared with")
    if b is None and options["baseline"] is None and options["save_baseline"] is None:
        raise UsageError("A is compared with nothing: give B, or --baseline FILE, or keep it with --save-baseline FILE")


def _compared(
    a: str, b: str | None, tolerance: float, json_file: Path | None, options: Options, interruption: Interruption
) -> int:
    """Compare, tell what was found and return the exit code."""
    try:
        first, second = _sides(a, b, options, _running(options, interruption))
        if not second:
            click.echo(f"{len(first)} runs kept in {options['save_baseline']}")
            suggest(f"memconform compare {a} --baseline {options['save_baseline']} tells later whether it got slower")
            return MET
        found = compare(
            first,
            second,
            quantile=options["percentile"] / 100,
            tolerance=tolerance,
            operations=options["operations"],
            despite=options["despite_differences"],
        )
    except UsageError as error:
        raise click.UsageError(str(error)) from None
    except RunFailed as failed:
        click.echo(f"memconform: {failed}", err=True)
        return failed.exit_code
    if options["baseline"]:
        click.echo(f"A is the baseline {options['baseline']}, B is {a} now")
    code = found.exit_code
    if json_file:
        try:
            write_json(json_file, found.as_json())
        except OSError as error:
            click.echo(f"memconform: {error.filename} cannot be written: {error.strerror}", err=True)
            code = HARNESS
    click.echo(told(found))
    return code


def _sides(a: str, b: str | None, options: Options, running: Running) -> Sides:
    """Return the results of A and B; those of B are none where A is only to be kept."""
    baseline, kept = options["baseline"], options["save_baseline"]
    before = read_baseline(baseline) if baseline else []
    if _is_url(a) and b is not None and _is_url(b):
        sides = interleaved(planned(a, options), planned(b, options), options["repeats"], running)
        _enough(sides[0])
    else:
        sides = _results(a, options, running), _results(b, options, running) if b is not None else []
    if kept:
        save_baseline(kept, sides[0])
    first, second = pair = (before, sides[0]) if before else sides
    if second and len(first) != len(second) and 1 in (len(first), len(second)):
        raise UsageError(f"there are {len(first)} and {len(second)} runs; expected one of each, or several of each")
    return pair


def _is_url(text: str) -> bool:
    return text.startswith(("http://", "https://"))


def _results(text: str, options: Options, running: Running) -> list[Result]:
    if not _is_url(text):
        path = Path(text)
        if not path.exists():
            raise UsageError(f"{text} is no address and no file; expected http://…, a result.json or a folder of them")
        return read_results(path)
    plan = planned(checked_url(text), options)
    done = []
    for number in range(options["repeats"]):
        result = running(replace(plan, seed=plan.seed + number), f"run {number + 1} of {options['repeats']}")
        if result["verdict"]["word"] == "interrupted":
            break
        done.append(result)
    _enough(done)
    return done


def _enough(results: list[Result]) -> None:
    if len(results) < 2:
        raise RunFailed("it was interrupted before there were two runs of each, so nothing can be said", 3)


def _running(options: Options, interruption: Interruption) -> Running:
    """Return what makes a run; one that never began is one that was interrupted."""
    env = environment(options)

    def running(plan: Plan, said: str) -> Result:
        click.echo(f"{said}: {plan.url}", err=True)
        progress = Progress(sys.stderr)
        try:
            return run(plan, on_live=progress.show, env=env, interruption=interruption)
        except KeyboardInterrupt:
            return {"verdict": {"word": "interrupted"}}
        finally:
            progress.end()

    return running


def told(found: Comparison) -> str:
    """Return the comparison as text for a terminal."""
    lines = [f"{'':<18} {'p50 ms A → B':<20} {'p95 ms A → B':<20} {'p99 ms A → B':<20}"]
    for row in found.rows:
        times = " ".join(f"{f'{row.a_ms[q]:.4g} → {row.b_ms[q]:.4g}':<20}" for q in (0.5, 0.95, 0.99))
        lines += [f"{row.name:<18} {times}", f"{'':<18} B's p{row.quantile * 100:g}: {row.said}"]
    return "\n".join([*lines, "", found.method, *(f"mind that {doubt}" for doubt in found.doubts), _verdict(found)])


def _verdict(found: Comparison) -> str:
    if found.exit_code == 3:
        return found.said()
    beyond = f" by more than {found.tolerance * 100:.3g} %" if found.tolerance else ""
    if found.slower:
        return f"B is slower{beyond}: {', '.join(row.name for row in found.slower)}"
    return f"B is not shown to be slower{beyond}"
