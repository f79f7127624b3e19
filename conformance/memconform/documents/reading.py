"""Reads JSON, YAML and TOML as JSON values, and finds the line of a place in them."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml

from memconform.contract.yaml import SafeLoader, TooDeep, check_depth, foreign_yaml

_LARGEST = 1_000_000


class Unreadable(Exception):
    """A file that is none of these; `line` is where, None where it is not known."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was read."""

    path: Path
    text: str
    value: Any
    """As JSON has it: dates and times are texts."""

    def line_of(self, pointer: str) -> int | None:
        """Return the line of a place, counted from 1; None for TOML, and where it cannot be told."""
        if self.path.suffix == ".toml":
            return None
        try:
            check_depth(self.text)
            node = yaml.compose(self.text, Loader=SafeLoader)  # JSON is YAML, almost
        except yaml.YAMLError:
            return None
        return _line(node, [_unescaped(step) for step in pointer.split("/")[1:]])


def read_document(path: Path) -> Document:
    """Return what a file holds, by the end of its name; raise `Unreadable` where it cannot be."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise Unreadable(f"it cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise Unreadable("it is no UTF-8 text") from None
    parse = {".toml": _toml, ".yaml": _yaml, ".yml": _yaml}.get(path.suffix.lower(), _json)
    try:
        return Document(path, text, _as_json(parse(text), iter(range(_LARGEST))))
    except RecursionError:
        raise Unreadable("it is nested too deeply") from None


def _json(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refused, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise Unreadable(f"it is no JSON: {error.msg}", error.lineno) from None
    except ValueError as error:
        raise Unreadable(f"it is no JSON: {error}") from None


def _yaml(text: str) -> Any:
    try:
        return foreign_yaml(text)
    except TooDeep as error:
        raise Unreadable(str(error.problem), error.problem_mark.line + 1 if error.problem_mark else None) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise Unreadable(f"it is no YAML: {error.problem}", mark.line + 1 if mark else None) from None
    except yaml.YAMLError as error:
        raise Unreadable(f"it is no YAML: {str(error).splitlines()[0]}") from None


def _toml(text: str) -> Any:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Unreadable(f"it is no TOML: {error}") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(name for index, (name, _) in enumerate(pairs) if name in dict(pairs[:index]))
        raise ValueError(f"the member {twice!r} stands twice in one object")
    return found


def _refused(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number in JSON")


def _as_json(value: Any, left: Iterator[int]) -> Any:
    """Return a value as JSON has it; raise `Unreadable` where aliases of YAML make more of it than can be judged."""
    if next(left, None) is None:
        raise Unreadable(f"it holds more than {_LARGEST:,} values, perhaps by aliases")
    if isinstance(value, dict):
        return {str(name): _as_json(member, left) for name, member in value.items()}
    if isinstance(value, list):
        return [_as_json(item, left) for item in value]
    return value if value is None or isinstance(value, str | int | float) else str(value)


def _line(node: yaml.Node | None, steps: list[str]) -> int | None:
    """Return the line of the last step that there is: a member that is missing is told where its object begins."""
    line = None
    while node is not None:
        line = node.start_mark.line + 1
        if not steps:
            return line
        step, *steps = steps
        found = next((each for name, each in _members(node) if name == step), None)
        if found is None:
            return line
        line, node = found[0], found[1]
    return line


def _members(node: yaml.Node) -> Iterator[tuple[str, tuple[int, yaml.Node]]]:
    """Yield name, line of the name, and value."""
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            yield name.value, (name.start_mark.line + 1, value)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield str(index), (item.start_mark.line + 1, item)


def _unescaped(step: str) -> str:
    return step.replace("~1", "/").replace("~0", "~")
