"""The matrix as one page of HTML that needs nothing else; its cells link into the servers' own reports."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote

from memconform.matrix import summary
from memconform.matrix.document import Matrix
from memconform.matrix.loads import borne
from memconform.matrix.signs import ABSENT, CONFORMANCE, OUTCOMES, kind_sign
from memconform.matrix.speed import DRIVERS, Operation, operations, p95_of, settings, three_digits
from memconform.page import Assets
from memconform.report.html.page import marked
from memconform.report.html.visible import visible
from memconform.specification.anchors import requirement_link

Report: TypeAlias = Callable[[str], str | None]
"""Gives the address of a server's own report by its name, None where there is none."""

BAR = 280
MARGIN = 22
"""Width of a latency chart, and what it leaves at both ends for the labels of its axis, in pixels."""

ASSETS = Assets(
    Path(__file__).with_name("assets"),
    filters={"marked": marked, "three_digits": three_digits, "borne": borne, "kind_sign": kind_sign},
)


def report_in_folder(name: str) -> str:
    """Return where the site has a server's report."""
    return f"{quote(name)}.html"


def render(matrix: Matrix, *, report: Report = lambda _: None, specification: str | None = None) -> str:
    """Return the page; `specification` is the address of the specification site, or its folder."""
    shown: Matrix = visible(matrix)
    servers = [_server(each, shown) | {"report": report(of["name"])} for each, of in _pairs(shown, matrix)]
    known = settings(shown)
    words = {
        "matrix": shown,
        "servers": servers,
        "by_name": {each["name"]: each for each in servers},
        "tiles": list(summary.glance(shown)),
        "profiles": summary.declared_profiles(shown),
        "groups": list(_groups(shown)),
        "silent": len(shown["requirements"]) - len(summary.judged_requirements(shown)),
        "outcomes": OUTCOMES,
        "conformance": CONFORMANCE,
        "absent": ABSENT,
        "operations": [_speed(each, known) for each in operations(shown)],
        "settings": known,
        "drivers": DRIVERS,
        "bar": BAR,
        "link": (lambda requirement: requirement_link(specification, requirement)) if specification else None,
    }
    return ASSETS.render("page.html", words, styles=[ASSETS.text("page.css")], scripts=[ASSETS.text("page.js")])


def _pairs(shown: Matrix, matrix: Matrix) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    return zip(shown["servers"], matrix["servers"], strict=True)


def _server(each: Mapping[str, Any], matrix: Matrix) -> dict[str, Any]:
    kept, declared = summary.kept(each)
    return {
        **each,
        "kept": kept,
        "declared": declared,
        "met": summary.met(each),
        "not_met": summary.not_met(each),
        "unproven": summary.unproven(each),
        "said_budget": summary.budget(each),
        "verdicts": {row["name"]: row for row in each["profiles"]},
        "search_ms": p95_of(matrix, each["name"], "search"),
        "add_ms": p95_of(matrix, each["name"], "add"),
    }


def _groups(matrix: Matrix) -> Iterator[dict[str, Any]]:
    """Yield each profile with those of its requirements that say something about any server."""
    judged = summary.judged_requirements(matrix)
    for profile in matrix["profiles"]:
        rows = [row for row in judged if row["profile"] == profile["name"]]
        if rows:
            yield {**profile, "requirements": rows}


def _speed(operation: Operation, known: list[str]) -> dict[str, Any]:
    return {
        "name": operation.name,
        "powers": [(three_digits(10.0**power), _x(operation, 10.0**power)) for power in operation.powers],
        "rows": [
            {
                "load": row.load,
                "setting": known.index(row.load["setting"]) + 1,
                "times": row.times,
                "bars": [(driver, *_bar(operation, row.times[driver])) for driver in DRIVERS if driver in row.times],
            }
            for row in operation.rows
        ],
    }


def _bar(operation: Operation, times: Mapping[str, Any]) -> tuple[float, float, float]:
    """Return where a bar starts (p50), how wide it is (to p99) and where its mark is (p95), in pixels."""
    start, mark, end = (_x(operation, times[name]) for name in ("p50_ms", "p95_ms", "p99_ms"))
    return start, round(max(end - start, 2.0), 1), mark


def _x(operation: Operation, milliseconds: float) -> float:
    return round(MARGIN + operation.place(milliseconds) * (BAR - 2 * MARGIN), 1)
