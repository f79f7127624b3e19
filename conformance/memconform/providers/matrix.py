"""The matrix: every provider against every profile and every requirement, from the results of real runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from memconform.contract.requirements import profiles, requirements
from memconform.providers.definition import Definition, definitions

SIGNS = {
    "pass": "✓",
    "fail": "✗",
    "warn": "!",
    "inconclusive": "?",
    "error": "e",
    "skip": "",
    "not_tested": "",
    "not_selected": "",
}
CONFORMANCE = {"conformant": "✓", "not conformant": "✗", "incomplete": "?", "not declared": ""}


@dataclass(frozen=True)
class Judged:
    """A provider and the result of its last run."""

    definition: Definition
    result: Mapping[str, Any]


def read_results(folder: Path) -> list[Judged]:
    """Return every provider that has a result in `folder`, in the order of the names."""
    return [
        Judged(wanted, json.loads(file.read_text("utf-8")))
        for name, wanted in definitions().items()
        if (file := folder / f"{name}.json").is_file()
    ]


def matrix(judged: Sequence[Judged]) -> str:
    """Return the matrix as Markdown."""
    return "\n".join(_lines(judged)) + "\n"


def _lines(judged: Sequence[Judged]) -> Iterator[str]:
    yield "# Providers × requirements"
    yield ""
    yield "Written by `memconform providers matrix` from the result files in [results/](results); do not edit it."
    yield "✗: a MUST that is not met; !: a SHOULD that is not met; ?: unproven, as a control did not hold; empty: not"
    yield "declared, or its condition does not hold. Each ✗ is reproduced without our bridge on the provider's page."
    yield ""
    yield "## What was judged"
    yield ""
    yield "| provider | version | judged on | budget | requests | seconds | met | not met | unproven |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for each in judged:
        yield _about(each)
    yield ""
    yield "## Profiles"
    yield ""
    declared = [name for name in profiles() if any(_conformance(each, name) != "not declared" for each in judged)]
    yield "| provider | " + " | ".join(declared) + " |"
    yield "|---" * (len(declared) + 1) + "|"
    for each in judged:
        cells = [CONFORMANCE[_conformance(each, name)] for name in declared]
        yield f"| {_link(each)} | " + " | ".join(cells) + " |"
    yield ""
    yield "## Requirements"
    yield ""
    yield "| requirement | " + " | ".join(_link(each) for each in judged) + " |"
    yield "|---" * (len(judged) + 1) + "|"
    for requirement in requirements():
        signs = [_sign(each, requirement) for each in judged]
        if any(signs):
            yield f"| {requirement} | " + " | ".join(signs) + " |"


def _about(each: Judged) -> str:
    run, outcomes = each.result["run"], [row["outcome"] for row in each.result["requirements"]]
    counts = [outcomes.count("pass"), outcomes.count("fail"), outcomes.count("inconclusive") + outcomes.count("error")]
    cells = [
        f"[{each.definition.title}]({each.definition.page})",
        each.definition.version,
        run["started_at"][:10],
        run["budget"],
        run["requests"]["total"],
        round(run["seconds"]),
        *counts,
    ]
    return "| " + " | ".join(map(str, cells)) + " |"


def _link(each: Judged) -> str:
    return f"[{each.definition.name}]({each.definition.page})"


def _conformance(each: Judged, profile: str) -> str:
    found = [row["conformance"] for row in each.result["profiles"] if row["name"] == profile]
    return found[0] if found else "not declared"


def _sign(each: Judged, requirement: str) -> str:
    found = [row["outcome"] for row in each.result["requirements"] if row["id"] == requirement]
    return SIGNS[found[0]] if found else ""
