"""Writes the matrix: as a site with the servers' own reports, or as single files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from memconform.matrix import markdown, page
from memconform.matrix.document import Matrix
from memconform.matrix.earlier import DATA
from memconform.matrix.reading import INDEX
from memconform.report import html
from memconform.report.files import write_json, write_summary, write_text


def write_site(
    folder: Path, matrix: Matrix, judged: Mapping[str, Mapping[str, Any]], specification: str | None
) -> list[Path]:
    """Write index.html, matrix.json, matrix.md and a report for each server; return the files.

    `specification` is the address of the specification site, or its folder as seen from this one. Raises `OSError`.
    """
    written = [
        write_text(folder / f"{name}.html", html.render(result, specification)) for name, result in judged.items()
    ]
    written.append(write_text(folder / "matrix.md", markdown.render(matrix, _report_of)))
    write_json(folder / DATA, matrix)
    index = page.render(matrix, report=page.report_in_folder, specification=specification)
    return [write_text(folder / f"{INDEX}.html", index), folder / DATA, *written]


def write_markdown(file: Path, matrix: Matrix) -> Path:
    """Write the Markdown page; a provider's name links to its own page where that lies beside the file."""
    return write_summary(file, markdown.render(matrix, lambda server: page_beside(file.parent, server)))


def page_beside(folder: Path, server: Mapping[str, Any]) -> str | None:
    """Return the page of a provider as seen from `folder`, None where there is none."""
    return quote(server["page"]) if server["page"] and (folder / server["page"]).is_file() else None


def _report_of(server: Mapping[str, Any]) -> str:
    return page.report_in_folder(server["name"])
