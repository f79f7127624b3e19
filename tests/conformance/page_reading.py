"""Reads a page of HTML as a browser without scripts does: its elements, their texts, and whether each is closed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

VOID = {"meta", "link", "input", "br"}


@dataclass
class Element:
    """An element with its attributes and all the text in it."""

    tag: str
    attributes: dict[str, str | None]
    text: str = ""
    inside: list[Element] = field(default_factory=list)

    def has(self, name: str) -> bool:
        """Return whether it is of a class."""
        return name in (self.attributes.get("class") or "").split()


class Page(HTMLParser):
    """The elements of a page in their order; reading fails where one is not closed as it was opened."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.open: list[Element] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep it."""
        element = Element(tag, dict(attrs))
        self.elements.append(element)
        for around in self.open:
            around.inside.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        """Close it; what is closed must be what was opened last."""
        assert self.open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        """Add the text to all elements around it."""
        for element in self.open:
            element.text += data

    def named(self, tag: str) -> list[Element]:
        """Return all elements of a name."""
        return [element for element in self.elements if element.tag == tag]

    def of_class(self, name: str) -> list[Element]:
        """Return all elements of a class."""
        return [element for element in self.elements if element.has(name)]

    def by_id(self, name: str) -> Element:
        """Return the one element with an id."""
        (found,) = [element for element in self.elements if element.attributes.get("id") == name]
        return found


def data_of(text: str) -> dict[str, Any]:
    """Return the evidence in a page."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found
    said: dict[str, Any] = json.loads(found[1])
    return said
