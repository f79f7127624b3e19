"""The result as one page of HTML that needs nothing else: no network, no second file.

Whatever a server said is escaped by the template or by JSON; and the page forbids, by a Content-Security-Policy with
the hashes of its own two scripts and its style, that anything else runs or is fetched.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from memconform_load.report import figures
from memconform_load.report.charts import charts
from memconform_load.report.page_words import by_second, words
from memconform_load.report.sentences import Result, objective_word
from memconform_load.report.series import Columns

ASSETS = Path(__file__).with_name("assets")


def render(result: Result) -> str:
    """Return the page."""
    columns = Columns(result)
    drawn = charts(result, columns)
    style, library, script = _asset("uPlot.min.css") + _asset("page.css"), _library(), _asset("charts.js")
    page = _environment().get_template("page.html")
    return page.render(
        result=result,
        words=words(result, columns),
        charts=drawn,
        by_second=by_second(columns),
        data=embedded([_for_script(chart) for chart in drawn]),
        policy=_policy(style, library, script),
        style=Markup(style),  # noqa: S704 - our own files
        library=Markup(library),  # noqa: S704 - likewise
        script=Markup(script),  # noqa: S704 - likewise
    )


def embedded(value: Any) -> Markup:
    """Return a value as JSON that ends neither its script element nor a line: `<`, `>`, `&` and the rest escaped."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for letter in "<>&'":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return Markup(text)  # noqa: S704 - nothing is left in it that is markup


def _for_script(chart: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in chart.items() if name not in ("said", "table", "title")}


def _policy(style: str, *scripts: str) -> str:
    allowed = " ".join(f"'sha256-{_hash(script)}'" for script in scripts)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'sha256-{_hash(style)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


def _library() -> str:
    return f"/*! uPlot\n{_asset('uPlot.LICENSE')}*/\n{_asset('uPlot.iife.min.js')}"


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        autoescape=True, loader=jinja2.FileSystemLoader(ASSETS), undefined=jinja2.StrictUndefined
    )
    environment.filters |= {
        "number": figures.number,
        "whole": figures.whole,
        "plural": figures.plural,
        "with_unit": figures.with_unit,
        "objective_word": objective_word,
        "pretty": lambda value: json.dumps(value, indent=1, ensure_ascii=False),
    }
    return environment
