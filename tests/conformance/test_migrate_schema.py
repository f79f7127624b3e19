"""The receipt's schema refuses what a careless writer would produce: words that claim more than was seen, too."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from memconform.contract import reference_validator, schema, validator


def found(path: tuple[str | int, ...], value: Any) -> list[set[tuple[str, str]]]:
    """Return keyword and pointer of each error in an altered example, as both validators find them."""
    document: Any = copy.deepcopy(schema("migration")["examples"][0])
    node = document
    for step in path[:-1]:
        node = node[step]
    if value is ...:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return [
        {(error.keyword, error.pointer) for error in judge.errors(document)}
        for judge in (validator("migration"), reference_validator("migration"))
    ]


@pytest.mark.parametrize(
    ("path", "value", "keyword", "pointer"),
    [
        (("format",), "memconform.migration/2", "const", "/format"),
        (("key",), "k", "additionalProperties", ""),
        (("from", "read_by"), "guess", "enum", "/from/read_by"),
        (("to", "service"), {"name": "x"}, "required", "/to/service"),
        (("plan", "accepted"), ["id", "id"], "uniqueItems", "/plan/accepted"),
        (("started_at",), "2026-01-01 00:00", "format", "/started_at"),
        (("runs",), 0, "minimum", "/runs"),
        (("verdict", "word"), "fine", "enum", "/verdict/word"),
        (("verdict", "exit_code"), 2, "enum", "/verdict/exit_code"),
        (("verdict", "exit_code"), 3, "enum", "/verdict/exit_code"),
        (("verdict", "stopped"), "it died", "type", "/verdict/stopped"),
        (("counts", "lost"), 1, "additionalProperties", "/counts"),
        (("losses", 0, "records"), 0, "minimum", "/losses/0/records"),
        (("losses", 0, "member"), "/metadata/topic", "pattern", "/losses/0/member"),
        (("losses", 0, "cause"), "bad luck", "enum", "/losses/0/cause"),
        (("given_up", "id"), 1, "additionalProperties", "/given_up"),
        (("doubts", 0, "certain"), ..., "required", "/doubts/0"),
        (("doubts", 0, "decision"), "ignored", "enum", "/doubts/0/decision"),
        (("records", 0, "content"), "tea", "additionalProperties", "/records/0"),
        (("records", 0, "outcome"), "carried", "maxItems", "/records/0/losses"),
        (("records", 0, "losses"), [], "minItems", "/records/0/losses"),
        (("records", 0, "as"), "", "minLength", "/records/0/as"),
        (("records", 0, "losses", 0, "value"), "tea", "additionalProperties", "/records/0/losses/0"),
        (("records", 0, "losses", 0, "member"), "metadata", "pattern", "/records/0/losses/0/member"),
        (("records", 0, "losses", 0, "by"), "me", "const", "/records/0/losses/0/by"),
    ],
)
def test_a_careless_receipt_is_refused(path: tuple[str | int, ...], value: Any, keyword: str, pointer: str) -> None:
    """A wrong member is found; no content, no value and no key finds its way in; a word needs what it claims."""
    assert all((keyword, pointer) in errors for errors in found(path, value))


def test_a_scope_is_one_of_the_contract() -> None:
    """A receipt names the scope as the contract knows it; the validators name the keyword differently."""
    assert all(found(("scope",), {"user": "ann"}))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("scope",), None),
        (("to", "service"), {"name": "n", "version": "1"}),
        (("to", "profiles"), ["core", "x-telepathy"]),
        (("notes",), ["the list shows more"]),
        (("given_up",), {}),
        (("records",), []),
        (("tool", "packages", "another"), "1.0"),
    ],
)
def test_what_varies_is_open(path: tuple[str | int, ...], value: Any) -> None:
    """What comes from outside may be anything; what may be missing may be missing."""
    assert found(path, value) == [set(), set()]
