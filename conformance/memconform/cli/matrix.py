"""`memconform matrix FILE…`: servers side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from memconform.cli.next_step import suggest
from memconform.cli.options import ResultFile, refuse_shared
from memconform.settings import UsageError

if TYPE_CHECKING:
    from memconform.matrix import Given, Matrix


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument(
    "files", nargs=-1, required=True, metavar="FILE…", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Write a site there, over what has the same names: index.html, NAME.html of each, matrix.json and matrix.md.",
)
@click.option("--html", "html_file", type=ResultFile(), metavar="FILE", help="Write the page alone to this file.")
@click.option(
    "--markdown",
    "markdown_file",
    type=ResultFile(),
    metavar="FILE",
    help='Write Markdown to this file; to "$GITHUB_STEP_SUMMARY" it is appended.',
)
@click.option("--json", "json_file", type=ResultFile(), metavar="FILE", help="Write the matrix as data to this file.")
@click.option(
    "--since",
    type=click.Path(exists=True, path_type=Path),
    metavar="PATH",
    help="The last run, to tell what changed: a folder of results, a site of this command, or its matrix.json.",
)
@click.option(
    "--specification",
    metavar="URL",
    help="Address, or folder, of the specification site that requirements link to ('memconform specification').",
)
def command(
    files: tuple[Path, ...],
    output: Path | None,
    html_file: Path | None,
    markdown_file: Path | None,
    json_file: Path | None,
    since: Path | None,
    specification: str | None,
) -> None:
    """Compare servers: providers × requirements, providers × profiles, latency, and what changed since the last run.

    FILEs are results of 'memconform check --json' and 'memconform load --json'. A server is called as the file of its
    conformance result; NAME.load.json is its load result, or one of the same address. Without an output option the
    Markdown goes to standard output.

    Exit codes: 0 written; 2 usage, or a file that is no such result.

    \b
    memconform matrix results/*.json --output site
    memconform matrix results/*.json --output site --since site    # the next time: with what changed
    """  # noqa: D301 - click reads the backspace
    from memconform.matrix import markdown, matrix, read, read_earlier

    refuse_shared({"--html": html_file, "--markdown": markdown_file, "--json": json_file}, files)
    try:
        given = read(files)
        made = matrix(given, read_earlier(since) if since else None)
    except UsageError as error:
        raise click.UsageError(str(error)) from None
    outputs = (output, html_file, markdown_file, json_file)
    if not any(outputs):
        click.echo(markdown.render(made), nl=False)
        return
    try:
        written = _written(given, made, outputs, specification)
    except OSError as error:
        raise click.UsageError(f"{error.filename or 'a file'} cannot be written: {error.strerror or error}") from None
    for file in written:
        click.echo(f"written: {file}")
    if output:
        suggest(f"memconform matrix FILE… --output {output} --since {output} tells the next time what changed")


def _written(
    given: Given, made: Matrix, outputs: tuple[Path | None, ...], specification: str | None
) -> list[Path | str]:
    from memconform.matrix import page, site
    from memconform.report.files import write_json, write_text

    output, html_file, markdown_file, json_file = outputs
    written: list[Path | str] = []
    if output:
        first, *others = site.write_site(output, made, given.judged, specification)
        written.append(f"{first} and {len(others)} files beside it")
    if html_file:
        written.append(write_text(html_file, page.render(made, specification=specification)))
    if markdown_file:
        written.append(site.write_markdown(markdown_file, made))
    if json_file:
        write_json(json_file, made)
        written.append(json_file)
    return written
