"""`memconform plugin package DIR`: a .difypkg, the same bytes each time."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import click

from memconform.dify.packaging import Package, PackageRefused, PackagingFailed, package


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Default: DIR.difypkg."
)
@click.option("--key", type=click.Path(path_type=Path), metavar="PRIVATE.pem", help="Sign with this RSA key (PEM).")
@click.option(
    "--time",
    type=click.IntRange(min=0),
    metavar="SECONDS",
    help="The time that is signed, since 1970. Default: SOURCE_DATE_EPOCH, else the manifest's created_at.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(folder: Path, output: Path | None, key: Path | None, time: int | None, as_json: bool) -> None:
    """Write a Dify plugin's folder as a .difypkg: the same files give the same bytes on every machine.

    .difyignore (or else .gitignore) is honoured; .git, caches, virtual environments and other packages are left out
    always. What Dify's daemon or SDK would refuse is refused here; the marketplace's own rules are for
    'memconform plugin verify'. Exit codes: 0 written; 1 refused, with the problems; 2 usage.

    \b
    memconform plugin package reference_plugin
    memconform plugin package reference_plugin -o memory.difypkg --key private.pem
    """  # noqa: D301 - click reads the backspace
    target = output or Path(f"{folder.resolve().name or 'plugin'}.difypkg")
    try:
        made = package(folder, key, time=time)
    except PackageRefused as refused:
        _refuse(refused, as_json)
    except PackagingFailed as error:
        raise click.UsageError(str(error)) from None
    else:
        _write(target, made.data)
        _tell(target, made, as_json)


def _refuse(refused: PackageRefused, as_json: bool) -> None:
    from memconform.cli.plugin.verify import print_problems

    if as_json:
        problems = [problem.as_json() for problem in refused.problems]
        click.echo(json.dumps({"error": str(refused), "problems": problems}, indent=1))
    else:
        print_problems(refused.problems)
        click.echo(f"memconform: {refused}", err=True)
    sys.exit(1)


def _write(path: Path, data: bytes) -> None:
    """Write the package whole or not at all."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_bytes(data)
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise click.UsageError(f"{path} cannot be written: {error.strerror}") from None


def _tell(path: Path, made: Package, as_json: bool) -> None:
    facts = {
        "file": str(path),
        "bytes": len(made.data),
        "files": made.files,
        "unpacked_bytes": made.unpacked_bytes,
        "checksum": made.checksum,
        "unique_id": made.unique_id,
        "signed_time": made.time,
    }
    if as_json:
        click.echo(json.dumps(facts, indent=1))
        return
    click.echo(f"{path}  {len(made.data):,} bytes, {made.files} files of {made.unpacked_bytes:,} bytes")
    click.echo(f"  checksum   {made.checksum}")
    click.echo(f"  unique id  {made.unique_id}")
    signed = (
        "no: Dify installs it where FORCE_VERIFYING_SIGNATURE is false" if made.time is None else f"time {made.time}"
    )
    click.echo(f"  signed     {signed}")
