"""Whether two sets of runs were made the same way; if not, their difference says nothing of the servers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Result = Mapping[str, Any]

_OF_THE_SERVER = frozenset(
    {"url", "start", "slo", "plugin", "seed", "server_pid", "keep_data", "owned", "ca_file", "insecure"}
)
"""Members of a plan that may differ, or are looked at otherwise."""
_BUSY = 0.5
"""A load of so many processes for each core, before a run began, is worth a warning."""


def differences(a: Sequence[Result], b: Sequence[Result]) -> list[str]:
    """Return why the two cannot be compared, each in words; [] when they can."""
    found = []
    for name, value in _views(a[0]).items():
        others = _views(b[0])[name]
        if value != others:
            found.append(f"{name} differs: {_short(value)} and {_short(others)}")
    for side, results in (("A", a), ("B", b)):
        found += [f"the runs of {side} differ in {name}" for name in _mixed(results)]
    seeds = [sorted(result["plan"]["seed"] for result in results) for results in (a, b)]
    if len(a) == len(b) and seeds[0] != seeds[1]:
        found.append(f"the seeds differ: {_listed(seeds[0])} and {_listed(seeds[1])}")
    return found


def doubts(a: Sequence[Result], b: Sequence[Result]) -> list[str]:
    """Return what makes the figures less sure, each in words."""
    found = (
        []
        if a[0]["tool"]["version"] == b[0]["tool"]["version"]
        else ["they were measured by two versions of memconform"]
    )
    for side, results in (("A", a), ("B", b)):
        busy = [result for result in results if _was_busy(result["environment"])]
        if busy:
            found.append(f"the machine was busy before {len(busy)} of {len(results)} runs of {side} began")
    return found


def unfit(results: Sequence[Result], side: str) -> list[str]:
    """Return why runs measured nothing that can be believed: they are invalid, failed or were interrupted."""
    return [
        f"run {number} of {side} is {result['verdict']['word']}: {'; '.join(result['verdict']['reasons'][:2])}"
        for number, result in enumerate(results, 1)
        if result["verdict"]["exit_code"] > 1 and not _only_undecided(result)
    ]


def _only_undecided(result: Result) -> bool:
    """Return whether nothing is wrong but that a sample was too small for an objective, which nobody asks here."""
    return result["verdict"]["word"] == "invalid" and all(row["ok"] for row in result["validity"])


def _views(result: Result) -> dict[str, Any]:
    environment, plan = result["environment"], result["plan"]
    return {
        "the machine": {name: environment[name] for name in ("platform", "cpu_count")},
        "the Python": ".".join(environment["python"].split(".")[:2]),
        "the scenario": {name: result["scenario"][name] for name in ("name", "parameters")},
        "the model": result["model"],
        **{f"the plan's {name}": value for name, value in plan.items() if name not in _OF_THE_SERVER | {"scenario"}},
    }


def _mixed(results: Sequence[Result]) -> Iterable[str]:
    first = _views(results[0])
    return [
        name.removeprefix("the ") for name, value in first.items() if any(_views(r)[name] != value for r in results)
    ]


def _was_busy(environment: Mapping[str, Any]) -> bool:
    load, cores = environment["load_average"], environment["cpu_count"]
    return bool(load and cores) and load[0] > _BUSY * cores


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 80 else f"{text[:77]}…"


def _listed(seeds: Sequence[int]) -> str:
    return ", ".join(map(str, seeds[:5])) + (", …" if len(seeds) > 5 else "")
