"""The schema of the toolkit's own result file refuses what a careless writer would produce."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from memconform.contract import reference_validator, schema, validator


def altered(path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    """Return the schema's example with one member replaced, or removed when the value is `...`."""
    document: dict[str, Any] = copy.deepcopy(schema("conformance")["examples"][0])
    node: Any = document
    for step in path[:-1]:
        node = node[step]
    if value is ...:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return document


@pytest.mark.parametrize(
    ("path", "value", "keyword", "pointer"),
    [
        (("format",), "memconform.conformance/2", "const", "/format"),
        (("run", "seed"), ..., "required", "/run"),
        (("run", "sede"), 1, "additionalProperties", "/run"),
        (("run", "budget"), "huge", "enum", "/run/budget"),
        (("run", "started_at"), "2026-01-01 00:00", "format", "/run/started_at"),
        (("verdict", "badge"), "gold", "enum", "/verdict/badge"),
        (("verdict", "exit_code"), 5, "maximum", "/verdict/exit_code"),
        (("verdict", "conformance"), "not tested", "enum", "/verdict/conformance"),
        (("requirements", 0, "outcome"), "xfail", "enum", "/requirements/0/outcome"),
        (("tests", 0, "outcome"), "not_run", "enum", "/tests/0/outcome"),
        (("tests", 0, "observed"), ..., "required", "/tests/0"),
        (("tests", 0, "exchanges", 0, "response", "status"), "200", "type", "/tests/0/exchanges/0/response/status"),
        (("tests", 0, "exchanges", 0, "request", "headers", 0), ["Accept"], "minItems", None),
    ],
)
def test_a_careless_result_is_refused(
    path: tuple[str | int, ...], value: Any, keyword: str, pointer: str | None
) -> None:
    """A wrong member of a result is found, where it is and for what it is, by both validators."""
    document = altered(path, value)
    for judge in (validator("conformance"), reference_validator("conformance")):
        errors = [error for error in judge.errors(document) if pointer is None or error.pointer == pointer]
        assert keyword in {error.keyword for error in errors}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("server", "capabilities"), {"anything": [1]}),
        (("tool", "packages", "another"), "1.0"),
        (("leaks",), [{"scope": {"user_id": "u1"}, "why": "500"}]),
        (("tests", 0, "exchanges", 0, "response"), None),
        (("run", "stopped"), "the server stopped answering"),
    ],
)
def test_what_varies_is_open(path: tuple[str | int, ...], value: Any) -> None:
    """The server's own document, package versions and leaks may hold anything; a response may be missing."""
    assert validator("conformance").errors(altered(path, value)) == []
