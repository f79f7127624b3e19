"""What is wrong with a configuration, in words that name the key, and never repeat a value that may be secret."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from math import isfinite
from typing import Any

from memconform.contract import SchemaError, profiles, requirements, schema, validator

_SECRET = ("api_key", "second_api_key", "apikey", "token", "bearer", "password", "secret", "authorization")
_NAMES = {
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list of strings",
    "object": "a table",
}


def faults(table: Mapping[str, Any]) -> list[str]:
    """Return a line for each fault, sorted: the key, what was expected there, and what was found."""
    errors = validator("configuration").errors(_as_json(table))
    return sorted({line for error in errors for line in _lines(error, table)} | {*_unknown_names(table)})


def _unknown_names(table: Mapping[str, Any]) -> Iterator[str]:
    """Yield the profiles and requirements that the contract does not have."""
    for key, known, spell in (("profiles", profiles, str.lower), ("requirements", requirements, str.upper)):
        names = table.get(key)
        for index, name in enumerate(names if isinstance(names, list) else ()):
            if isinstance(name, str) and name and (spell(name) not in known() or spell(name) == "client"):
                near = get_close_matches(spell(name), known(), n=1)
                hint = f"did you mean {near[0]}?" if near else "see 'memconform requirements'"
                yield f"{key}.{index}: the contract has no {key.removesuffix('s')} of this name; {hint}"


def _as_json(value: Any) -> Any:
    """Return a value of TOML as JSON has it; None for what JSON has not: dates, times, infinity."""
    if isinstance(value, dict):
        return {name: _as_json(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_as_json(item) for item in value]
    return value if isinstance(value, str | int) or (isinstance(value, float) and isfinite(value)) else None


def _lines(error: SchemaError, table: Mapping[str, Any]) -> Iterator[str]:
    steps = _steps(error.pointer)
    place, found = _expected(steps), _found(steps, table)
    if error.keyword == "additionalProperties" and isinstance(found, Mapping):
        yield from (_unknown(steps, name, place) for name in found if name not in place["properties"])
    elif steps[:1] == ["headers"] and len(steps) > 1:
        yield (
            f"{_key(steps)}: expected 'env:VARIABLE', the name of an environment variable that holds the value; "
            "values of headers may be secret, so they do not stand in this file"
        )
    elif error.keyword == "propertyNames":
        yield f"{_key(steps)}: a name in it is no name of a header"
    elif error.keyword == "uniqueItems":
        yield f"{_key(steps)}: something stands there twice"
    else:
        yield f"{_key(steps)}: expected {_wanted(place)}, found {_described(found, place)}"


def _unknown(steps: list[str], name: str, place: Mapping[str, Any]) -> str:
    if name.lower().replace("-", "_") in _SECRET:
        return (
            f"{_key([*steps, name])}: a secret has no place in a file that is committed; put it into the environment: "
            "$MEMCONFORM_API_KEY, or the variable that `api_key_env` names"
        )
    known = place["properties"]
    near = get_close_matches(name.replace("-", "_"), known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(known)}"
    return f"{_key([*steps, name])}: there is no such key; {hint}"


def _expected(steps: Iterable[str]) -> Mapping[str, Any]:
    """Return the schema of the place that the steps lead to."""
    place: Any = schema("configuration")
    for step in steps:
        if step.isdigit() and "items" in place:
            place = place["items"]
        else:
            place = place.get("properties", {}).get(step, place.get("additionalProperties"))
    return place if isinstance(place, Mapping) else {}


def _found(steps: Iterable[str], table: Any) -> Any:
    for step in steps:
        table = table[int(step)] if isinstance(table, list) else table[step]
    return table


def _wanted(place: Mapping[str, Any]) -> str:
    if "enum" in place:
        return f"one of {', '.join(place['enum'])}"
    types = [place["type"]] if isinstance(place["type"], str) else place["type"]
    text = " or ".join(_NAMES[each] for each in types)
    if "exclusiveMinimum" in place:
        text = text.replace("number", f"number above {place['exclusiveMinimum']}")
    if "minimum" in place:
        text += f", {place['minimum']} or more"
    if place.get("pattern", "").startswith("^[0-9]"):
        return "a version such as 1.0, as a string"
    if "pattern" in place:
        return "the name of an environment variable, not its value"
    return text.replace("a string", "a string that is not empty") if types == ["string"] else text


def _described(found: Any, place: Mapping[str, Any]) -> str:
    if isinstance(found, str) and "enum" in place:
        near = get_close_matches(found, place["enum"], n=1)
        return f"another word; did you mean {near[0]}?" if near else "another word"
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, int | float):
        return f"{found:g}"
    for type_, name in ((str, "a string"), (list, "a list"), (dict, "a table")):
        if isinstance(found, type_):
            return name if found else name.replace("a ", "an empty ")
    return "a date or a time"


def _steps(pointer: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def _key(steps: Iterable[str]) -> str:
    return ".".join(steps) or "the table"
