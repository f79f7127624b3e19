"""Formats and Unicode are really asserted, and both validators give the same verdict."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memconform.contract import content_root, reference_validator, schema, schemas, validator

TIMES = {
    "2026-01-01T00:00:00Z": True,
    "2026-01-01t00:00:00z": True,
    "2026-01-01T00:00:00.1234567890123Z": True,
    "2026-01-01T00:00:00+00:00": True,
    "2026-01-01T00:00:00-00:00": True,
    "2024-02-29T23:59:59Z": True,
    "2016-12-31T23:59:60Z": True,
    "2017-01-01T08:59:60+09:00": True,
    "0000-02-29T00:00:00Z": True,
    "not a date": False,
    "": False,
    "2026-01-01": False,
    "2026-01-01T00:00:00": False,
    "2026-01-01 00:00:00Z": False,
    "2026-02-29T00:00:00Z": False,
    "2026-13-01T00:00:00Z": False,
    "2026-01-00T00:00:00Z": False,
    "2026-01-01T24:00:00Z": False,
    "2026-01-01T12:00:60Z": False,
    "2026-01-01T00:00:00.Z": False,
    "2026-01-01T00:00:00+0100": False,
    "2026-01-01T00:00:00+24:00": False,
    "2026-01-01T00:00:00Z\n": False,
    "10000-01-01T00:00:00Z": False,
    "٢٠٢٦-01-01T00:00:00Z": False,
}
REFERENCES = {
    "/v1/memories/a": True,
    "https://example.org/v1/memories/a": True,
    "../memories/a%20b": True,
    "": True,
    "urn:memory-api:problem:not-found": True,
    "a b": False,
    "\\v1": False,
    "%zz": False,
    "http://[::1": False,
    "/é": False,
}


@pytest.mark.parametrize(("text", "legal"), TIMES.items())
def test_date_time_is_asserted(text: str, legal: bool) -> None:
    """`format: date-time` takes what RFC 3339 allows and nothing else, by both validators."""
    assert validator("instant").is_valid(text) is legal
    assert reference_validator("instant").is_valid(text) is legal


@pytest.mark.parametrize(("text", "legal"), REFERENCES.items())
def test_uri_reference_is_asserted(text: str, legal: bool) -> None:
    """`format: uri-reference` takes what RFC 3986 allows and nothing else, by both validators."""
    problem = {"status": 404, "type": text}
    assert validator("problem").is_valid(problem) is legal
    assert reference_validator("problem").is_valid(problem) is legal


@pytest.mark.parametrize(
    ("instance", "pointer"),
    [
        ({"content": "\ud800"}, "/content"),
        ({"metadata": {"a": ["\udfff"]}}, "/metadata/a/0"),
        ({"metadata": {"\ud800": 1}}, "/metadata"),
    ],
)
def test_a_lone_surrogate_is_an_error(instance: dict[str, Any], pointer: str) -> None:
    """Text that UTF-8 cannot hold is an error of its own, said without raising, by both validators."""
    memory = schema("memory")["examples"][0] | instance
    for judge in (validator("memory"), reference_validator("memory")):
        assert not judge.is_valid(memory)
        assert [(error.keyword, error.pointer) for error in judge.errors(memory)] == [("unicode", pointer)]


def test_a_pointer_with_a_lone_surrogate_can_be_written() -> None:
    """The pointer of an error below a member whose name is no Unicode text is Unicode text itself."""
    errors = validator("metadata").errors({"\ud800": ["\udc00"]})
    assert {error.pointer for error in errors} == {"", "/\\ud800/0"}
    json.dumps([error.pointer for error in errors], ensure_ascii=False).encode()


@pytest.mark.parametrize("value", [10**400, 2**70, float("nan"), float("inf"), -float("inf")])
def test_a_number_out_of_range_is_judged_not_raised(value: float) -> None:
    """A number that binary64 cannot hold breaks a bounded member and raises nothing."""
    result = {"results": [{"memory": schema("memory")["examples"][0], "score": value}]}
    (error,) = validator("search-response").errors(result)
    assert error.pointer == "/results/0/score"


@pytest.mark.parametrize("depth", [200, 900])
def test_deep_nesting_is_judged_not_raised(depth: int) -> None:
    """An instance nested as deep as json.loads gives it is judged, and shown shortly when it is wrong."""
    deep: Any = json.loads('{"a":' * depth + "1" + "}" * depth)
    create = {"content": "x", "scope": {"user_id": "u1"}, "metadata": deep}
    assert validator("memory-create").errors(create) == []
    assert validator("memory-create").is_valid(create)
    (error,) = validator("memory-create").errors({**create, "content": deep})
    assert (error.pointer, error.keyword) == (("/content", "type") if depth < 255 else ("", "depth"))
    assert not validator("memory-create").is_valid({**create, "content": deep})
    assert len(error.seen) <= 80


EXAMPLES = [
    (file.parent.name, json.loads(file.read_bytes()))
    for file in sorted((content_root() / "schemas/v1/examples/valid").glob("*/*.json"))
]
VALUES: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, -1, 1, 2.5, 1e308, "", "x", "a/b", "core", "2026-01-01T00:00:00Z", [], {}, ["a", "a"], [None]]
)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.sampled_from(EXAMPLES), VALUES, st.randoms(use_true_random=False))
def test_both_validators_agree_on_altered_examples(example: tuple[str, Any], value: Any, random: Any) -> None:
    """Whatever member of an example is replaced or removed, both validators find the same."""
    name, instance = example[0], copy.deepcopy(example[1])
    spots = list(_spots(instance))
    if not spots:
        instance = value
    else:
        container, step = random.choice(spots)
        if isinstance(container, dict) and random.random() < 0.3:
            del container[step]
        else:
            container[step] = value
    fast, slow = validator(name).errors(instance), reference_validator(name).errors(instance)
    assert {(error.pointer, error.keyword) for error in fast} == {(e.pointer, e.keyword) for e in slow}
    assert validator(name).is_valid(instance) is (not fast)


def _spots(node: Any) -> Any:
    """Yield every container and key or index in it."""
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for step, member in list(pairs):
        yield node, step
        yield from _spots(member)


def test_the_catalogue_is_covered() -> None:
    """The altered examples start from every schema of the contract."""
    assert {name for name, _ in EXAMPLES} == {n for n, each in schemas().items() if "/v1/" in each["$id"]}
