"""`memconform specification`: the contract as a site of HTML pages."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--output",
    required=True,
    type=click.Path(file_okay=False, writable=True, path_type=Path),
    metavar="FOLDER",
    help="Where to write the pages; the folder is made where it is missing, pages of the same names are replaced.",
)
def command(output: Path) -> None:
    """Write the contract's specification as a site of HTML pages that need no network.

    It has what is needed to build a server: operations, resources, problem types, examples, every requirement and how
    it is tested. Reports link to it with --specification FOLDER.

    \b
    memconform specification --output site
    memconform check http://127.0.0.1:8765 --html report.html --specification site
    """  # noqa: D301 - click reads the backspace
    from memconform.specification.site import write_site

    try:
        pages = write_site(output)
    except OSError as error:
        raise click.UsageError(f"the site cannot be written to {output}: {error.strerror or error}") from error
    click.echo(f"{len(pages)} pages, and the contract's files below v1/")
    click.echo(f"open {output / 'index.html'}")
