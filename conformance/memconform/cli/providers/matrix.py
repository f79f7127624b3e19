"""`memconform providers matrix`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--results",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    required=True,
    metavar="FOLDER",
    help="Where 'providers check --results' kept them.",
)
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="A Markdown file; standard output if none."
)
def command(results: Path, output: Path | None) -> None:
    """Write the matrix of providers × requirements as Markdown, from the results of real runs."""
    from memconform.providers.matrix import matrix, read_results

    judged = read_results(results)
    if not judged:
        raise click.UsageError(f"{results} holds no result of a known provider; make some with 'providers check'.")
    text = matrix(judged)
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")
