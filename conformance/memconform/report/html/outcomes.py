"""What each outcome is called on the page, in the order in which they are told: what needs somebody comes first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

UNSCORED = "unscored"
"""A requirement that is newer than the contract version that the server declares."""

WORD = {
    "fail": "fail",
    "error": "error",
    "inconclusive": "inconclusive",
    "warn": "warning",
    "not_run": "not run",
    "pass": "pass",
    "skip": "skipped",
    "not_tested": "not tested",
    "not_selected": "not selected",
    UNSCORED: "not scored",
}
CAPITAL = {name: word.capitalize() for name, word in WORD.items()}
SIGN = {
    "fail": "✗",
    "error": "!",
    "inconclusive": "?",
    "warn": "▲",
    "not_run": "…",
    "pass": "✓",
    "skip": "–",
    "not_tested": "–",
    "not_selected": "–",
    UNSCORED: "+",
}
PLURAL = {
    "fail": "Failed",
    "error": "Errors of the harness",
    "inconclusive": "Inconclusive",
    "warn": "Warnings",
    "not_run": "Not run",
    "pass": "Passed",
    "skip": "Skipped",
    "not_tested": "Not tested by this version",
    "not_selected": "Not selected",
    UNSCORED: "Not scored",
}
SAYS = {
    "fail": "A MUST is not met. Each unfolds into its evidence.",
    "error": "Our fault: this says nothing about what was judged.",
    "inconclusive": "A control did not hold, so nothing is proven either way.",
    "warn": "A SHOULD is not met. It does not count against the verdict.",
    "not_run": "The run ended before all of its tests.",
    "pass": "",
    "skip": "Not declared, or a condition does not hold.",
    "not_tested": "",
    "not_selected": "Left out by the options of this run.",
    UNSCORED: "Newer than the contract version that the server declares; counted nowhere.",
}
ORDER = tuple(WORD)
GRAVE = ("fail", "error", "inconclusive", "warn")
"""Outcomes with evidence that somebody has to look at."""


def group_of(row: Mapping[str, Any]) -> str:
    """Return under which heading a requirement is told."""
    return UNSCORED if row.get("scored") is False else str(row["outcome"])
