"""Writes the site into a folder: the pages, and beside them the contract's files as they are."""

from __future__ import annotations

from pathlib import Path

from memconform.report.files import write_text
from memconform.specification.pages import Site
from memconform.specification.reading import folder


def write_site(target: Path) -> list[Path]:
    """Write the site and return the files of its pages; the contract's files come to `v1/` below.

    The same contract gives the same bytes. Nothing is deleted. Raises `OSError` where a file cannot be written.
    """
    pages = [write_text(target / name, html) for name, html in Site().pages()]
    source = folder()
    for file in sorted(source.rglob("*")):
        if file.is_file():
            write_text(target / "v1" / file.relative_to(source), file.read_text(encoding="utf-8"))
    return pages
