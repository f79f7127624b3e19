"""Unpacking a .difypkg into a temporary folder, so that nothing is written anywhere else."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from memconform.dify.packaging.contents import read
from memconform.dify.packaging.failures import NotAPlugin, UnsafePackage
from memconform.dify.packaging.zip_reading import HARMFUL


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """Yield a folder with the package's files, deleted at the end; a folder is yielded as it is.

    Files are written with mode 0644 and without links. Raises `NotAPlugin` for what is no package, `UnsafePackage`
    for one that would write outside, holds a path twice, is damaged, or is too large.
    """
    if path.is_dir():
        yield path
        return
    contents = read(path)
    harmful = [problem for problem in contents.problems if problem.rule in HARMFUL]
    if harmful:
        first = harmful[0]
        more = f", and {len(harmful) - 1} more" if len(harmful) > 1 else ""
        raise UnsafePackage(f"{path} is not unpacked: {first.where}: {first.message}{more}", harmful)
    if "manifest.yaml" not in contents.files:
        raise NotAPlugin(f"{path} holds no manifest.yaml at its root, so it is no Dify plugin")
    with tempfile.TemporaryDirectory(prefix="memconform-plugin-") as name:
        folder = Path(name)
        for inner, content in contents.files.items():
            target = folder / inner
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            target.chmod(0o644)
        yield folder
