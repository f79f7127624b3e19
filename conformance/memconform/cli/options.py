"""Options that several commands have, so that they are the same everywhere."""

from __future__ import annotations

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
