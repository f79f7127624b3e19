"""A group of commands that imports a command only when it is called, so that `--help` is quick."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import click

Table: TypeAlias = Mapping[str, tuple[str, str]]
"""Module and one line of help by the name of the command; each module has a click command named `command`."""

Needs: TypeAlias = Mapping[str, tuple[str, Iterable[str]]]
"""The extra that a command needs, and the modules of that extra, by the name of the command."""


class LazyGroup(click.Group):
    """Knows its commands by a table of names."""

    def __init__(self, *args: Any, table: Table, needs: Needs = MappingProxyType({}), **more: Any) -> None:
        """Keep the tables; the rest is click's."""
        super().__init__(*args, **more)
        self.table = table
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
        if absent:
            missing = ", ".join(absent)
            raise click.UsageError(
                f"'{ctx.command_path} {name}' needs what is not installed: {missing}. "
                f"Try: pip install 'memconform[{extra}]'"
            )
        command = importlib.import_module(self.table[name][0]).command
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write the table without importing a command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self.table.items()])
