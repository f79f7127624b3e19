"""A plugin's folder, also when it comes as a .difypkg."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from memconform.dify.failures import NotAPlugin


@contextmanager
def plugin_folder(source: Path | str) -> Iterator[Path]:
    """Give the plugin's folder; a .difypkg is unpacked for as long as the context is open."""
    path = Path(source).resolve()
    if path.is_dir():
        yield path
    elif path.is_file():
        from memconform.dify.packaging import unpacked

        with unpacked(path) as root:
            yield root
    else:
        raise NotAPlugin(f"{source} does not exist: expected the folder of a Dify plugin, or a .difypkg file")
