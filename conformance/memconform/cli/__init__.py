"""The command line: `memconform COMMAND`. Each command is a module, loaded when it is called."""

from __future__ import annotations

import sys
import traceback
from typing import Any

import click

from memconform.cli.lazy import LazyGroup

_COMMANDS = {
    "check": ("memconform.cli.check", "Judge a memory server: a verdict with the evidence."),
    "report": ("memconform.cli.report", "Write a result in another form: a page, Markdown, JUnit, SARIF, a badge."),
    "diff": ("memconform.cli.diff", "Tell what changed between two results."),
    "matrix": ("memconform.cli.matrix", "Compare the results of several servers: a page, Markdown, JSON."),
    "baseline": ("memconform.cli.baseline", "Keep the known failures of a server, with reasons and expiry dates."),
    "init": ("memconform.cli.init", "Set a project up: configuration, CI workflow, baseline."),
    "requirements": ("memconform.cli.requirements", "List the contract's requirements."),
    "explain": ("memconform.cli.explain", "Explain one requirement: why it is there, how it is tested."),
    "specification": ("memconform.cli.specification", "Write the contract's specification as a site of HTML pages."),
    "schemas": ("memconform.cli.schemas", "Validate files against the contract's schemas."),
    "cleanup": ("memconform.cli.cleanup", "Delete what a killed run left on a server."),
    "serve": ("memconform_server.serve", "Start the reference server, or one with a seeded defect."),
    "stores": ("memconform.cli.stores", "List what `serve` can keep memories in, and what it can be a bridge to."),
    "providers": ("memconform.cli.providers", "Start real providers and judge them behind their bridges."),
    "defects": ("memconform.cli.defects", "List the seeded defects and the legal variants."),
    "selftest": (
        "memconform.cli.selftest",
        "Prove the judge: every defect is found, no legal server is blamed.",
    ),
    "plugin": ("memconform.cli.plugin", "Package, run and judge Dify plugins: clients of the memory API."),
    "proxy": ("memconform.cli.proxy", "Stand between any client and any server, and judge both by their traffic."),
    "load": ("memconform_load.cli", "Load a server as agents do: latency, and whether its answers stay right."),
    "capacity": ("memconform_load.cli.capacity", "Find how many requests a second a server bears within objectives."),
    "compare": ("memconform_load.cli.compare", "Tell whether one server is slower than another, or than it was."),
    "migrate": ("memconform.cli.migrate", "Carry memories from one server to another, and account for each."),
    "demo": ("memconform.cli.demo", "Show all of it in under a minute."),
}


_SERVER = ("server", ("httptools", "numpy", "starlette", "structlog", "uvicorn", "wordllama"))
"""The extra that starting the reference server needs, and its modules."""

_LOAD = ("load", ("hdrh", "locust", "numpy", "psutil", "scipy"))
"""The extra that load tests need, and its modules."""

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


@click.command(
    cls=_Commands,
    table=_COMMANDS,
    needs={
        **dict.fromkeys(("serve", "stores", "providers", "selftest"), _SERVER),
        "demo": (f"{_SERVER[0]},{_LOAD[0]}", (*_SERVER[1], *_LOAD[1])),
        **dict.fromkeys(("load", "capacity", "compare"), _LOAD),
    },
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="memconform", message="%(prog)s %(version)s")
def main() -> None:
    """Prove that AI memory servers do what they promise.

    \b
    memconform serve                             start the reference server on port 8765
    memconform check http://127.0.0.1:8765       judge it, or any other memory server
    memconform explain CORE-16                   what a requirement means
    """  # noqa: D301 - click reads the backspace
