"""Tool parameters in their types: what is missing, odd or of another type is taken or refused with a sentence.

Content is passed on as it is, code point for code point. An *optional* parameter counts as not given when it is
missing, empty, white space, or the text null or None, which is what models and forms send instead of nothing.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from .answer import type_name
from .failures import MemoryFailure, bad_parameter
from .quoting import quoted

Parameters = Mapping[str, Any]

_YES = {"true", "1", "yes", "on"}
_NO = {"false", "0", "no", "off"}


def content(parameters: Parameters, name: str) -> str:
    """Return a required text that is content: any text but the empty one, unchanged."""
    value = parameters.get(name)
    if value is None:
        raise bad_parameter(name, "a text", "missing")
    if value == "":
        raise bad_parameter(name, "a text with at least one character", "empty")
    return text_itself(value, name)


def optional_content(parameters: Parameters, name: str) -> str | None:
    """Return an optional text that is content, in which null and white space are text; None where it is not given."""
    value = parameters.get(name)
    return None if value is None or value == "" else text_itself(value, name)


def text(parameters: Parameters, name: str) -> str | None:
    """Return an optional text; None where it is not given."""
    value = given(parameters, name)
    return None if value is None else text_itself(value, name)


def header_text(parameters: Parameters, name: str) -> str | None:
    """Return an optional text that a header field can carry."""
    value = text(parameters, name)
    if value is not None and not (len(value) <= 255 and all("!" <= each <= "~" for each in value)):
        raise bad_parameter(name, "at most 255 visible ASCII characters without spaces", shown(value))
    return value


def number(parameters: Parameters, name: str, least: float | None = None, most: float | None = None) -> float | None:
    """Return an optional number, also from text; None where it is not given."""
    value = given(parameters, name)
    if value is None:
        return None
    expected = "a number" if least is None or most is None else f"a number from {least:g} to {most:g}"
    try:
        found = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        found = math.nan
    if not math.isfinite(found) or (least is not None and found < least) or (most is not None and found > most):
        raise bad_parameter(name, expected, shown(value))
    return found


def whole_number(parameters: Parameters, name: str, least: int = 1) -> int | None:
    """Return an optional whole number, also from 5.0 and from text; None where it is not given."""
    value = given(parameters, name)
    if value is None:
        return None
    expected = f"a whole number of at least {least}"
    try:
        found = number(parameters, name, least, 2**53)
    except MemoryFailure:
        raise bad_parameter(name, expected, shown(value)) from None
    if found is None or not found.is_integer():
        raise bad_parameter(name, expected, shown(value))
    return int(found)


def truth(parameters: Parameters, name: str) -> bool | None:
    """Return an optional boolean, also from text and from 0 and 1; None where it is not given."""
    value = given(parameters, name)
    if value is None:
        return None
    word = str(value).strip().casefold()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise bad_parameter(name, "true or false", shown(value))


def json_object(parameters: Parameters, name: str) -> dict[str, Any] | None:
    """Return an optional JSON object, also from its text; None where it is not given."""
    value = given(parameters, name)
    if value is None:
        return None
    if isinstance(value, str):
        value = parsed(value, name, "a JSON object")
    if value is None:
        return None
    if not isinstance(value, dict):
        raise bad_parameter(name, "a JSON object", type_name(value))
    return checked_json(value, name)


def choice(parameters: Parameters, name: str, among: tuple[str, ...]) -> str:
    """Return one of some words; the first where it is not given."""
    value = given(parameters, name)
    if value is None:
        return among[0]
    word = str(value).strip().casefold()
    if word not in among:
        raise bad_parameter(name, " or ".join(among), shown(value))
    return word


def given(parameters: Parameters, name: str) -> Any:
    """Return the value of an optional parameter; None where it counts as not given."""
    value = parameters.get(name)
    if isinstance(value, str) and value.strip() in {"", "null", "None"}:
        return None
    return value


def text_itself(value: object, name: str) -> str:
    """Return a text that can be sent; raises MemoryFailure for another type, and for half a surrogate pair."""
    if not isinstance(value, str):
        raise bad_parameter(name, "a text", type_name(value))
    try:
        value.encode()
    except UnicodeEncodeError as error:
        seen = f"a text with half a surrogate pair at character {error.start + 1}, which is no character"
        raise bad_parameter(name, "a text of Unicode characters", seen) from None
    return value


def parsed(value: str, name: str, expected: str) -> Any:
    """Return the JSON value that a text holds."""
    try:
        return json.loads(value, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise bad_parameter(name, expected, f"{shown(value)} ({error.msg} at character {error.pos + 1})") from None
    except (ValueError, RecursionError):
        raise bad_parameter(name, expected, shown(value)) from None


def checked_json(value: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a JSON object that can be sent as it is."""
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeEncodeError:
        raise bad_parameter(name, "JSON of Unicode characters", "JSON with half a surrogate pair in a text") from None
    except (TypeError, ValueError, RecursionError):
        raise bad_parameter(name, "a JSON object with finite numbers", "something that JSON cannot hold") from None
    return value


def shown(value: object) -> str:
    """Return a value as a message shows it."""
    return quoted(value, 60) if isinstance(value, str) else quoted(repr(value), 60)


def _no_constant(name: str) -> float:
    """Refuse NaN and the infinities, which JSON does not have."""
    raise ValueError(name)
