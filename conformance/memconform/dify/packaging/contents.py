"""What a plugin consists of: its files in memory, from a folder or from a package, read within limits.

A folder is read as it would be packaged, so that both are judged alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from memconform.dify.packaging.failures import NotAPlugin
from memconform.dify.packaging.problem import Authority, Problem, Rule

SIZE = Rule("size", Authority.DAEMON, "leave out what the plugin does not need at run time, for example by .difyignore")
COUNT = Rule("file-count", Authority.MARKETPLACE, "leave out what the plugin does not need at run time")


@dataclass(frozen=True)
class Contents:
    """The files of a plugin by their path from its root, with `/`; `problems` are those met while reading.

    `comment` is the ZIP comment, `order` the paths in the order of the ZIP; `total` is in bytes, unpacked.
    """

    origin: Path
    files: Mapping[str, bytes]
    total: int
    problems: tuple[Problem, ...] = ()
    is_package: bool = False
    comment: bytes = b""
    order: tuple[str, ...] = ()

    def text(self, path: str) -> str | None:
        """Return a file as text, with what is not UTF-8 replaced; None when it is not there."""
        data = self.files.get(path)
        return None if data is None else data.decode("utf-8", "replace")


def read(path: Path) -> Contents:
    """Return what is at the path, a plugin's folder or package; raise `NotAPlugin`."""
    from memconform.dify.packaging.folder import read_folder
    from memconform.dify.packaging.zip_reading import read_package

    try:
        if path.is_dir():
            return read_folder(path)
        if not path.exists():
            raise NotAPlugin(f"{path} does not exist; give the folder of a plugin or a .difypkg file")
        if not path.is_file():
            raise NotAPlugin(f"{path} is neither a folder nor a file; give the folder of a plugin or a .difypkg file")
        return read_package(path)
    except OSError as error:
        raise NotAPlugin(f"{path} cannot be read: {error.strerror or error}") from None
