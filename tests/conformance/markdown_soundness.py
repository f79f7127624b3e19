"""What a Markdown text becomes where GitHub shows it: nothing but what we wrote ourselves may be in it."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

OURS = {"details", "summary", "code"}
"""The only elements of HTML that our summaries write themselves."""


def tokens(text: str) -> Iterator[Token]:
    """Yield every token of a Markdown text, as GitHub's dialect has them."""
    for token in MarkdownIt("gfm-like", {"linkify": False}).parse(text):
        yield token
        yield from token.children or ()


def must_be_sound(text: str, site: str) -> None:
    """Hold a text to closed elements of ours without attributes, no image, and links to the specification site only."""
    found = _Elements()
    for token in tokens(text):
        assert token.type != "image"
        if token.type == "link_open":
            assert str(token.attrs["href"]).startswith(site)
        if token.type in ("html_inline", "html_block"):
            found.feed(token.content)
    found.close()
    assert found.names <= OURS
    assert found.attributes == []
    assert found.open == []
    assert "\x1b" not in text


class _Elements(HTMLParser):
    """Gathers the elements of a text, and whether each is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: set[str] = set()
        self.attributes: list[Any] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        """Take an element."""
        self.names.add(tag)
        self.open.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        """Close the last element, which must be the one that is closed."""
        assert self.open.pop() == tag
