"""What a result holds about a requirement: records of its own tests, and what the exchanges of other tests showed."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def evidence(result: Mapping[str, Any], row: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the records behind a requirement's outcome; `row` is one of `result["requirements"]`.

    First each test of it that ended so, then each finding about it in the exchanges of any test, alike ones once.
    A record has `expected` and `observed`, or `reason`, and `exchanges`.
    """
    told = set()
    for record in result["tests"]:
        if record["requirement"] == row["id"] and record["outcome"] == row["outcome"]:
            told.add((record.get("expected"), record.get("observed")))
            yield record
    for finding in wire_findings(result, row["id"]):
        key = (finding["expected"], finding["observed"])
        if key not in told:
            told.add(key)
            yield finding


def wire_findings(result: Mapping[str, Any], requirement: str) -> Iterator[Mapping[str, Any]]:
    """Yield what the exchanges of all tests broke of a requirement, in the order of the tests."""
    for record in result["tests"]:
        for finding in record["wire"]:
            if finding["requirement"] == requirement:
                yield finding


def again(result: Mapping[str, Any], requirement: str, record: Mapping[str, Any] | None = None) -> str:
    """Return the command that runs the test of a requirement, or of a record of it, once more."""
    wanted = (record or {}).get("test_of") or requirement
    command = result["run"]["command"]
    try:
        words = list(_without(shlex.split(command), ("--requirement",)))
        judged = words.index("check") + 2
    except ValueError:
        return f"{command} --requirement {wanted}"
    return shlex.join([*words[:judged], "--requirement", wanted, *words[judged:]])


def again_whole(result: Mapping[str, Any]) -> str:
    """Return the command that runs all tests of the declared profiles, whatever this run selected."""
    command: str = result["run"]["command"]
    try:
        words = shlex.split(command)
    except ValueError:
        return command
    return shlex.join(_without(words, ("--requirement", "--profile", "--level")))


def _without(words: Sequence[str], options: Sequence[str]) -> Iterator[str]:
    """Yield the words without some options and their values."""
    left = iter(words)
    for word in left:
        if word in options:
            next(left, None)
        else:
            yield word
