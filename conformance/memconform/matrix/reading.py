"""Reads what the matrix is made of: conformance results, load results, and the list of the providers' benchmark.

A server is named after the file of its conformance result. A load result belongs to the server of the same name, which
is that of its file without `.load` or `-load` at the end; else to the one server at the address that it loaded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from memconform.matrix.loads import of_benchmark, of_load_test
from memconform.result_file import CONFORMANCE, LOAD, check_result, read_json
from memconform.settings import UsageError

INDEX = "index"
"""The name of the site's own page; no server can have it."""

_SUFFIXES = (".load", "-load", "_load")


@dataclass
class Given:
    """What was read: conformance results by the server's name, in order of the names, and members of `loads`."""

    judged: Mapping[str, Mapping[str, Any]]
    loads: Sequence[Mapping[str, Any]] = field(default_factory=list)


def read(files: Iterable[Path]) -> Given:
    """Read all files; raise `UsageError` for one that is no result, and where no conformance result is among them."""
    judged: dict[str, Path] = {}
    documents: dict[Path, Any] = {}
    loaded: list[Path] = []
    for file in dict.fromkeys(files):
        document = documents[file] = read_json(file, (CONFORMANCE, LOAD))
        if isinstance(document, list) or check_result(document, str(file), CONFORMANCE, LOAD) is LOAD:
            loaded.append(file)
        else:
            _name(file, judged)
    if not judged:
        raise UsageError("no conformance result is among the files; make one with 'memconform check URL --json FILE'")
    results = {name: documents[judged[name]] for name in sorted(judged)}
    return Given(results, [load for file in loaded for load in _loads(file, documents[file], results)])


def _name(file: Path, judged: dict[str, Path]) -> None:
    name = file.stem
    if name in judged:
        raise UsageError(
            f"{judged[name]} and {file} are both results of a server {name!r}: a server is named after its file, so "
            "rename one. To tell what changed since an older run, give its folder with --since."
        )
    if name.casefold() == INDEX:
        raise UsageError(f"{file} cannot be called so: {INDEX}.html is the site's own page; rename it after the server")
    judged[name] = file


def _loads(file: Path, document: Any, judged: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    if not isinstance(document, list):
        name = _named(file)
        return [of_load_test(name, _belongs(name, document["target"]["url"], judged), document)]
    try:
        return list(of_benchmark(document, list(judged)))
    except (KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"{file} is a list, but none that benchmarks/provider_load.py writes ({type(error).__name__}: {error}); "
            "give results of 'memconform check' and 'memconform load'"
        ) from None


def _named(file: Path) -> str:
    for suffix in _SUFFIXES:
        if file.stem.endswith(suffix) and file.stem != suffix:
            return file.stem.removesuffix(suffix)
    return file.stem


def _belongs(name: str, url: str, judged: Mapping[str, Mapping[str, Any]]) -> str | None:
    if name in judged:
        return name
    there = [each for each, result in judged.items() if result["server"]["url"].rstrip("/") == url.rstrip("/")]
    return there[0] if len(there) == 1 else None
