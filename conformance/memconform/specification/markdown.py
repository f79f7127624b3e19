"""Markdown as HTML, safely: no markup of the text's own, key words of BCP 14 marked, names of the contract as links.

Three things beside CommonMark and its tables: a heading may end in `{#anchor}`, a fence `exchange` shows the exchange
that it names, and in running text the ids of requirements and code such as `limits.page_size` lead to where they stand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from html import escape

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from memconform.specification.headings import Heading

Exchanges = Callable[[str], str]
"""Returns the markup of the exchange of a name."""

_KEY_WORDS = re.compile(r"\b(MUST NOT|MUST|SHOULD NOT|SHOULD|MAY)\b")
_IDS = re.compile(r"\b[A-Z]+-\d\d\b")
_ANCHOR = re.compile(r" \{#([\w.-]+)\}$")


class Writer:
    """Turns Markdown into HTML with links to the places of one site."""

    def __init__(self, places: Mapping[str, str], exchanges: Exchanges | None = None) -> None:
        """Take the addresses of ids and of code, and how an exchange is shown."""
        self._places = places
        self._exchanges = exchanges
        self._markdown = MarkdownIt("commonmark", {"html": False}).enable("table")

    def line(self, text: str) -> Markup:
        """Return running text: a statement, a description."""
        tokens = self._markdown.parseInline(" ".join(text.split()))
        return self._rendered(self._linked(tokens))

    def text(self, text: str) -> tuple[Markup, list[Heading]]:
        """Return a whole text and those of its headings that have an anchor."""
        tokens = self._linked(self._markdown.parse(text))
        headings = [_anchored(tokens, at) for at, token in enumerate(tokens) if token.type == "heading_open"]
        return self._rendered(_tables(self._shown(tokens))), [each for each in headings if each.anchor]

    def _rendered(self, tokens: Sequence[Token]) -> Markup:
        html = self._markdown.renderer.render(tokens, self._markdown.options, {})
        return Markup(html)  # noqa: S704 - the parser escapes all markup of the text

    def _linked(self, tokens: list[Token]) -> list[Token]:
        heading = False
        for token in tokens:
            heading = {"heading_open": True, "heading_close": False}.get(token.type, heading)
            if token.type == "inline" and not heading:
                token.children = list(self._children(token.children or []))
        return tokens

    def _children(self, children: Sequence[Token]) -> list[Token]:
        depth, found = 0, []
        for child in children:
            depth += {"link_open": 1, "link_close": -1}.get(child.type, 0)
            if child.type == "text":
                found.append(_html(self._words(child.content, link=not depth)))
            elif child.type == "code_inline" and not depth and child.content in self._places:
                found.append(_html(_link(self._places[child.content], f"<code>{escape(child.content)}</code>")))
            else:
                found.append(child)
        return found

    def _words(self, text: str, *, link: bool) -> str:
        html = _KEY_WORDS.sub(r'<span class="key-word">\1</span>', escape(text, quote=False))
        if not link:
            return html
        return _IDS.sub(
            lambda found: _link(self._places[found[0]], found[0]) if found[0] in self._places else found[0], html
        )

    def _shown(self, tokens: list[Token]) -> list[Token]:
        return [
            _html(self._exchanges(token.content.strip()), "html_block")
            if token.type == "fence" and token.info == "exchange" and self._exchanges
            else token
            for token in tokens
        ]


def _link(address: str, inside: str) -> str:
    return f'<a href="{escape(address)}">{inside}</a>'


def _html(text: str, kind: str = "html_inline") -> Token:
    return Token(kind, "", 0, content=text)


def _anchored(tokens: Sequence[Token], at: int) -> Heading:
    """Give a heading its anchor and a link to itself; a first heading without one is the title of the page."""
    inline = tokens[at + 1]
    children = inline.children or []
    last = children[-1] if children else None
    found = _ANCHOR.search(last.content) if last is not None and last.type == "text" else None
    text = _ANCHOR.sub("", inline.content)
    level = int(tokens[at].tag[1])
    if last is None or (found is None and level == 1):
        return Heading("", text, level)
    anchor = found[1] if found else re.sub(r"\W+", "-", text.lower()).strip("-")
    last.content = _ANCHOR.sub("", last.content)
    tokens[at].attrSet("id", anchor)
    inline.children = [_html(f'<a class="self" href="#{escape(anchor)}">'), *children, _html("</a>")]
    return Heading(anchor, text.replace("`", ""), level)


def _tables(tokens: Sequence[Token]) -> list[Token]:
    """Let tables scroll sideways by themselves, reachable with the keyboard."""
    found: list[Token] = []
    number = 0
    for token in tokens:
        if token.type == "table_open":
            number += 1
            found.append(
                _html(f'<div class="table" tabindex="0" role="region" aria-label="Table {number}">', "html_block")
            )
        found.append(token)
        if token.type == "table_close":
            found.append(_html("</div>", "html_block"))
    return found
