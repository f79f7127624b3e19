"""Pages of reference that are made, not written: `python -m memconform.cli.manual docs/reference`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from memconform.cli import _SECTIONS, main
from memconform.contract import schema

_WIDTH = 100
_COMMANDS = """# Commands

Made of the program's own help by `python -m memconform.cli.manual docs/reference`; a test compares.
"""
_CONFIGURATION = """# Configuration

Made of `schemas/toolkit/configuration.schema.json` by `python -m memconform.cli.manual docs/reference`; a test
compares.
"""
_ORDER = """
Each option of a command is a variable, too: `--budget` of `memconform check` is `MEMCONFORM_CHECK_BUDGET`. The file is
looked for in the folder and upwards; `memconform --config FILE` names another one. `memconform init` writes one. Paths
are relative to its folder.
"""


def pages() -> dict[str, str]:
    """Return each page by the name of its file."""
    return {"commands.md": "\n".join(_commands()), "configuration.md": "\n".join(_configuration())}


def _configuration() -> Iterator[str]:
    wanted = schema("configuration")
    yield _CONFIGURATION
    yield str(wanted["description"])
    yield _ORDER
    yield "| key | type | |\n|---|---|---|"
    yield from _keys(wanted["properties"], "")
    yield ""


def _keys(properties: Mapping[str, Any], before: str) -> Iterator[str]:
    """Yield a row for each key; those of a table follow it."""
    for name, about in properties.items():
        kind = about.get("type", "string")
        told = kind if isinstance(kind, str) else " or ".join(kind)
        if choices := about.get("enum"):
            told = " or ".join(f"`{choice}`" for choice in choices)
        yield f"| `{before}{name}` | {told} | {about.get('description', '')} |"
        yield from _keys(about.get("properties", {}), f"{before}{name}.")


def _commands() -> Iterator[str]:
    yield _COMMANDS
    for heading, rows in _SECTIONS.items():
        yield f"**{heading}:** " + ", ".join(f"[`{name}`](#memconform-{name})" for name in rows) + "\n"
    root = _context(main, "memconform", None)
    for rows in _SECTIONS.values():
        for name in rows:
            yield from _told(main, name, root)


def _told(group: click.Group, name: str, parent: click.Context) -> Iterator[str]:
    """Yield a command, and the commands below it."""
    command = group.get_command(parent, name)
    if command is None:
        return
    context = _context(command, name, parent)
    help_ = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    yield f"## {context.command_path}\n\n```text\n{help_}\n```\n"
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            if below != "run":  # 'memconform load' shows the options of a run itself
                yield from _told(command, below, context)


def _context(command: click.Command, name: str, parent: click.Context | None) -> click.Context:
    settings = {"terminal_width": _WIDTH, "max_content_width": _WIDTH}
    return click.Context(command, info_name=name, parent=parent, **{**command.context_settings, **settings})


if __name__ == "__main__":
    for file, text in pages().items():
        (Path(sys.argv[1]) / file).write_text(text, encoding="utf-8")
