"""Options that several commands have, so that they are the same everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click


class ResultFile(click.Path):
    """A file to write at the end; one that cannot be written is refused at the beginning, not after the run."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the path; its folder is made where it is missing."""
        path = Path(str(super().convert(value, param, ctx)))
        if path.name == "-":
            self.fail("'-' is no file; give its name, or /dev/stdout", param, ctx)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            existed = path.exists()
            with path.open("a"):
                pass
            if not existed:
                path.unlink()
        except OSError as error:
            self.fail(f"{path} cannot be written: {error.strerror}", param, ctx)
        return path


def refuse_shared(written: Mapping[str, Path | None], read: Iterable[Path] = ()) -> None:
    """Raise `click.UsageError` where two files to write, by their options, are one, or one is read as well."""
    seen = {file.resolve(): "what is read" for file in read}
    for option, file in written.items():
        if file is not None and not file.is_char_device():
            other = seen.setdefault(file.resolve(), option)
            if other != option:
                raise click.UsageError(f"{option} {file}: that is the file of {other}; give each a file of its own")


class Line(click.types.StringParamType):
    """Text that may have blanks: in an environment variable, where there may be several, each has a line."""

    def split_envvar_value(self, rv: str) -> list[str]:
        """Return the lines that are not empty."""
        return [line.strip() for line in rv.splitlines() if line.strip()]


JSON_FILE = click.option(
    "--json", "json_file", type=ResultFile(), metavar="FILE", help="Write the result to this file."
)
ONLY = click.option(
    "--only",
    multiple=True,
    metavar="NAME",
    help="A defect, a variant, a requirement's id, 'defects' or 'variants' (repeatable).",
)
VERBOSE = click.option("-v", "--verbose", is_flag=True, help="Print what was said of every case.")
