"""The command line: `memconform COMMAND`. Each command is a module, loaded when it is called."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import Any

import click

from memconform.cli.configured import configure
from memconform.cli.lazy import LazyGroup

_SECTIONS = {
    "Judge a server": {
        "check": ("memconform.cli.check", "Judge a memory server: a verdict with the evidence."),
        "init": ("memconform.cli.init", "Set a project up: configuration, CI workflow, baseline."),
        "baseline": ("memconform.cli.baseline", "Keep known failures, with reasons and expiry dates."),
        "cleanup": ("memconform.cli.cleanup", "Delete what a killed run left on a server."),
    },
    "Results": {
        "report": ("memconform.cli.report", "Write a result as a page, Markdown, JUnit, SARIF or badge."),
        "diff": ("memconform.cli.diff", "Tell what changed between two results."),
        "matrix": ("memconform.cli.matrix", "Compare several servers: a page, Markdown, JSON."),
    },
    "The contract": {
        "requirements": ("memconform.cli.requirements", "List the requirements."),
        "explain": ("memconform.cli.explain", "Explain one: why it is there, how it is tested."),
        "specification": ("memconform.cli.specification", "Write the specification as a site of HTML pages."),
        "schemas": ("memconform.cli.schemas", "Validate files against the contract's schemas."),
    },
    "A server that is right, or wrong in one way": {
        "serve": ("memconform_server.serve", "Start the reference server, a defect, or a bridge."),
        "defects": ("memconform.cli.defects", "List the seeded defects and the legal variants."),
    },
    "Load": {
        "load": ("memconform_load.cli", "Load a server as agents do: latency, and right answers."),
        "capacity": ("memconform_load.cli.capacity", "Find how much a server bears within objectives."),
        "compare": ("memconform_load.cli.compare", "Tell whether a server is slower than another or than it was."),
    },
    "Clients and plugins": {
        "plugin": ("memconform.cli.plugin", "Package, run and judge Dify plugins: clients of the API."),
        "proxy": ("memconform.cli.proxy", "Stand between a client and a server, and judge both."),
    },
    "Providers": {
        "stores": ("memconform.cli.stores", "List the stores of 'serve': the reference and the bridges."),
        "providers": ("memconform.cli.providers", "Start real providers and judge them behind their bridges."),
        "migrate": ("memconform.cli.migrate", "Carry memories to another server, and account for each."),
    },
    "The toolkit itself": {
        "demo": ("memconform.cli.demo", "Show all of it in under a minute."),
        "selftest": ("memconform.cli.selftest", "Prove the judge: all defects found, no legal server blamed."),
        "completion": ("memconform.cli.completion", "Print the script that completes commands in your shell."),
    },
}

_COMMANDS = {name: row for rows in _SECTIONS.values() for name, row in rows.items()}
"""Module and one line of help by the name of the command."""


_SERVER = ("server", ("httptools", "numpy", "starlette", "structlog", "uvicorn", "wordllama"))
"""The extra that starting the reference server needs, and its modules."""

_LOAD = ("load", ("hdrh", "locust", "numpy", "psutil", "scipy"))
"""The extra that load tests need, and its modules."""

_HELP = frozenset({"-h", "--help"})
"""Help has to come where the configuration is damaged, too, so it shows the defaults without it."""

_FAILED = 4
"""`ExitCode.HARNESS`, which is not imported so that `--help` is quick."""


class _Commands(LazyGroup):
    """Ends with the exit code of the harness where the harness fails."""

    def main(self, *args: Any, **more: Any) -> Any:
        """Run the command; an error of our own must not end with the exit code of a verdict."""
        try:
            return super().main(*args, **more)
        except Exception:  # noqa: BLE001 - whatever it is, it is ours
            traceback.print_exc()
            click.echo("memconform: it failed itself; the server is not to blame.", err=True)
            sys.exit(_FAILED)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, and give it the defaults of the configuration; not where it is asked for help."""
        if _HELP.isdisjoint(args) and not ctx.resilient_parsing:
            configure(ctx, ctx.params["config"])
        return super().resolve_command(ctx, args)


@click.command(
    cls=_Commands,
    sections=_SECTIONS,
    needs={
        **dict.fromkeys(("serve", "stores", "providers", "selftest"), _SERVER),
        "demo": (f"{_SERVER[0]},{_LOAD[0]}", (*_SERVER[1], *_LOAD[1])),
        **dict.fromkeys(("load", "capacity", "compare"), _LOAD),
    },
    context_settings={"help_option_names": sorted(_HELP), "auto_envvar_prefix": "MEMCONFORM"},
)
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="memconform.toml or pyproject.toml; default: the nearest one upwards.",
)
@click.version_option(package_name="memconform", message="%(prog)s %(version)s", allow_from_autoenv=False)
def main(config: Path | None) -> None:
    """Prove that AI memory servers do what they promise.

    \b
    memconform serve                             start the reference server on port 8765
    memconform check http://127.0.0.1:8765       judge it, or any other memory server
    memconform explain SEARCH-10                 what a requirement means, and how it is tested
    memconform load http://127.0.0.1:8765        how fast it is, and whether its answers stay right
    memconform plugin check reference_plugin     judge the other end of the wire

    'memconform COMMAND --help' has the options of a command, and examples.
    """  # noqa: D301 - click reads the backspace
