"""A result with as many requirements as one likes, made of real ones: docs/providers/results, over and over."""

from __future__ import annotations

import copy
import itertools
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parents[2] / "docs" / "providers" / "results"


def large_result(requirements: int) -> dict[str, Any]:
    """Return a valid result of a conformance run; its requirements have ids such as `ABC-07`, each with its tests."""
    sources = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(RESULTS.glob("*.json"))]
    result: dict[str, Any] = copy.deepcopy(sources[0])
    rows: list[dict[str, Any]] = []
    tests: list[dict[str, Any]] = []
    for source in itertools.cycle(sources):
        names = dict(zip((row["id"] for row in source["requirements"]), _ids(len(rows)), strict=False))
        kept = source["requirements"][: requirements - len(rows)]
        rows += [{**row, "id": names[row["id"]]} for row in kept]
        tests += _renamed(source, names, {row["id"] for row in kept})
        if len(rows) == requirements:
            break
    result |= {"requirements": rows, "tests": tests}
    result["run"]["planned_tests"] = len(tests)
    result["verdict"]["counts"] = dict(sorted(Counter(row["outcome"] for row in rows).items()))
    for profile in result["profiles"]:
        mine = [row["outcome"] for row in rows if row["profile"] == profile["name"]]
        profile["counts"] = dict(sorted(Counter(mine).items()))
    return result


def _ids(first: int) -> Iterator[str]:
    """Yield ids from a number on: AAA-00 to AAA-99, then AAB-00."""
    for number in itertools.count(first):
        block, rest = divmod(number, 100)
        letters = "".join(chr(ord("A") + block // 26**place % 26) for place in (2, 1, 0))
        yield f"{letters}-{rest:02d}"


def _renamed(source: dict[str, Any], names: dict[str, str], kept: set[str]) -> Iterator[dict[str, Any]]:
    """Yield the tests of requirements that are kept, with their new ids."""
    for record in source["tests"]:
        if record["requirement"] in kept:
            wire = [{**each, "requirement": names[each["requirement"]]} for each in record["wire"]]
            renamed = {**record, "requirement": names[record["requirement"]], "wire": wire}
            yield renamed | ({"test_of": names[record["test_of"]]} if "test_of" in record else {})
