"""The verdict in words, and everything about the run that its reader must not miss."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from memconform.report.badge import waiting
from memconform.report.html.outcomes import GRAVE, ORDER, UNSCORED, group_of
from memconform.report.html.rows import Group, Row

Result = Mapping[str, Any]

CLASSES = {"conformant": "met", "not conformant": "not-met"}
LISTED = 12
"""So many requirements are named right below the verdict."""


@dataclass(frozen=True, slots=True)
class Overview:
    """The verdict, how often each outcome was, and notes: each a tone (`bad`, `doubt` or `soft`) and a sentence."""

    tone: str
    word: str
    badge: str
    sentence: str
    exit_code: int
    """What the command ended with: the baseline's word where there is one."""
    counts: tuple[tuple[str, int], ...]
    notes: tuple[tuple[str, str], ...]
    baseline: tuple[tuple[str, str], ...]
    """What became of the entries of a baseline, in the same way."""
    leaks: tuple[str, ...]
    first: tuple[Row, ...]
    """What to look at first: what failed, else what could not be judged."""
    unlisted: int
    """So many more of that kind."""


def overview(result: Result, told: Sequence[Group]) -> Overview:
    """Return the verdict of a result in words; `told` are its requirements by outcome."""
    verdict, rows = result["verdict"], result["requirements"]
    counts = Counter(group_of(row) for row in rows)
    by_outcome = {group.outcome: group.rows for group in told}
    worst = next((by_outcome[outcome] for outcome in GRAVE if outcome in by_outcome), ())
    return Overview(
        tone=CLASSES.get(verdict["conformance"], "doubtful"),
        word=verdict["conformance"] + (" in what was selected" if verdict["partial"] else ""),
        badge=_badge(result),
        sentence=_sentence(verdict["conformance"], rows, counts),
        exit_code=(result.get("baseline") or verdict)["exit_code"],
        counts=tuple((outcome, counts[outcome]) for outcome in ORDER if counts[outcome]),
        notes=tuple(_notes(result, counts)),
        baseline=tuple(_of_the_baseline(result)),
        leaks=tuple(_leak(leak) for leak in result.get("leaks", ())),
        first=worst[:LISTED],
        unlisted=len(worst[LISTED:]),
    )


def _badge(result: Result) -> str:
    """Return the badge that was earned, empty where none was; what waits for a larger budget is said with it."""
    name = (result["verdict"].get("badge") or "").capitalize()
    return f"{name} at {result['run']['budget']} budget" if name and waiting(result) else name


def _sentence(conformance: str, rows: Sequence[Result], counts: Mapping[str, int]) -> str:
    judged = sum(counts[outcome] for outcome in ("pass", "fail", "warn", "error", "inconclusive"))
    if conformance == "conformant":
        rest = f"; {counts['warn']} of them with a warning" if counts["warn"] else ""
        return f"{_requirements(judged)} judged, no MUST broken{rest}."
    if conformance == "incomplete":
        open_ones = counts["inconclusive"] + counts["error"] + counts["not_run"]
        return f"No MUST was seen broken, but {_requirements(open_ones)} could not be judged, so there is no verdict."
    failed = Counter(row["profile"] for row in rows if group_of(row) == "fail")
    where = ", ".join(f"{number} in {profile}" for profile, number in failed.items())
    return (
        f"{counts['fail']} of {_requirements(judged)} judged {'is' if counts['fail'] == 1 else 'are'} not met: {where}."
    )


def _requirements(number: int) -> str:
    return f"{number:,} requirement{'' if number == 1 else 's'}"


def _notes(result: Result, counts: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    yield from _headline(result)
    if result["run"]["stopped"]:
        yield "bad", f"Stopped early: {result['run']['stopped']}."
    elif not result["run"]["finished"]:
        yield "bad", "Not every planned test had its turn."
    if result["verdict"]["partial"]:
        yield "doubt", "Only a part was selected: this is no verdict on the whole, and gives no badge."
    if counts["error"]:
        yield "bad", f"{_requirements(counts['error'])} ended in an error of the harness, which is our fault."
    yield from _of_the_server(result) if "server" in result else _of_the_client(result)
    if counts[UNSCORED]:
        yield (
            "soft",
            f"{_requirements(counts[UNSCORED])} newer than the server's contract version: told, but not scored.",
        )


def _of_the_server(result: Result) -> Iterator[tuple[str, str]]:
    later = len(waiting(result))
    if later:
        yield (
            "doubt",
            f"{_requirements(later)} need{'s' * (later == 1)} a larger budget than {result['run']['budget']}.",
        )
    if result["server"]["served_undeclared"]:
        named = ", ".join(result["server"]["served_undeclared"])
        yield "doubt", f"Served but not declared, so not judged: {named}."
    leaks = result["leaks"]
    if leaks:
        left = f"{len(leaks):,} of the run's memories or scopes {'was' if len(leaks) == 1 else 'were'} left behind"
        yield "bad", f"{left} on the server."


def _of_the_client(result: Result) -> Iterator[tuple[str, str]]:
    client = result["client"]
    for death in client["deaths"]:
        yield "bad", f"The plugin died: {death}"
    if client["stray_lines"]:
        yield "doubt", f"{client['stray_lines']} lines on its standard output are not of the runtime's protocol."


def _of_the_baseline(result: Result) -> Iterator[tuple[str, str]]:
    if result.get("baseline"):
        from memconform.baseline.telling import lines

        for line in lines(result):
            kind, _, rest = " ".join(line.split()).partition(" ")
            tone = "bad" if kind.isupper() else "doubt" if kind == "when" else "soft"
            yield tone, f"{kind.lower().capitalize()} {rest}"


def _headline(result: Result) -> Iterator[tuple[str, str]]:
    if result.get("baseline"):
        from memconform.baseline.telling import headline

        said = headline(result)
        if said:
            yield ("bad" if result["baseline"]["exit_code"] else "doubt"), f"{said}."


def _leak(leak: Result) -> str:
    told = [f"{name} {value}" for name, value in leak.items() if name not in ("why", "scope") and value]
    scope = leak.get("scope")
    if isinstance(scope, Mapping):
        told = [", ".join(f"{name} {value}" for name, value in scope.items()), *told]
    return f"{', '.join(told)}: {leak.get('why', 'no reason is known')}"
