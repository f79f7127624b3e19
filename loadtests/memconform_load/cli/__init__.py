"""`memconform load …`: the group of commands; `memconform load URL` is short for `memconform load run URL`."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import click

from memconform.cli.lazy import LazyGroup

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_COMMANDS = {
    "run": ("memconform_load.cli.run", "Run a scenario against the server at URL; the word run may be left out."),
    "worker": ("memconform_load.cli.worker", "Take part in a run that another machine directs."),
    "selfcheck": ("memconform_load.cli.selfcheck", "Prove on this machine that what is measured is true."),
    "report": ("memconform_load.cli.report", "Show a result again, or turn it into HTML, Markdown or CSV."),
}
_HELP = ("-h", "--help")


class _Load(LazyGroup):
    """Takes whatever is no command for the address of a server."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put in the word `run` where it was left out."""
        if args and args[0] not in self.table and args[0] not in _HELP:
            args = ["run", *args]
        return super().parse_args(ctx, args)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Show how to run a scenario, for that is what most come for, and then the other commands."""
        run = importlib.import_module(self.table["run"][0]).command
        run.format_help(click.Context(run, info_name="load", parent=ctx.parent), formatter)
        self.format_commands(ctx, formatter)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[Any]]:
        """Return the commands that begin like this, and the options of a run."""
        run: click.Command = importlib.import_module(self.table["run"][0]).command
        return super().shell_complete(ctx, incomplete) + run.shell_complete(click.Context(run), incomplete)


@click.command(cls=_Load, table=_COMMANDS, context_settings={"help_option_names": list(_HELP)})
def command() -> None:
    """Run a scenario against the memory server at URL."""
