"""`memconform load URL`: runs a scenario and says what the server bears, and whether its answers stayed right."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from memconform.cli.next_step import suggest
from memconform.cli.options import JSON_FILE
from memconform.cli.starting import SERVER, Reached, server
from memconform.outliving import outputs_outlive
from memconform.report.files import write_json
from memconform.settings import UsageError
from memconform_load.cli.plan_options import environment, plan_options, planned
from memconform_load.cli.report import REPORT_FILES, write_reports
from memconform_load.exit_codes import HARNESS, INVALID
from memconform_load.interrupting import Interruption
from memconform_load.launch import RunFailed, run
from memconform_load.report.progress import Progress, wants_colour
from memconform_load.report.terminal import render
from memconform_load.scenarios import scenarios
from memconform_load.telemetry import telemetry


def _list(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted:
        return
    for each in scenarios():
        needs = ", ".join(each.needs) or "core"
        needs += ", and --plugin" if each.by_plugin else ""
        click.echo(f"{each.name:<18} {each.summary}")
        click.echo(f"{'':<18} needs {needs}; " + " ".join(f"{name}={value}" for name, value in each.parameters.items()))
    ctx.exit()


@click.command(context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "MEMCONFORM_LOAD"})
@SERVER("MEMCONFORM_LOAD_URL")
@plan_options()
@JSON_FILE
@REPORT_FILES
@click.option(
    "--list", "list_", is_flag=True, is_eager=True, expose_value=False, callback=_list, help="List scenarios."
)
@click.option("--master", is_flag=True, help="Direct workers on other machines: 'memconform load worker' there.")
@click.option(
    "--expect-workers", type=click.IntRange(min=1), default=1, show_default=True, help="With --master: how many."
)
@click.option("--bind", default="127.0.0.1:5557", show_default=True, metavar="HOST:PORT", help="With --master: where.")
@click.option("--web", metavar="HOST:PORT", help="Serve Locust's web page while it runs, and until Ctrl-C.")
@click.option("--otel", metavar="URL", help="Send metrics to an OpenTelemetry collector (OTLP over HTTP).")
@click.pass_context
def command(ctx: click.Context, /, json_file: Path | None, **options: Any) -> None:
    """Run a scenario against the memory server at URL, the address before /v1, or one that is started for it.

    A scenario is what people do with their agents' memory; an arrival is one of them doing it. Latency counts from the
    moment a call was due, not from when a busy generator or server let it go, and the answers are judged. What the run
    creates carries its own id and is deleted at the end, after Ctrl-C, SIGTERM or a closed terminal, too: then the
    result tells what was measured so far. 'memconform capacity' finds how much the server bears.

    Exit codes: 0 every objective is met; 1 one is not; 2 usage, or the server lacks what the scenario needs; 3 the run
    is invalid or was interrupted, or there is no server; 4 the tool failed.

    \b
    memconform load http://127.0.0.1:8765
    memconform load http://127.0.0.1:8765 --scenario chat --rate 50 --duration 60s --users 1000 --seed 7
    memconform load http://127.0.0.1:8765 --plugin reference_plugin --direct --slo 'overhead.search.p95<10ms'
    memconform load http://127.0.0.1:8765 --rate 10..200 --duration 2m --html report.html
    memconform load --start 'uvicorn app:app --port {port}' --duration 30s
    memconform load --list
    """  # noqa: D301 - click reads the backspace
    with outputs_outlive(), server(ctx, options) as reached, Interruption() as interruption:
        code = _run(reached, json_file, options, interruption)
    sys.exit(code)


def _run(reached: Reached, json_file: Path | None, options: Mapping[str, Any], interruption: Interruption) -> int:
    """Run the scenario, tell its result and return the exit code."""
    try:
        plan = replace(planned(reached.url, options), start=reached.start)
        env = environment(options) | (telemetry(options["otel"]) if options["otel"] else {})
        locust = _locust(options)
    except UsageError as error:
        raise click.UsageError(str(error)) from None
    progress = Progress(sys.stderr)
    show, note = progress.show, _noted(progress)
    try:
        result = run(plan, on_live=show, on_note=note, env=env, locust_options=locust, interruption=interruption)
    except RunFailed as failed:
        note(str(failed))
        return failed.exit_code
    except KeyboardInterrupt:
        note("interrupted before the load began: there is no result")
        return INVALID
    progress.end()
    return _told(result, json_file, options)


def _told(result: Mapping[str, Any], json_file: Path | None, options: Mapping[str, Any]) -> int:
    """Write the files and show the summary; return the exit code. A file that fails costs no result."""
    files: list[Path] = []
    code = int(result["verdict"]["exit_code"])
    try:
        if json_file:
            write_json(json_file, result)
            files.append(json_file)
        files += write_reports(result, options)
    except OSError as error:
        click.echo(f"memconform: {error.filename} cannot be written: {error.strerror}", err=True)
        code = HARNESS
    colour = wants_colour(sys.stdout)
    click.echo(render(result, colour=colour, files=files), nl=False, color=colour)
    suggest(*_next(result, json_file))
    return code


def _next(result: Mapping[str, Any], json_file: Path | None) -> list[str]:
    """Return what to do with a result that is kept, and how to go on with the server."""
    start = result["plan"]["start"]
    target = f"--start {shlex.quote(start)}" if start else result["target"]["url"]
    kept = f"memconform load report {json_file} --html page.html shows the curves"
    return [
        kept if json_file else "--json FILE keeps the result, --html FILE shows the curves",
        f"memconform capacity {target} tells how much it bears",
    ]


def _noted(progress: Progress) -> Callable[[str], None]:
    def note(text: str) -> None:
        progress.end()
        click.echo(f"memconform: {text}", err=True)

    return note


def _locust(options: Mapping[str, Any]) -> list[str]:
    """Return the options of Locust itself."""
    words = ["--autostart"] if options["web"] else ["--headless"]
    if options["web"]:
        host, port = _address(options["web"], "--web")
        words += ["--web-host", host, "--web-port", port]
    words += ["--otel"] if options["otel"] else []
    if options["master"]:
        if options["workers"] > 1:
            raise UsageError("--master directs other machines, --workers processes of this one; choose one")
        host, port = _address(options["bind"], "--bind")
        words += ["--master", "--expect-workers", str(options["expect_workers"])]
        words += ["--master-bind-host", host, "--master-bind-port", port]
    return words


def _address(text: str, option: str) -> tuple[str, str]:
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdigit():
        raise UsageError(f"{option} {text}: expected HOST:PORT, such as 127.0.0.1:8089")
    return host, port
