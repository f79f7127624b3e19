"""The mapping file: which tool of a plugin does what, so that any plugin can be judged, not only the reference.

    format: memconform.plugin-map/1
    credentials: {base_url: "{base_url}", api_key: "{api_key}", deadline_s: "{deadline_s}"}
    tools:
      - tool: add_memory
        operation: addMemory                 # operationId of the request that matters, from schemas/v1/openapi.yaml
        parameters: {content: "{content}", user_id: "{user_id}"}
        result: {id: /memory_id, texts: /memory/content}

A value that is one placeholder keeps the placeholder's type; one made of a placeholder that may be left out is left out
where the call has nothing for it. `result` has JSON Pointers into what the tool gives (its JSON messages and variables,
merged); a step `*` stands for every element.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from memconform.contract.openapi import openapi
from memconform.contract.yaml import foreign_yaml
from memconform.settings import UsageError

FORMAT = "memconform.plugin-map/1"
NAME = "memconform.yaml"
"""Where a plugin's folder keeps its mapping."""

OPTIONAL = frozenset({"top_k", "limit", "cursor", "idempotency_key", "metadata"})
"""Placeholders that a call may have nothing for: the parameter is left out then. Only load tests fill them in."""

PLACEHOLDERS = OPTIONAL | {
    "base_url", "api_key", "deadline_s", "user_id", "content", "query", "memory_id", "key", "messages",
}  # fmt: skip
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_MEMBERS = frozenset({"format", "credentials", "deadline_s", "tools", "failure"})
_TOOL_MEMBERS = frozenset({"tool", "operation", "parameters", "result"})
_RESULT_MEMBERS = frozenset({"id", "texts", "users", "versions", "cursor", "operation", "status"})
_FAILURE_MEMBERS = frozenset({"pointer", "equals", "message"})


@dataclass(frozen=True, slots=True)
class MappedTool:
    """One tool: the operation of the contract that it is for, its parameters, and where its result has what."""

    tool: str
    operation: str
    parameters: Mapping[str, Any]
    id: str | None = None
    """Where the id of the memory stands in the result; None when it gives none."""
    texts: str | None = None
    """Where the contents of memories stand in the result, exactly as stored; None when it gives none."""
    users: str | None = None
    """Where the `user_id` of each memory stands."""
    versions: str | None = None
    """Where the version of each memory stands."""
    cursor: str | None = None
    """Where the cursor of the next page stands."""
    operation_id: str | None = None
    """Where the id of an ingestion or erasure stands."""
    status: str | None = None
    """Where it stands how far that one is."""

    def takes(self, placeholder: str) -> bool:
        """Tell whether a parameter is made from the placeholder."""
        return any(f"{{{placeholder}}}" in str(value) for value in self.parameters.values())


@dataclass(frozen=True, slots=True)
class Failure:
    """How a plugin tells of a failure that it does not raise: the value at a pointer, and where the message is."""

    pointer: str
    equals: Any
    message: str | None = None


@dataclass(frozen=True, slots=True)
class PluginMap:
    """What the judge knows of a plugin."""

    credentials: Mapping[str, Any]
    tools: tuple[MappedTool, ...]
    deadline_s: float | None = None
    """How long a call may take, in seconds, where the credentials have no place for `{deadline_s}`."""
    failure: Failure | None = field(default=None)

    @property
    def takes_deadline(self) -> bool:
        """Tell whether the credentials say how long a call may take."""
        return any("{deadline_s}" in str(value) for value in self.credentials.values())


def read_mapping(path: Path) -> PluginMap:
    """Read a mapping file; raise `UsageError` that names the place and what is expected there."""
    try:
        document = foreign_yaml(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(
            f"{path} is not there: it says which tool does what; write one, or name one with --map"
        ) from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from None
    try:
        return _mapping(document)
    except _Wrong as wrong:
        raise UsageError(f"{path}: {wrong}") from None


class _Wrong(Exception):
    """What is wrong with the document, and where."""


def _mapping(document: Any) -> PluginMap:
    _members(document, "the document", _MEMBERS)
    if document.get("format") != FORMAT:
        raise _Wrong(f"format: expected {FORMAT!r}, found {document.get('format')!r}")
    credentials = document.get("credentials")
    if not isinstance(credentials, dict):
        raise _Wrong("credentials: expected a mapping of the provider's credentials to values")
    _known_placeholders(credentials, "credentials")
    for needed in ("base_url", "api_key"):
        if not any(f"{{{needed}}}" in str(value) for value in credentials.values()):
            raise _Wrong(f"credentials: no value has {{{needed}}}; without it the plugin cannot be told where to call")
    rows = document.get("tools")
    if not isinstance(rows, list) or not rows:
        raise _Wrong("tools: expected a list with at least one tool")
    tools = tuple(_tool(row, f"tools[{number}]") for number, row in enumerate(rows))
    deadline_s = document.get("deadline_s")
    if deadline_s is not None and not (isinstance(deadline_s, int | float) and 0 < deadline_s <= 600):
        raise _Wrong(f"deadline_s: expected seconds, above 0 and at most 600, found {deadline_s!r}")
    found = PluginMap(credentials, tools, deadline_s, _failure(document.get("failure")))
    if deadline_s is None and not found.takes_deadline:
        raise _Wrong("deadline_s: how many seconds may a call take? Say it here, or use {deadline_s} in credentials")
    return found


def _tool(row: Any, where: str) -> MappedTool:
    _members(row, where, _TOOL_MEMBERS)
    name, operation = row.get("tool"), row.get("operation")
    if not isinstance(name, str) or not name:
        raise _Wrong(f"{where}.tool: expected the name of a tool, found {name!r}")
    known = operation_ids()
    if operation not in known:
        near = get_close_matches(str(operation), known, n=2) or sorted(known)
        raise _Wrong(f"{where}.operation: {operation!r} is no operationId; expected one like {', '.join(near)}")
    parameters = row.get("parameters") or {}
    result = row.get("result") or {}
    _members(parameters, f"{where}.parameters", None)
    _known_placeholders(parameters, f"{where}.parameters")
    _members(result, f"{where}.result", _RESULT_MEMBERS)
    for member, pointer in result.items():
        if not isinstance(pointer, str) or not pointer.startswith("/"):
            raise _Wrong(f"{where}.result.{member}: expected a JSON Pointer such as /memory/id, found {pointer!r}")
    found = {"operation_id" if member == "operation" else member: pointer for member, pointer in result.items()}
    return MappedTool(name, operation, parameters, **found)


def _failure(row: Any) -> Failure | None:
    if row is None:
        return None
    _members(row, "failure", _FAILURE_MEMBERS)
    if not isinstance(row.get("pointer"), str) or "equals" not in row:
        raise _Wrong("failure: expected `pointer` (a JSON Pointer) and `equals` (the value that means failure)")
    return Failure(row["pointer"], row["equals"], row.get("message"))


def _members(row: Any, where: str, known: frozenset[str] | None) -> None:
    if not isinstance(row, dict):
        raise _Wrong(f"{where}: expected a mapping, found {type(row).__name__}")
    for name in row:
        if known is not None and name not in known:
            near = get_close_matches(str(name), known, n=1)
            raise _Wrong(f"{where}: unknown member {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""))


def _known_placeholders(values: Mapping[str, Any], where: str) -> None:
    for name, value in values.items():
        for found in _PLACEHOLDER.findall(value) if isinstance(value, str) else ():
            if found not in PLACEHOLDERS:
                raise _Wrong(f"{where}.{name}: no placeholder {{{found}}}; there are {', '.join(sorted(PLACEHOLDERS))}")


def operation_ids() -> frozenset[str]:
    """Return the operationIds of the contract."""
    return frozenset(str(operation.document["operationId"]) for _, operation in openapi().operations)


def filled(template: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the template with its placeholders replaced; a value that is one placeholder keeps its type.

    What is made of an optional placeholder without a value is left out.
    """
    return {name: _filled(value, values) for name, value in template.items() if not _is_left_out(value, values)}


def _is_left_out(value: Any, values: Mapping[str, Any]) -> bool:
    names = _PLACEHOLDER.findall(value) if isinstance(value, str) else ()
    return any(name in OPTIONAL and name not in values for name in names)


def _filled(value: Any, values: Mapping[str, Any]) -> Any:
    if not isinstance(value, str):
        return value
    whole = _PLACEHOLDER.fullmatch(value)
    if whole and whole[1] in values:
        return values[whole[1]]
    return _PLACEHOLDER.sub(lambda found: str(values.get(found[1], found[0])), value)


def at_pointer(document: Any, pointer: str) -> list[Any]:
    """Return what a JSON Pointer leads to, all of it where a step is `*`; nothing where there is none."""
    found: Sequence[Any] = [document]
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        found = [inner for node in found for inner in _inside(node, name)]
    return list(found)


def _inside(node: Any, name: str) -> Iterator[Any]:
    if isinstance(node, dict):
        if name == "*":
            yield from node.values()
        elif name in node:
            yield node[name]
    elif isinstance(node, list):
        if name == "*":
            yield from node
        elif name.isascii() and name.isdigit() and int(name) < len(node):
            yield node[int(name)]
