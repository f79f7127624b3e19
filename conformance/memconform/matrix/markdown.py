"""The matrix as Markdown: what was judged, profiles, requirements, latency, changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from memconform.matrix import summary
from memconform.matrix.document import Matrix
from memconform.matrix.loads import borne
from memconform.matrix.signs import ABSENT, CONFORMANCE, OUTCOMES, SILENT, kind_sign
from memconform.matrix.speed import DRIVERS, Operation, operations, settings, three_digits
from memconform.report.marking import escaped, table

Link: TypeAlias = Callable[[Mapping[str, Any]], str | None]
"""Gives the address that a server's name links to, None for none."""

HEAD = """\
# Providers × requirements

Written by `memconform matrix` from result files; do not edit it. ✓: met; ✗: a MUST that is not met; ▲: a SHOULD that
is not met; ?: inconclusive, as a control did not hold; !: an error of the harness; +: newer than what the server
declares; empty: not declared, or its condition does not hold. A number beside a profile counts its MUSTs that are not
met, or open.
"""


def render(matrix: Matrix, link: Link = lambda _: None) -> str:
    """Return the page; `link` gives the address of a server's own page."""
    names = {each["name"]: _linked(each["name"], link(each)) for each in matrix["servers"]}
    parts = [
        HEAD,
        "## What was judged\n",
        _judged(matrix, link),
        "\n## Profiles\n",
        _profiles(matrix, names),
        "\n## Requirements\n",
        _requirements(matrix, names),
        *_latency(matrix, names),
        *_changes(matrix, names),
    ]
    return "\n".join(parts) + "\n"


def _linked(text: str, address: str | None) -> str:
    return f"[{escaped(text)}]({address})" if address else escaped(text)


def _judged(matrix: Matrix, link: Link) -> str:
    head = ["server", "version", "verdict", "badge", "judged on", "budget", "requests", "seconds"]
    head += ["profiles kept", "met", "MUSTs not met", "inconclusive"]
    return table(head, (_about(each, link) for each in matrix["servers"]), left=6)


def _about(server: Mapping[str, Any], link: Link) -> list[str]:
    kept, declared = summary.kept(server)
    return [
        _linked(server["title"], link(server)),
        escaped(server["version"] or "–"),
        server["verdict"],
        server["badge"] or "–",
        server["judged_at"][:10],
        summary.budget(server),
        str(server["requests"]),
        str(round(server["seconds"])),
        f"{kept} of {declared}",
        *(str(count(server)) for count in (summary.met, summary.not_met, summary.unproven)),
    ]


def _profiles(matrix: Matrix, names: Mapping[str, str]) -> str:
    declared = [row["name"] for row in summary.declared_profiles(matrix)]
    rows = []
    for each in matrix["servers"]:
        verdicts = {row["name"]: row for row in each["profiles"]}
        rows.append([names[each["name"]], *(_profile(verdicts.get(name)) for name in declared)])
    return table(["server", *declared], rows, left=len(declared) + 1)


def _profile(row: Mapping[str, Any] | None) -> str:
    if row is None or row["conformance"] in ("not declared", "not tested"):
        return ""
    count = row["not_met"] or row["unproven"]
    return f"{CONFORMANCE[row['conformance']].letter} {count or ''}".rstrip()


def _requirements(matrix: Matrix, names: Mapping[str, str]) -> str:
    rows = []
    for requirement in summary.judged_requirements(matrix):
        outcomes = [each["requirements"].get(requirement["id"], ABSENT) for each in matrix["servers"]]
        rows.append([requirement["id"], *("" if each in SILENT else OUTCOMES[each].letter for each in outcomes)])
    return table(["requirement", *names.values()], rows, left=len(names) + 1)


def _latency(matrix: Matrix, names: Mapping[str, str]) -> Iterator[str]:
    measured = operations(matrix)
    if not measured:
        return
    yield "\n## Latency\n"
    yield "p50 / p95 / p99 in ms from the intended start of a call, the quickest first. Compare within one load only:"
    yield "\n" + "\n".join(f"{number}. {escaped(said)}" for number, said in enumerate(settings(matrix), start=1))
    for operation in measured:
        yield f"\n### {escaped(operation.name)}\n"
        yield _times(operation, names, settings(matrix))


def _times(operation: Operation, names: Mapping[str, str], known: Sequence[str]) -> str:
    several = len(known) > 1
    head = [
        "server",
        *(["load"] if several else []),
        *DRIVERS.values(),
        "failed calls",
        "laws broken",
        "arrivals/s borne",
    ]
    rows = []
    for row in operation.rows:
        load = row.load
        cells = [names.get(load["server"] or "", escaped(load["name"]))]
        cells += [str(known.index(load["setting"]) + 1)] if several else []
        cells += [" / ".join(_figures(row.times.get(driver))) for driver in DRIVERS]
        cells += [f"{load['failed']} of {load['calls']}", str(load["violations"]), borne(load["capacity"])]
        rows.append(cells)
    return table(head, rows)


def _figures(times: Mapping[str, Any] | None) -> list[str]:
    return [three_digits(times[name]) for name in ("p50_ms", "p95_ms", "p99_ms")] if times else ["–"]


def _changes(matrix: Matrix, names: Mapping[str, str]) -> Iterator[str]:
    changes = matrix["changes"]
    if changes is None:
        return
    yield "\n## Since the last run\n"
    for word in ("new", "gone", "same"):
        if changes[word]:
            yield f"- {word}: {', '.join(names.get(name, escaped(name)) for name in changes[word])}"
    rows = [
        [names[each["name"]], row["requirement"], row["level"], row["before"], row["now"], _kind(row["kind"])]
        for each in changes["servers"]
        for row in each["rows"]
    ]
    badges = [
        [names[each["name"]], "badge", "", each["badge"]["before"] or "none", each["badge"]["now"] or "none", ""]
        for each in changes["servers"]
        if each["badge"]["before"] != each["badge"]["now"]
    ]
    if rows or badges:
        yield "\n" + table(["server", "what", "level", "was", "is", "kind"], [*badges, *rows], left=6)


def _kind(kind: str) -> str:
    sign = kind_sign(kind)
    return f"{sign.letter} {sign.word}"
