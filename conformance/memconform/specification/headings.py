"""Headings, and the anchors that are made from them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading with its anchor, for the contents of a page."""

    anchor: str
    text: str
    level: int


def anchor_of(text: str) -> str:
    """Return the anchor of a heading that is made of plain words."""
    return text.lower().replace(" ", "-")
