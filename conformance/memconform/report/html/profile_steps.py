"""Profiles by the badge that needs them first, so that one sees what is missing for the next one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from memconform.contract import BADGES, profiles
from memconform.report.html.outcomes import GRAVE, ORDER, WORD

Result = Mapping[str, Any]

TONES = {"conformant": "good", "not conformant": "bad", "incomplete": "doubt"}
SIGNS = {"conformant": "✓", "not conformant": "✗", "incomplete": "?"}


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a profile's bar: an outcome, its place and its width in percent."""

    outcome: str
    left: float
    width: float


@dataclass(frozen=True, slots=True)
class Cell:
    """One profile."""

    name: str
    title: str
    conformance: str
    tone: str
    sign: str
    counts: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A badge with the profiles that it adds to the one before; `extras` is none."""

    badge: str
    title: str
    earned: bool
    says: str
    cells: tuple[Cell, ...]


def steps(result: Result) -> tuple[Step, ...]:
    """Return the profiles of a server by badge; none for a client."""
    rows = result.get("profiles") or ()
    badge = result["verdict"].get("badge")
    earned = BADGES[: BADGES.index(badge) + 1] if badge in BADGES else ()
    found = []
    for name in (*BADGES, "extras"):
        mine = [row for row in rows if _badge(row["name"]) == name]
        if mine:
            says = _says(name, mine, result, earned=name in earned)
            title = name.capitalize()
            found.append(Step(name, title, name in earned, says, tuple(_cell(row) for row in mine)))
    return tuple(found)


def _badge(profile: str) -> str:
    known = profiles().get(profile)
    return known.badge if known else "extras"


def _says(name: str, rows: Sequence[Result], result: Result, *, earned: bool) -> str:
    if name == "extras":
        return "No badge needs these."
    if earned:
        return "Earned."
    if result["verdict"]["partial"]:
        return "Not given: requirements were left out of this run."
    undeclared = [row["name"] for row in rows if row["conformance"] == "not declared"]
    missing = [_lacks(row, result) for row in rows if row["conformance"] not in ("conformant", "not declared")]
    missing += [f"not declared: {', '.join(undeclared)}"] if undeclared else []
    return (
        f"Missing: {'; '.join(missing)}."
        if missing
        else "Its own profiles are conformant; a badge before it is missing."
    )


def _lacks(row: Result, result: Result) -> str:
    mine = [each for each in result["requirements"] if each["profile"] == row["name"] and each.get("scored", True)]
    grave = [each["id"] for each in mine if each["outcome"] in GRAVE[:3]]
    unrun = sum(each["outcome"] == "not_run" for each in mine)
    told = ", ".join([*([_listed(grave)] if grave else []), *([f"{unrun} not run"] if unrun else [])])
    return f"{row['name']} is {row['conformance']}" + (f" ({told})" if told else "")


def _listed(ids: Sequence[str], most: int = 6) -> str:
    return ", ".join(ids[:most]) + (f" and {len(ids) - most} more" if len(ids) > most else "")


def _cell(row: Result) -> Cell:
    counts = [(outcome, row["counts"][outcome]) for outcome in ORDER if row["counts"].get(outcome)]
    total = sum(number for _, number in counts) or 1
    parts, left = [], 0
    for outcome, number in counts:
        parts.append(Part(outcome, round(100 * left / total, 2), round(100 * number / total, 2)))
        left += number
    conformance = row["conformance"]
    if conformance == "not declared":  # whatever a run that ended early says of it
        parts = [Part("skip", 0, 100)]
    return Cell(
        row["name"],
        row["title"],
        conformance,
        TONES.get(conformance, "soft"),
        SIGNS.get(conformance, "–"),
        ", ".join(f"{number} {WORD[outcome]}" for outcome, number in counts),
        tuple(parts),
    )
