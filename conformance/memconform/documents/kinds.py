"""What kind of file a document is, by what it says of itself, and what each kind has to satisfy."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from memconform.configuration import FILE, PYPROJECT
from memconform.contract import SchemaError, schemas, validator
from memconform.documents.fault import Fault
from memconform.documents.openapi import missing_operations
from memconform.documents.reading import Document
from memconform.settings import UsageError

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_BASELINE = frozenset({"failure", "flaky"})


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: what it is called, and a function that yields what is wrong with one."""

    name: str
    faults: Callable[[Document], Iterator[Fault]]


def kind_of(document: Document) -> Kind | None:
    """Return the kind of a document; None where nothing in it tells."""
    value = document.value
    if document.path.name == FILE or (document.path.name == PYPROJECT and "memconform" in _table(value, "tool")):
        return Kind("configuration", _configuration)
    if not isinstance(value, Mapping):
        return None
    if document.path.suffix == ".toml":
        return Kind("baseline", _baseline) if value and value.keys() <= _BASELINE else None
    return _by_format(value) or _by_schema(value) or _by_members(document)


def named(name: str) -> Kind:
    """Return the kind of instances of a schema; raise `LookupError`, naming those there are, when there is none."""
    judge = validator(name)

    def faults(document: Document) -> Iterator[Fault]:
        value = document.value
        if name == "configuration" and document.path.name == PYPROJECT:
            value = _table(value, "tool").get("memconform", {})
        yield from map(_fault, judge.errors(value))

    return Kind(name, faults)


def _by_format(value: Mapping[str, Any]) -> Kind | None:
    said = value.get("format")
    found = re.fullmatch(r"memconform\.([\w-]+)/\d+", said) if isinstance(said, str) else None
    if found is None:
        return None
    if found[1] == "plugin-map":
        return Kind("plugin-map", _mapping)
    return named(found[1]) if found[1] in schemas() else None


def _by_schema(value: Mapping[str, Any]) -> Kind | None:
    said = value.get("$schema")
    if said == _DIALECT:
        return Kind("JSON Schema", _json_schema)
    name = next((name for name, each in schemas().items() if each["$id"] == said), None)
    return named(name) if name else None


def _by_members(document: Document) -> Kind | None:
    value = document.value
    if isinstance(value.get("openapi"), str) and "paths" in value:
        return Kind("OpenAPI", _openapi)
    if document.path.name == "provider.yaml":
        return Kind("provider", _provider)
    if {"contract", "service", "profiles", "limits"} <= value.keys():
        return named("capabilities")
    return None


def _table(value: Any, name: str) -> Mapping[str, Any]:
    table = value.get(name) if isinstance(value, Mapping) else None
    return table if isinstance(table, Mapping) else {}


def _fault(error: SchemaError) -> Fault:
    return Fault(error.pointer, error.message)


def _configuration(document: Document) -> Iterator[Fault]:
    from memconform.configuration import faults
    from memconform.configuration.place import toml

    table: Any = toml(document.path)
    table = table["tool"]["memconform"] if document.path.name == PYPROJECT else table
    for line in faults(table) if isinstance(table, Mapping) else ["tool.memconform: expected a table"]:
        key, _, message = line.partition(": ")
        yield Fault("/" + key.replace(".", "/"), message)


def _baseline(document: Document) -> Iterator[Fault]:
    from memconform.baseline.file import parse_baseline

    yield from _refused(lambda: parse_baseline(document.text, str(document.path)))


def _mapping(document: Document) -> Iterator[Fault]:
    from memconform.clients.mapping import read_mapping

    yield from _refused(lambda: read_mapping(document.path), prefix=f"{document.path}: ")


def _provider(document: Document) -> Iterator[Fault]:
    from memconform.providers.definition import read_definition
    from memconform.providers.failures import Unfit

    try:
        read_definition(document.path)
    except Unfit as error:
        yield Fault(None, str(error))


def _refused(read: Callable[[], object], prefix: str = "") -> Iterator[Fault]:
    """Yield a fault for each line of what a reader of ours refuses, without the name of the file before it."""
    try:
        read()
    except UsageError as error:
        first, *more = str(error).removeprefix(prefix).splitlines()
        yield from (Fault(None, line.strip()) for line in more or [first])


def _json_schema(document: Document) -> Iterator[Fault]:
    import jsonschema

    metaschema = jsonschema.Draft202012Validator(jsonschema.Draft202012Validator.META_SCHEMA)
    for error in metaschema.iter_errors(document.value):
        pointer = "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in error.absolute_path)
        yield Fault(pointer, f"the value breaks {str(error.validator)!r} of JSON Schema 2020-12")


def _openapi(document: Document) -> Iterator[Fault]:
    if not document.value["openapi"].startswith("3."):
        yield Fault("/openapi", "expected OpenAPI 3")
    for method, path in missing_operations(document.value):
        yield Fault("/paths", f"the contract's {method} {path} is missing, which every server has")
