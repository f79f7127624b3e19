"""What a server answered, and its JSON, checked as far as the tools look at it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .failures import MemoryFailure
from .quoting import quoted

DEEPEST = 64
"""Dify's runtime cannot pass on values that are nested some hundred levels deep."""

LOOK = "Check that the base URL leads to a memory server and not to something in front of it, then look into its log."

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


@dataclass(slots=True)
class Answer:
    """Status, header fields and body; `broken` says why a partial body ended early."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    broken: MemoryFailure | None = None
    attempts: int = 1

    @property
    def media_type(self) -> str:
        """The media type in lower case without parameters; "" when there is none."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    @property
    def is_json(self) -> bool:
        """Whether it says that it is JSON."""
        return self.media_type == "application/json" or self.media_type.endswith("+json")

    @property
    def etag(self) -> str | None:
        """The strong entity tag; None for a weak one, which never matches, and for what is none."""
        tag = self.headers.get("ETag", "").strip()
        return tag if re.fullmatch(r'"[!#-~\x80-\xff]*"', tag) else None


def unusable(seen: str, advice: str = LOOK) -> MemoryFailure:
    """Return the failure of an answer that no memory server gives."""
    return MemoryFailure("bad_answer", f"The server's answer cannot be used: {seen}.", advice)


def json_object(answer: Answer) -> dict[str, Any]:
    """Return the JSON object in the body; raises MemoryFailure `bad_answer` for anything else."""
    if not answer.is_json:
        raise unusable(f"expected JSON, but it is {described_media_type(answer)}")
    value = json_value(answer.body)
    if not isinstance(value, dict):
        raise unusable(f"expected a JSON object, but it is {type_name(value)}")
    return value


def json_value(data: bytes) -> Any:
    """Return the JSON value in `data`; one that could not be handed on is refused."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise unusable("the JSON is not UTF-8") from None
    try:
        value = json.loads(text, parse_constant=_no_constant, parse_float=_finite)
    except RecursionError:
        raise unusable("the JSON is nested too deeply") from None
    except json.JSONDecodeError as error:
        seen = f"there is no valid JSON at character {error.pos} of {len(text)}"
        raise unusable(seen if text.strip() else "the body is empty") from None
    except ValueError as error:
        raise unusable(f"a number in the JSON is out of range ({quoted(str(error), 60)})") from None
    if data.count(b"[") + data.count(b"{") > DEEPEST and not shallow(value):
        raise unusable("the JSON is nested too deeply")
    if _SURROGATE.search(data):
        _without_lone_surrogates(value)
    return value


def shallow(value: Any) -> bool:
    """Tell whether a value is nested at most 64 levels deep."""
    level = [value]
    for _ in range(DEEPEST):
        level = [each for outer in level if isinstance(outer, dict | list) for each in members(outer)]
        if not level:
            return True
    return False


def members(value: dict[str, Any] | list[Any]) -> list[Any]:
    """Return what is inside an object or an array."""
    return list(value.values()) if isinstance(value, dict) else value


def described_media_type(answer: Answer) -> str:
    """Return what the body is, in words."""
    start = answer.body[:200].lstrip().lower()
    if answer.media_type in {"text/html", "application/xhtml+xml"} or start.startswith((b"<!doctype html", b"<html")):
        return "an HTML page"
    if not answer.media_type:
        return "a body without a media type" if answer.body else "an empty body"
    return f"of the media type {quoted(answer.media_type, 60)}"


def type_name(value: object) -> str:
    """Return the JSON type of a value, in words."""
    if value is None:
        return "null"
    names = {
        bool: "a boolean",
        int: "a number",
        float: "a number",
        str: "a string",
        list: "an array",
        dict: "an object",
    }
    return names.get(type(value), "something else")


def member(value: Mapping[str, Any], name: str, kind: type | tuple[type, ...], where: str) -> Any:
    """Return a member of an answer that has to be there, in its type; raises MemoryFailure `bad_answer`."""
    found = value.get(name)
    if not isinstance(found, kind) or (isinstance(found, bool) and kind is not bool):
        first = kind if isinstance(kind, type) else kind[0]
        expected = type_name(first())
        raise unusable(f"{name} of {where} should be {expected}, but it is {type_name(found)}")
    return found


def _no_constant(name: str) -> float:
    """Refuse NaN and the infinities, which JSON does not have."""
    raise ValueError(name)


def _finite(text: str) -> float:
    """Return a number; one that overflows is refused."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _without_lone_surrogates(value: Any) -> None:
    """Refuse text that no UTF-8 can carry."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise unusable("there is half a surrogate pair in its text") from None
