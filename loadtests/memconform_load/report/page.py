"""The result as one page of HTML that needs nothing else, with charts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from memconform.page import Assets, embedded
from memconform_load.report import figures
from memconform_load.report.charts import charts
from memconform_load.report.page_words import by_second, words
from memconform_load.report.sentences import Result, objective_word
from memconform_load.report.series import Columns

ASSETS = Assets(
    Path(__file__).with_name("assets"),
    filters={
        "number": figures.number,
        "whole": figures.whole,
        "plural": figures.plural,
        "with_unit": figures.with_unit,
        "objective_word": objective_word,
        "pretty": lambda value: json.dumps(value, indent=1, ensure_ascii=False),
    },
)


def render(result: Result) -> str:
    """Return the page."""
    columns = Columns(result)
    drawn = charts(result, columns)
    said = {
        "result": result,
        "words": words(result, columns),
        "charts": drawn,
        "by_second": by_second(columns),
        "data": embedded([_for_script(chart) for chart in drawn]),
    }
    library = f"/*! uPlot\n{ASSETS.text('uPlot.LICENSE')}*/\n{ASSETS.text('uPlot.iife.min.js')}"
    return ASSETS.render(
        "page.html",
        said,
        styles=[ASSETS.text("uPlot.min.css"), ASSETS.text("page.css")],
        scripts=[library, ASSETS.text("charts.js")],
    )


def _for_script(chart: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in chart.items() if name not in ("said", "table", "title")}
