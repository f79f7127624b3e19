"""`memconform plugin verify PATH`: a plugin held against the rules of Dify's daemon, its SDK and its marketplace."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path

import click

from memconform.dify.packaging import Audience, Level, PackagingFailed, Problem, Verified, errors, verified


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--for",
    "audience",
    type=click.Choice([str(each) for each in Audience]),
    default=str(Audience.MARKETPLACE),
    help="Whom the plugin is meant for; the marketplace's rules on submissions are advice for the other two.",
)
@click.option(
    "--public-key", type=click.Path(path_type=Path), metavar="PEM", help="Check a package's signature with this key."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(path: Path, audience: str, public_key: Path | None, as_json: bool) -> None:
    """Judge a plugin's folder or .difypkg, and point at the line of each problem.

    Nothing of the plugin is imported or run. Exit codes: 0 no problem (advice is allowed); 1 problems; 2 usage, or no
    plugin there.

    \b
    memconform plugin verify reference_plugin
    memconform plugin verify memory.difypkg --for self-hosted --public-key public.pem
    """  # noqa: D301 - click reads the backspace
    try:
        key = public_key.read_bytes() if public_key else None
        result = verified(path, audience=Audience(audience), public_key=key)
    except OSError as error:
        raise click.UsageError(f"{public_key} cannot be read: {error.strerror}") from None
    except PackagingFailed as error:
        raise click.UsageError(str(error)) from None
    if as_json:
        click.echo(json.dumps(_as_json(path, audience, result), indent=1))
    else:
        print_problems(result.problems)
        _summary(path, audience, result)
    sys.exit(1 if errors(result.problems) else 0)


def print_problems(problems: Iterable[Problem]) -> None:
    """Print each problem in four lines: where and which rule, expected, seen, what to do."""
    for problem in problems:
        colour = "red" if problem.level is Level.ERROR else "yellow"
        level = click.style(str(problem.level), fg=colour, bold=True)
        click.echo(f"{click.style(problem.where, bold=True)}: {level} {problem.rule}")
        click.echo(f"  expected  {problem.expected}")
        click.echo(f"  saw       {problem.seen}")
        click.echo(f"  do        {problem.advice}")
        click.echo(f"  refused   by {problem.authority}")


def _summary(path: Path, audience: str, result: Verified) -> None:
    wrong = len(errors(result.problems))
    advice = len(result.problems) - wrong
    verdict = f"{wrong} error{'' if wrong == 1 else 's'}" if wrong else "no errors"
    click.echo(
        f"{path}: {verdict}, {advice} advice, for {audience}; {result.files} files, {result.unpacked_bytes:,} bytes"
    )
    click.echo(f"  checksum   {result.checksum}")
    click.echo(f"  unique id  {result.unique_id}")
    click.echo(f"  signature  {result.signature}")


def _as_json(path: Path, audience: str, result: Verified) -> dict[str, object]:
    return {
        "path": str(path),
        "for": audience,
        "errors": len(errors(result.problems)),
        "problems": [problem.as_json() for problem in result.problems],
        "files": result.files,
        "unpacked_bytes": result.unpacked_bytes,
        "checksum": result.checksum,
        "unique_id": result.unique_id,
        "signature": result.signature,
    }
