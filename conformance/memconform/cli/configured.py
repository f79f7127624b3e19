"""Brings the configuration to the commands: as click's defaults, read only where a command asks for one."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from memconform.configuration import Configuration

_KEY = "memconform.configuration"


class Configured(MutableMapping[str, Any]):
    """The defaults of one command. The file is looked for and read when the first of them is asked for.

    So a damaged file stops only those commands that would use it.
    """

    def __init__(self, command: str, file: Path | None, ctx: click.Context) -> None:
        self._command = command
        self._file = file
        self._ctx = ctx

    @cached_property
    def _values(self) -> dict[str, Any]:
        from memconform.configuration import defaults, find_file, read_configuration
        from memconform.settings import UsageError

        try:
            file = self._file or find_file(Path.cwd())
            found = read_configuration(file) if file else None
            if found is None:
                return {}
            self._ctx.meta[_KEY] = found
            return defaults(self._command, found)
        except UsageError as error:
            raise click.UsageError(str(error)) from None

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._values[name] = value

    def __delitem__(self, name: str) -> None:
        del self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def configure(ctx: click.Context, file: Path | None) -> None:
    """Give the commands that have a configuration their defaults from this file, else from the nearest one."""
    ctx.default_map = {
        **{name: Configured(name, file, ctx) for name in ("check", "cleanup", "capacity", "compare")},
        "load": {"run": Configured("load", file, ctx)},
        "baseline": dict.fromkeys(("update", "check", "show"), Configured("baseline", file, ctx)),
    }


def configuration(ctx: click.Context) -> Configuration | None:
    """Return the configuration that a command's defaults came from; None where there is none."""
    found: Configuration | None = ctx.meta.get(_KEY)
    return found
