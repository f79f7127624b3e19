"""The examples behave: valid ones pass, invalid ones break exactly the rule they say, by both validators."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from memconform.contract import SchemaError, content_root, reference_validator, schemas, validator

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLES = content_root() / "schemas" / "v1" / "examples"
VALID = sorted(EXAMPLES.glob("valid/*/*.json"))
INVALID = sorted(EXAMPLES.glob("invalid/*/*.json"))


def named(file: Path) -> str:
    """Return a short name for a file."""
    return f"{file.parent.name}/{file.stem}"


@pytest.mark.parametrize("kind", ["valid", "invalid"])
def test_every_schema_has_examples(kind: str) -> None:
    """Every schema of the contract has a valid and an invalid example; no example is without a schema."""
    contract = {name for name, each in schemas().items() if "/v1/" in each["$id"]}
    assert {file.parent.name for file in EXAMPLES.glob(f"{kind}/*/*.json")} == contract


@pytest.mark.parametrize("file", VALID, ids=named)
def test_a_valid_example_passes(file: Path) -> None:
    """A valid example satisfies its schema, by both validators."""
    instance = json.loads(file.read_bytes())
    for judge in (validator(file.parent.name), reference_validator(file.parent.name)):
        assert judge.errors(instance) == []
        assert judge.is_valid(instance)


@pytest.mark.parametrize("file", INVALID, ids=named)
def test_an_invalid_example_breaks_exactly_one_rule(file: Path) -> None:
    """An invalid example breaks the said keyword at the said place and nothing else, by both validators."""
    example = json.loads(file.read_bytes())
    assert set(example) == {"breaks", "at", "why", "instance"}
    assert example["why"]
    for judge in (validator(file.parent.name), reference_validator(file.parent.name)):
        found = judge.errors(example["instance"])
        assert [(error.keyword, error.pointer) for error in found] == [(example["breaks"], example["at"])]
        assert not judge.is_valid(example["instance"])


@pytest.mark.parametrize("file", INVALID, ids=named)
def test_an_error_repeats_little(file: Path) -> None:
    """A message repeats at most 80 characters of what was sent, and so does what was seen."""
    secret = "s3cr3t " * 100
    instance = {"content": secret, "scope": {"user_id": "u1", secret: "x"}, "metadata": secret, "version": 1}
    for found in (*validator("memory-create").errors(instance), *_errors(file)):
        assert len(found.message) <= 200
        assert found.message.count("s3cr3t") <= 12
        assert len(found.seen) <= 80


def _errors(file: Path) -> list[SchemaError]:
    return validator(file.parent.name).errors(json.loads(file.read_bytes())["instance"])
