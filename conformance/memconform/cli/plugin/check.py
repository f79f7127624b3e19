"""`memconform plugin check PLUGIN`: judges a Dify plugin as a client of the memory API."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from memconform.baseline.comparing import exit_code
from memconform.baseline.file import read_baseline
from memconform.cli.known import BASELINE, CONTRACT, REQUIREMENT
from memconform.cli.next_step import suggest
from memconform.cli.options import JSON_FILE
from memconform.cli.writing import write_reports
from memconform.clients.client import DEADLINE_S, Client
from memconform.clients.mapping import NAME, read_mapping
from memconform.clients.result import ClientResult
from memconform.clients.run import ClientRun, client_tests
from memconform.clients.upstream import Upstream, reference_upstream
from memconform.contract.versions import FIRST
from memconform.dify import PluginFailed
from memconform.report.client import client_plan_lines, client_verdict_lines
from memconform.report.files import write_json
from memconform.report.forms import REPORT_FILES, reporting
from memconform.report.next_steps import next_steps
from memconform.serving import NotServing
from memconform.settings import UsageError, checked_url
from memconform.verdict import ExitCode


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.argument("plugin", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--map",
    "map_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help=f"Which tool does what; {NAME} in the plugin's folder when not given.",
)
@click.option("--requirement", "wanted", multiple=True, type=REQUIREMENT, help="Only this one (repeatable).")
@click.option("--deadline", type=click.FloatRange(0.5, 60), default=DEADLINE_S, help="Seconds that a call may take.")
@click.option(
    "--python", metavar="COMMAND", help="The interpreter for the plugin; $MEMCONFORM_PLUGIN_PYTHON otherwise."
)
@click.option(
    "--upstream",
    metavar="URL",
    help="A good server that is open to all, to stand behind; the reference server when not given.",
)
@BASELINE
@CONTRACT
@JSON_FILE
@REPORT_FILES
def command(
    plugin: Path,
    map_file: Path | None,
    wanted: tuple[str, ...],
    deadline: float,
    python: str | None,
    upstream: str | None,
    baseline: str | None,
    contract: str | None,
    json_file: Path | None,
    **options: Any,
) -> None:
    """Judge a Dify plugin (a folder or a .difypkg) as a client: CLIENT-01 to CLIENT-10.

    It runs in Dify's own runtime and calls a server of ours that looks at every request and answers with faults, in
    front of a good one. Exit codes: 0 conformant; 1 not conformant; 2 usage or incomplete; 3 the plugin or the server
    does not start; 4 the harness failed.

    \b
    memconform plugin check my_plugin
    memconform plugin check my_plugin --requirement CLIENT-04 --json result.json --html report.html
    """  # noqa: D301 - click reads the backspace
    reports = reporting(options, json_file=json_file)
    tests = client_tests(wanted)
    if not tests:
        raise click.UsageError("no test of clients is selected; the requirements of clients are CLIENT-01 to CLIENT-10")
    if map_file is None and plugin.is_file():
        raise click.UsageError(f"{plugin} is a package, and none has a mapping in it: name one with --map")
    words = ["memconform", "plugin", "check", str(plugin)]
    words += ["--map", str(map_file)] if map_file else []
    words += ["--deadline", f"{deadline:g}"] if deadline != DEADLINE_S else []
    words += ["--upstream", upstream] if upstream else []
    words += ["--python", python] if python else []
    words += ["--baseline", baseline] if baseline else []
    words += ["--contract", contract] if contract else []
    try:
        known = read_baseline(Path(baseline)) if baseline else None
        mapping = read_mapping(map_file or plugin / NAME)
        client = Client(plugin, mapping, python=python, deadline_s=deadline, on_note=_note)
        with _behind(upstream) as good, client:
            run = ClientRun(client, good)
            result = ClientResult(run, tests, wanted, shlex.join(words), contract or FIRST, known)
            finished = _judge(result, client.interpreter, json_file)
    except UsageError as error:
        raise click.UsageError(str(error)) from None
    except (PluginFailed, NotServing) as error:
        click.echo(f"memconform: {error}", err=True)
        sys.exit(ExitCode.UNREACHABLE)
    write_reports(finished, reports, json_file)
    suggest(*next_steps(finished))
    sys.exit(exit_code(finished))


def _judge(result: ClientResult, python: str, json_file: Path | None) -> dict[str, Any]:
    for line in client_plan_lines(result.to_json(), python):
        click.echo(line)
    moving = sys.stdout.isatty()
    try:
        for number, record in enumerate(result.run.judge(result.planned), 1):
            if moving:
                click.echo(f"\r\x1b[K  [{number}/{len(result.planned)}] {record['test']}", nl=False)
    except KeyboardInterrupt:
        result.run.stopped = "interrupted"
    if moving:
        click.echo("\r\x1b[K", nl=False)
    click.echo("")
    finished = result.to_json()
    for line in client_verdict_lines(finished):
        click.echo(line)
    if json_file is not None:
        write_json(json_file, finished)
    return finished


def _note(text: str) -> None:
    click.echo(f"memconform: {text}", err=True)


@contextmanager
def _behind(url: str | None) -> Iterator[Upstream]:
    if url is None:
        with reference_upstream() as upstream:
            yield upstream
        return
    upstream = Upstream(checked_url(url))
    try:
        upstream.must_answer()
        yield upstream
    finally:
        upstream.close()
