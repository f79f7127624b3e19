"""What Schemathesis derives from the document is what we say it is, and needs no network."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

from memconform.contract import validator
from memconform.scene.generated_bodies import invalid_bodies, valid_bodies

BODIES = [("/v1/memories", "memory-create"), ("/v1/search", "search-request")]


def _drawn(strategy: SearchStrategy[Any]) -> list[Any]:
    drawn: list[Any] = []

    def keep(body: Any) -> None:
        drawn.append(body)

    few = settings(
        max_examples=15,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    prepared: Any = given(strategy)(keep)
    run: Any = seed(1)(few(prepared))
    run()
    return drawn


@pytest.mark.parametrize(("path", "schema"), BODIES)
def test_invalid_bodies_break_the_schema(path: str, schema: str) -> None:
    """Every generated negative is JSON that the schema refuses, and they are of several kinds."""
    bodies = _drawn(invalid_bodies("POST", path))
    assert len({json.dumps(body) for body in bodies}) > 3
    assert not any(validator(schema).is_valid(body) for body in bodies)


@pytest.mark.parametrize(("path", "schema"), BODIES)
def test_valid_bodies_keep_the_schema(path: str, schema: str) -> None:
    """Every generated positive is a body that the schema allows."""
    bodies = _drawn(valid_bodies("POST", path))
    assert len({json.dumps(body) for body in bodies}) > 3
    assert all(validator(schema).is_valid(body) for body in bodies)


def test_the_same_seed_gives_the_same_bodies() -> None:
    """Generation repeats by seed, as every run promises."""
    first, second = (_drawn(invalid_bodies("POST", "/v1/memories")) for _ in range(2))
    assert first == second
