"""Objectives in a YAML file: a list of texts, or a mapping of what is measured to its limit.

    - search.p95 < 200ms          # a list

    search:                       # or a mapping, as deep as the names
      p95: <200ms
      errors: <0.1%
    rate: ">=48/s"                # YAML wants quotes where a value begins with >
    violations: 0                 # a mere number is an exact one

Either may stand below one key `slo` or `objectives`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from memconform.contract.yaml import TooDeep, foreign_yaml
from memconform.settings import UsageError
from memconform_load.slo.objective import OPERATORS, Objective, parse_slo


class _Strict(yaml.SafeLoader):
    """Refuses a key that stands twice, of which YAML would silently take the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} stands there twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_slo_file(path: str | Path) -> list[Objective]:
    """Return the objectives of a file; raise `UsageError` that names the file and what is wrong with it."""
    try:
        document = foreign_yaml(Path(path).read_text(encoding="utf-8-sig"), _Strict)
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise UsageError(f"the objectives {path} cannot be read: {why}") from None
    except TooDeep as error:
        raise UsageError(f"{path}: {error.problem}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        hint = 'a value that begins with > needs quotes: rate: ">=48/s"'
        raise UsageError(f"{path}{where}: {problem}; {hint}") from None
    try:
        objectives = [parse_slo(text) for text in _texts(_content(document))]
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None
    if not objectives:
        raise UsageError(f"{path} has no objective; expected a list such as '- search.p95<200ms'")
    return objectives


def _content(document: Any) -> Any:
    if isinstance(document, dict) and len(document) == 1:
        key, value = next(iter(document.items()))
        if key in ("slo", "slos", "objectives"):
            return value
    return document


def _texts(document: Any) -> Iterator[str]:
    if isinstance(document, list):
        for item in document:
            if isinstance(item, dict):
                yield from _of_mapping(item, "")
            elif isinstance(item, str):
                yield item
            else:
                raise UsageError(f"expected a text such as search.p95<200ms; got {item!r}")
    elif isinstance(document, dict):
        yield from _of_mapping(document, "")
    elif document is not None:
        raise UsageError(f"expected a list of objectives, or a mapping; got {document!r}")


def _of_mapping(document: dict[Any, Any], before: str) -> Iterator[str]:
    for key, value in document.items():
        name = f"{before}{key}"
        if isinstance(value, dict):
            yield from _of_mapping(value, f"{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield f"{name}={value}"
        elif isinstance(value, str) and value.strip().startswith(tuple(OPERATORS)):
            yield f"{name}{value.strip()}"
        else:
            raise UsageError(f"{name}: expected an operator and a limit, such as '<200ms'; got {value!r}")
