"""The command line: `memconform COMMAND`. Each command is a module, loaded when it is called."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import traceback
from typing import Any

import click

_COMMANDS = {
    "check": ("memconform.cli.check", "Judge a memory server: a verdict with the evidence."),
    "requirements": ("memconform.cli.requirements", "List the contract's requirements."),
    "explain": ("memconform.cli.explain", "Explain one requirement: why it is there, how it is tested."),
    "cleanup": ("memconform.cli.cleanup", "Delete what a killed run left on a server."),
    "serve": ("memconform_server.serve", "Start the reference server, or one with a seeded defect."),
    "defects": ("memconform.cli.defects", "List the seeded defects and the legal variants."),
    "selftest": (
        "memconform.cli.selftest",
        "Prove the judge: every defect is found, no legal server is blamed.",
    ),
    "demo": ("memconform.cli.demo", "Show all of it in under a minute."),
}


_NEED_SERVER = frozenset({"serve", "selftest", "demo"})
_SERVER = ("httptools", "numpy", "starlette", "structlog", "uvicorn", "wordllama")
"""The modules of the extra `server`."""

_FAILED = 4
"""`ExitCode.HARNESS`, which is not imported so that `--help` is quick."""


class _Commands(click.Group):
    """Knows the commands by name and imports one only when it is needed, so that `--help` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names in the order of the table."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import one command."""
        if name not in _COMMANDS:
            return None
        absent = [needed for needed in _SERVER if importlib.util.find_spec(needed) is None]
        if name in _NEED_SERVER and absent:
            missing = ", ".join(absent)
            raise click.UsageError(
                f"'memconform {name}' needs what is not installed: {missing}. Try: pip install 'memconform[server]'"
            )
        command = importlib.import_module(_COMMANDS[name][0]).command
        return command if isinstance(command, click.Command) else None

    def main(self, *args: Any, **more: Any) -> Any:
        """Run the command; an error of our own must not end with the exit code of a verdict."""
        try:
            return super().main(*args, **more)
        except Exception:  # noqa: BLE001 - whatever it is, it is ours
            traceback.print_exc()
            click.echo("memconform: it failed itself; the server is not to blame.", err=True)
            sys.exit(_FAILED)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write the table without importing a command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="memconform", message="%(prog)s %(version)s")
def main() -> None:
    r"""Prove that AI memory servers do what they promise.

    \b
    memconform serve                             start the reference server on port 8765
    memconform check http://127.0.0.1:8765       judge it, or any other memory server
    memconform explain CORE-16                   what a requirement means
    """
