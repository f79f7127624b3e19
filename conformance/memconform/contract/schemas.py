"""The contract's JSON Schemas as validators: a fast one for the hot path, a slow one as the reference.

`validator(name)` runs on jsonschema-rs; `reference_validator(name)` runs on jsonschema, in Python, so that a
test can hold the fast one to the same verdict. Both assert formats, take a lone surrogate for an error and resolve
every `$ref` from the files beside the schema: nothing is ever fetched.
"""

from __future__ import annotations

import calendar
import json
import re
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from memconform.contract.content import content_root
from memconform.contract.schema_errors import SchemaError, from_fast, from_reference, lone_surrogates

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import jsonschema_rs

Json: TypeAlias = Any
"""A JSON value as `json.loads` gives it."""

RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt]([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(\.\d+)?([Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))",
    re.ASCII,
)


class SchemaValidator(Protocol):
    """Judges instances of one schema.

    >>> from memconform import SchemaValidator, validator
    >>> scope: SchemaValidator = validator("scope")
    >>> scope.is_valid({"user_id": "ann"})
    True
    """

    def is_valid(self, instance: Json) -> bool:
        """Tell whether the instance satisfies the schema."""

    def errors(self, instance: Json) -> list[SchemaError]:
        """Return what is wrong with the instance, in document order of the schema; empty when it is valid."""


@cache
def schemas() -> Mapping[str, dict[str, Any]]:
    """Return every schema by its name (that of its file, without `.schema.json`), not to be changed."""
    folder = content_root() / "schemas"
    files = sorted(file for part in ("v1", "results", "toolkit") for file in folder.glob(f"{part}/*.schema.json"))
    return MappingProxyType({file.name.removesuffix(".schema.json"): json.loads(file.read_bytes()) for file in files})


def schema(name: str) -> dict[str, Any]:
    """Return the schema of that name; raise `LookupError`, naming those there are, when there is none."""
    try:
        return schemas()[name]
    except KeyError:
        raise LookupError(f"no schema named {name!r}; there are: {', '.join(schemas())}") from None


@cache
def validator(name: str) -> SchemaValidator:
    """Return the fast validator of the schema of that name; raise `LookupError`, naming those there are, for no schema.

    Names are those of the files in `schemas/`, such as `memory`, `capabilities`, `problem` or `conformance`.

    >>> from memconform import validator
    >>> validator("scope").is_valid({"user_id": ""})
    False
    """
    import jsonschema_rs

    compiled = jsonschema_rs.Draft202012Validator(
        schema(name), validate_formats=True, registry=_fast_registry(), mask="the value"
    )
    return _Fast(compiled)


@cache
def reference_validator(name: str) -> SchemaValidator:
    """Return the validator on the Python implementation: about 200 times slower, for tests."""
    return _Reference(schema(name))


@cache
def _fast_registry() -> jsonschema_rs.Registry:
    import jsonschema_rs

    return jsonschema_rs.Registry([(each["$id"], each) for each in schemas().values()])


class _Fast:
    """A compiled schema of jsonschema-rs."""

    def __init__(self, compiled: jsonschema_rs.Draft202012Validator) -> None:
        self._compiled = compiled

    def is_valid(self, instance: Json) -> bool:
        """Tell whether the instance satisfies the schema."""
        return not lone_surrogates(instance) and self._compiled.is_valid(instance)

    def errors(self, instance: Json) -> list[SchemaError]:
        """Return what is wrong with the instance."""
        wrong = lone_surrogates(instance)
        if wrong:
            return wrong
        try:
            return [from_fast(error) for error in self._compiled.iter_errors(instance)]
        except ValueError:  # an offending value nested deeper than 255 levels cannot be carried in an error
            return [SchemaError("", "depth", "a value of the wrong kind, nested deeper than 255 levels")]


class _Reference:
    """A schema on the Python implementation, with some of its liberties taken back.

    Its `date-time` refuses leap seconds and the year 0 and takes a line feed at the end;
    its `pattern` lets `$` match before a line feed, which in ECMA 262 it does not.
    """

    def __init__(self, schema: dict[str, Any]) -> None:
        import jsonschema
        import referencing

        formats = jsonschema.FormatChecker()
        formats.checkers = {
            **jsonschema.Draft202012Validator.FORMAT_CHECKER.checkers,
            "date-time": (_is_date_time, ()),
        }
        resources = [(each["$id"], referencing.Resource.from_contents(each)) for each in schemas().values()]
        extend: Any = jsonschema.validators.extend  # the stubs leave it untyped
        cls = extend(jsonschema.Draft202012Validator, {"pattern": _pattern})
        self._validator = cls(schema, registry=referencing.Registry().with_resources(resources), format_checker=formats)

    def is_valid(self, instance: Json) -> bool:
        """Tell whether the instance satisfies the schema."""
        return not self.errors(instance)

    def errors(self, instance: Json) -> list[SchemaError]:
        """Return what is wrong with the instance."""
        return lone_surrogates(instance) or [from_reference(e) for e in self._validator.iter_errors(instance)]


def _is_date_time(value: object) -> bool:
    """Tell whether a string is an RFC 3339 date-time, where a leap second ends a UTC day."""
    found = RFC3339.fullmatch(value) if isinstance(value, str) else None
    if not found:
        return not isinstance(value, str)
    year, month, day, hour, minute, second = (int(found[group]) for group in range(1, 7))
    if not (1 <= month <= 12 and 1 <= day <= calendar.monthrange(year or 2000, month)[1]):
        return False
    offset = (60 * int(found[10]) + int(found[11])) * (-1 if found[9] == "-" else 1) if found[9] else 0
    return second < 60 or (60 * hour + minute - offset) % 1440 == 1439


def _pattern(_validator: Any, pattern: str, instance: Json, _schema: Any) -> Iterator[Any]:
    """Yield an error unless the pattern matches, `$` only at the very end."""
    import jsonschema

    if isinstance(instance, str) and not re.search(re.sub(r"\$$", r"\\Z", pattern), instance):
        yield jsonschema.ValidationError(f"the value does not match {pattern!r}")
