"""Reads the results that commands about verdicts take: of servers and of clients, not of load tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from memconform.result_file import CLIENT, CONFORMANCE, LOAD, check_result, read_json
from memconform.settings import UsageError


def read_judged(file: Path, for_load: str) -> dict[str, Any]:
    """Return the result in a file; raise `click.UsageError` for what is none.

    `for_load` is the command that takes a load test's result instead.
    """
    try:
        result: dict[str, Any] = read_json(file, (CONFORMANCE, CLIENT))
        if not _of_a_load_test(result):
            check_result(result, str(file), CONFORMANCE, CLIENT)
            return result
    except UsageError as error:
        raise click.UsageError(str(error)) from None
    raise click.UsageError(f"{file} is a load test's result. Try: {for_load}")


def _of_a_load_test(document: object) -> bool:
    return isinstance(document, dict) and document.get("format") == LOAD.format
