"""`memconform schemas validate FILE…`: a line for each fault, nothing for files that are good."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from memconform.cli.schemas.names import SCHEMA
from memconform.documents import Document, Fault, Kind, Unreadable, kind_of, named, read_document
from memconform.verdict import ExitCode


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(exists=True, path_type=Path))
@click.option("--schema", "name", type=SCHEMA, help="Validate against this one; default: what the file says it is.")
@click.option("--pass-unknown", is_flag=True, help="Pass over files of which nothing tells what they are.")
@click.option("-v", "--verbose", is_flag=True, help="Tell of good files, too, and what they are.")
def command(files: tuple[Path, ...], *, name: str | None, pass_unknown: bool, verbose: bool) -> None:
    """Validate JSON, YAML and TOML files, and print FILE:LINE: POINTER: what is wrong.

    It knows by their content: results, configurations, baselines, mappings of plugins, definitions of providers,
    capabilities, JSON Schemas, and OpenAPI documents, which have to declare the operations that every server has.
    Anything else of the contract needs --schema. Exit codes: 0 all are good; 1 some are not; 2 usage.

    \b
    memconform schemas validate memconform.toml memconform-baseline.toml results/*.json
    memconform schemas validate --schema search-response answer.json
    """  # noqa: D301 - click reads the backspace
    given = named(name) if name else None
    bad = 0
    for file in files:
        kind, faults = _judged(file, given, pass_unknown=pass_unknown)
        bad += bool(faults)
        for line in faults:
            click.echo(line)
        if verbose and not faults:
            click.echo(f"{file}: {f'good ({kind.name})' if kind else 'passed over'}")
    sys.exit(ExitCode.NOT_CONFORMANT if bad else ExitCode.CONFORMANT)


def _judged(file: Path, given: Kind | None, *, pass_unknown: bool) -> tuple[Kind | None, list[str]]:
    """Return the kind of a file and a line for each fault."""
    try:
        document = read_document(file)
    except Unreadable as error:
        return None, [_line(file, error.line, str(error))]
    kind = given or kind_of(document)
    if kind is not None:
        return kind, [_told(document, fault) for fault in kind.faults(document)]
    unknown = "nothing in it tells what it is; name a schema with --schema (see 'memconform schemas list')"
    return None, [] if pass_unknown else [_line(file, None, unknown)]


def _told(document: Document, fault: Fault) -> str:
    if fault.pointer is None:
        return _line(document.path, fault.line, fault.message)
    return _line(document.path, document.line_of(fault.pointer), f"{fault.pointer or 'the top'}: {fault.message}")


def _line(file: Path, line: int | None, message: str) -> str:
    return f"{file}:{line}: {message}" if line else f"{file}: {message}"
