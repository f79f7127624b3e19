"""Puts the page together: words that need no script, and evidence that a script shows when it is unfolded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from memconform.page import Assets, embedded
from memconform.report.html.evidence import evidence
from memconform.report.html.measured import measured
from memconform.report.html.outcomes import CAPITAL, PLURAL, SIGN, WORD
from memconform.report.html.overview import overview
from memconform.report.html.profile_steps import steps
from memconform.report.html.rows import groups
from memconform.report.html.subject import subject
from memconform.report.html.visible import visible

SCRIPTS = ("elements.js", "timeline.js", "evidence.js", "unfolding.js", "filtering.js", "start.js")


def marked(text: str) -> Markup:
    """Return a sentence as markup: escaped, what stands between backticks as code."""
    parts = str(text).split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part) for number, part in enumerate(parts)
    )


ASSETS = Assets(
    Path(__file__).with_name("assets"),
    filters={
        "marked": marked,
        "figure": "{:,}".format,
        "plural": lambda number, word: f"{number:,} {word}{'' if number == 1 else 's'}",
        "sign": SIGN.__getitem__,
        "word": WORD.__getitem__,
        "capital": CAPITAL.__getitem__,
        "group": PLURAL.__getitem__,
    },
)


def render(result: Mapping[str, Any], specification: str | None = None) -> str:
    """Return the page of a conformance result or of a check of a client.

    `specification` is the address, or the folder, of the specification site; None: requirements link nowhere.
    """
    shown: Mapping[str, Any] = visible(result)
    told = groups(shown)
    words = {
        "result": shown,
        "subject": subject(shown),
        "overview": overview(shown, told),
        "steps": steps(shown),
        "groups": told,
        "measured": measured(shown),
        "data": embedded(evidence(result, specification)),
    }
    return ASSETS.render(
        "page.html",
        words,
        styles=[ASSETS.text("page.css"), ASSETS.text("evidence.css")],
        scripts=[ASSETS.text(name) for name in SCRIPTS],
    )
