"""Request targets read as the document means them: segments decoded one by one, queries form-urlencoded, UTF-8."""

from __future__ import annotations

import re
from functools import cache
from urllib.parse import unquote_to_bytes

from memconform.contract.openapi import OpenApi, Operation

Pairs = tuple[tuple[str, str], ...]

_SEGMENT = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*")
_QUERY = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*")
_DOCUMENTED_BY = {"HEAD": "GET"}
"""HEAD asks for what GET would answer (RFC 9110 section 9.3.2), so what is documented for GET holds for it."""


class BadTarget(Exception):
    """A request target, or a part of one, that is malformed; the message says how, without repeating values."""


def split(target: str, base_path: str) -> tuple[str, str | None]:
    """Return the path below the base and the query (None where there is none) of a target in origin form.

    Raises `BadTarget` for another form (RFC 9112 section 3.2) and for a path that is not below the base.
    """
    if not target.startswith("/"):
        raise BadTarget("the request target is not in origin form: it does not begin with a slash")
    path, mark, query = target.partition("?")
    if base_path and path != base_path and not path.startswith(f"{base_path}/"):
        raise BadTarget(f"the path is not below the base {base_path}")
    return path[len(base_path) :], query if mark else None


def segments(path: str) -> tuple[str, ...]:
    """Return the decoded segments of a path; a slash that is percent-encoded does not divide. Raises `BadTarget`."""
    return tuple(_decoded(_checked(each, _SEGMENT, "the path"), "the path") for each in path[1:].split("/"))


def pairs(query: str | None) -> Pairs:
    """Return names and values of a form-urlencoded query in order, also empty ones; raise `BadTarget`."""
    if not query:
        return ()
    _checked(query, _QUERY, "the query")
    found = (each.partition("=") for each in query.split("&") if each)
    return tuple(
        (_decoded(_spaced(name), "the query"), _decoded(_spaced(value), "the query")) for name, _, value in found
    )


def operation_of(document: OpenApi, method: str, path: tuple[str, ...]) -> Operation | None:
    """Return the operation of a method and the decoded segments below the base; None where there is none."""
    wanted = _DOCUMENTED_BY.get(method, method)
    return next(
        (each for template, each in _templates(document) if each.method == wanted and fits(template, path)), None
    )


def path_values(operation: Operation, path: tuple[str, ...]) -> dict[str, str]:
    """Return the values of the path parameters by name."""
    template = _template(operation.path)
    return {name[1:-1]: value for name, value in zip(template, path, strict=True) if name.startswith("{")}


def known_path(document: OpenApi, path: tuple[str, ...]) -> bool:
    """Tell whether the document has the path, with whatever method."""
    return any(fits(template, path) for template, _ in _templates(document))


def fits(template: tuple[str, ...], path: tuple[str, ...]) -> bool:
    """Tell whether the segments are an instance of the template; a parameter is never empty."""
    return len(template) == len(path) and all(
        bool(value) if name.startswith("{") else name == value for name, value in zip(template, path, strict=True)
    )


def _templates(document: OpenApi) -> list[tuple[tuple[str, ...], Operation]]:
    return [(_template(operation.path), operation) for _, operation in document.operations]


@cache
def _template(path: str) -> tuple[str, ...]:
    return tuple(path[1:].split("/"))


def _checked(text: str, allowed: re.Pattern[str], where: str) -> str:
    at = allowed.match(text)
    end = at.end() if at else 0
    if end != len(text):
        what = "a % without two hexadecimal digits" if text[end] == "%" else f"the character {text[end]!r}"
        raise BadTarget(f"{what} in {where}, which must be percent-encoded")
    return text


def _spaced(text: str) -> str:
    return text.replace("+", " ")


def _decoded(text: str, where: str) -> str:
    if "%" not in text:
        return text
    try:
        return unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError:
        raise BadTarget(f"percent-encoded bytes in {where} that are no UTF-8") from None
