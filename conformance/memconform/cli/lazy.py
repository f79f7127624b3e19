"""A group of commands that imports a command only when it is called, so that help and completion are quick."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from memconform.cli.variables import name_variables

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

Table: TypeAlias = Mapping[str, tuple[str, str]]
"""Module and one line of help by the name of the command; each module has a click command named `command`."""

Needs: TypeAlias = Mapping[str, tuple[str, Iterable[str]]]
"""The extra that a command needs, and the modules of that extra, by the name of the command."""

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class LazyGroup(click.Group):
    """Knows its commands by a table of names, or by several with a heading each."""

    def __init__(
        self, *args: Any, table: Table = _NOTHING, sections: Mapping[str, Table] = _NOTHING, needs: Needs = _NOTHING,
        **more: Any,
    ) -> None:  # fmt: skip
        """Keep the tables; the rest is click's."""
        super().__init__(*args, **more)
        self.sections = dict(sections) or {"Commands": table}
        self.table: Table = {name: row for rows in self.sections.values() for name, row in rows.items()}
        self.needs = needs

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names in the order of the table."""
        return list(self.table)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import one command; raise `UsageError` when the extra that it needs is not installed."""
        if name not in self.table:
            return None
        extra, modules = self.needs.get(name, ("", ()))
        absent = [module for module in modules if importlib.util.find_spec(module) is None]
        if absent and ctx.resilient_parsing:  # a completion is under way: nobody reads errors
            return None
        if absent:
            missing = ", ".join(absent)
            raise click.UsageError(
                f"'{ctx.command_path} {name}' needs what is not installed: {missing}. "
                f"Try: pip install 'memconform[{extra}]'"
            )
        command = importlib.import_module(self.table[name][0]).command
        if not isinstance(command, click.Command):
            return None
        prefix = ctx.auto_envvar_prefix
        name_variables(command, prefix and f"{prefix}_{name}".replace("-", "_").upper())
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the first word names; an unknown one is told with those that are near."""
        word = args[0]
        if word not in self.table and not ctx.resilient_parsing and not word.startswith("-"):
            raise click.UsageError(f"{word!r} is no command; {self._hint(ctx, word)}", ctx)
        return super().resolve_command(ctx, args)

    def _hint(self, ctx: click.Context, word: str) -> str:
        if word.startswith(("http://", "https://")) and "check" in self.table:
            return f"did you mean '{ctx.command_path} check {word}'?"
        near = get_close_matches(word.lower(), list(self.table), n=3)
        if near:
            return f"did you mean {' or '.join(near)}?"
        return f"the commands are {', '.join(self.table)}."

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[Any]]:
        """Return the names that begin like this, without importing a command, and the options of the group."""
        from click.shell_completion import CompletionItem

        names = [
            CompletionItem(name, help=told) for name, (_, told) in self.table.items() if name.startswith(incomplete)
        ]
        return names + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write the tables without importing a command, the second column at one place in all of them."""
        width = max((len(name) for name in self.table), default=0)
        for heading, rows in self.sections.items():
            with formatter.section(heading):
                formatter.write_dl([(name.ljust(width), told) for name, (_, told) in rows.items()])
