"""The badge as a picture: a small SVG without font files, styles or scripts, readable in black and white."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from memconform.report.badge import badge

_COLOURS = {"good": "#2e7d32", "fair": "#5d6d1e", "bad": "#b3261e", "none": "#5f6368"}
"""Each with a contrast of more than 4.5 to white."""
_LABEL = "#33373b"
_HEIGHT, _PADDING = 20, 7
_WIDTHS = {**dict.fromkeys("il.,:;'", 3.4), **dict.fromkeys("fjrtI ", 4.2), **dict.fromkeys("mwMW", 10.0)}
_WIDTH = 6.9


def render(result: Mapping[str, Any], specification: str | None = None) -> str:  # noqa: ARG001 - a badge has no links
    """Return the badge of a result as SVG."""
    said = badge(result)
    left, right = _width(said.label), _width(said.message)
    text = html.escape(said.text)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="{_HEIGHT}"'
        f' viewBox="0 0 {left + right} {_HEIGHT}" role="img" aria-label="{text}">'
        f"<title>{text}</title>"
        f'<rect width="{left}" height="{_HEIGHT}" fill="{_LABEL}"/>'
        f'<rect x="{left}" width="{right}" height="{_HEIGHT}" fill="{_COLOURS[said.tone]}"/>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11" text-anchor="middle"'
        ' aria-hidden="true">'
        f"{_words(said.label, left / 2, left)}{_words(said.message, left + right / 2, right)}"
        "</g></svg>\n"
    )


def _words(text: str, middle: float, width: int) -> str:
    """Return text that fits its half whatever font the reader has."""
    return f'<text x="{middle:g}" y="14" textLength="{width - 2 * _PADDING}">{html.escape(text)}</text>'


def _width(text: str) -> int:
    """Return the width of a half in pixels: that of its text in a sans serif font of 11 pixels, and a margin."""
    return round(sum(_WIDTHS.get(each, _WIDTH) for each in text)) + 2 * _PADDING
