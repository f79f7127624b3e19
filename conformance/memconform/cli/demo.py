"""`memconform demo`: the main job on a server that everybody has, and what a finding looks like."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import click

from memconform.budget import Budget
from memconform.cli.check import in_subprocess, pytest_arguments
from memconform.serving import NotServing, served
from memconform.settings import API_KEY, SECOND_API_KEY, RunSettings
from memconform.verdict import ExitCode

DEFECT = "resurrects-deleted"


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("results"),
    help="Folder for the result files.",
)
@click.option("--defect", default=DEFECT, help="The seeded defect to show.")
def command(output: Path, defect: str) -> None:
    """Start the reference server and judge it; start it again with a seeded defect and show how that is found."""
    from memconform_server.defects import defects

    if defect not in defects():
        raise click.UsageError(f"there is no defect {defect!r}; see 'memconform defects'")
    keys = {API_KEY: secrets.token_hex(16), SECOND_API_KEY: secrets.token_hex(16)}
    os.environ.update(keys)
    files = [output / "conformance.json", output / "conformance.xml", output / "defect.json"]
    try:
        click.echo("1. The reference server, judged\n")
        good = _check([], keys, RunSettings("", budget=Budget("smoke")), *files[:2])
        broken = defects()[defect]
        click.echo(f"\n2. The same server with the seeded defect {defect!r}: {broken.sin}\n")
        bad = _check(
            ["--defect", defect], keys, RunSettings("", budget=Budget("smoke"), requirements=(broken.breaks,)), files[2]
        )
    except NotServing as error:
        raise click.ClickException(f"the reference server did not start: {error}") from None
    click.echo("\nBoth servers are stopped. Result files: " + ", ".join(map(str, files)))
    click.echo("Next: memconform serve, and in another terminal memconform check http://127.0.0.1:8765")
    if (good, bad) != (ExitCode.CONFORMANT, ExitCode.NOT_CONFORMANT):
        click.echo(f"memconform: expected the exit codes 0 and 1, got {good} and {bad}: the judge is wrong", err=True)
        sys.exit(1)


def _check(
    options: list[str], keys: Mapping[str, str], settings: RunSettings, json_file: Path, junit: Path | None = None
) -> int:
    """Start a server, judge it, stop it; return the exit code of the check."""
    serving = {"MEMCONFORM_SERVER_API_KEYS": ",".join(keys.values())}
    with served(options, serving) as url:
        return in_subprocess(
            pytest_arguments(replace(settings, url=url), str(json_file), str(junit) if junit else None)
        )
