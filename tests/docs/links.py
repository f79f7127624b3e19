"""Links of a document, and the anchors that its headings give."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.token import Token

_MARKDOWN = MarkdownIt().enable("table")


@cache
def _tokens(path: Path) -> tuple[Token, ...]:
    return tuple(_MARKDOWN.parse(path.read_text("utf-8")))


def links(path: Path) -> list[str]:
    """Return the targets of all links and pictures."""
    inline = [child for token in _tokens(path) if token.type == "inline" for child in token.children or []]
    found = [child.attrs.get("href" if child.type == "link_open" else "src") for child in inline]
    html = [token.content for token in (*_tokens(path), *inline) if token.type in ("html_block", "html_inline")]
    written = [target for text in html for target in re.findall(r'(?:src|srcset|href)="([^"]+)"', text)]
    return [str(target) for target in found if target] + written


@cache
def anchors(path: Path) -> frozenset[str]:
    """Return the anchors of a Markdown file, as code hosts make them of its headings."""
    found: dict[str, int] = {}
    tokens = _tokens(path)
    names: set[str] = set()
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            words = "".join(child.content for child in inline.children or [] if child.type in ("text", "code_inline"))
            name = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
            names.add(f"{name}-{found[name]}" if name in found else name)
            found[name] = found.get(name, 0) + 1
    return frozenset(names)


def broken(path: Path) -> list[str]:
    """Return the links of a document that lead nowhere within the tree."""
    return [target for target in links(path) if "://" not in target and not _leads(path, unquote(target))]


def _leads(path: Path, target: str) -> bool:
    name, _, anchor = target.partition("#")
    aim = (path.parent / name).resolve() if name else path
    if not aim.exists():
        return False
    return not anchor or aim.suffix != ".md" or anchor in anchors(aim)
