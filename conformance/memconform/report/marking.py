"""Markdown from texts that a server or a user chose: shown as they are, in letters that nothing takes for markup."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from memconform.report.terminal import plain
from memconform.specification.anchors import requirement_link

_OF_ADDRESSES = "-._~:/?#@!$&'+,;=%"
"""What an address may hold beside letters and digits, without what could end a link."""


def escaped(text: str) -> str:
    """Return text of one line in which nothing is markup, neither of HTML nor of Markdown."""
    safe = html.escape(" ".join(plain(text.replace("\n", " ")).split()), quote=False)
    safe = re.sub(r"[\\`*_{}\[\]#|~!@$^]", lambda found: f"&#{ord(found[0])};", safe)
    return re.sub(r"(?i)(?<=www)\.|(?<=[a-z]):(?=//)", lambda found: f"&#{ord(found[0])};", safe)


def code(text: str) -> str:
    """Return text of one line as code, for tables too."""
    return f"<code>{escaped(text)}</code>" if text.strip() else ""


def fenced(text: str) -> str:
    """Return lines as a block of code whose fence is longer than any within."""
    harmless = "\n".join(plain(line) for line in text.splitlines())
    fence = "`" * max(3, *(len(found) + 1 for found in re.findall("`+", harmless)), 3)
    return f"{fence}text\n{harmless}\n{fence}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> str:
    """Return a table; columns after the first `left` are aligned to the right. Cells are Markdown already."""
    lines = [head, [":--" if index < left else "--:" for index in range(len(head))], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def prose(text: str) -> str:
    """Return a statement of the contract: what stands between backticks as code, all else escaped."""
    parts = " ".join(text.split()).split("`")
    if len(parts) % 2 == 0:
        return escaped(text)
    return "".join(code(part) if index % 2 else _spaced(part) for index, part in enumerate(parts))


def folded(summary: str, body: str) -> str:
    """Return a block that is folded away; `summary` and `body` are Markdown already."""
    return f"<details><summary>{summary}</summary>\n\n{body}\n\n</details>"


def requirement_name(requirement: str, specification: str | None) -> str:
    """Return the id of a requirement; a link where the address of the specification site is given."""
    if specification is None:
        return requirement
    address = requirement_link(specification, requirement)
    safe = "".join(letter if letter.isalnum() or letter in _OF_ADDRESSES else quote(letter) for letter in address)
    return f"[{requirement}]({safe})"


def cut(text: str, most: int) -> str:
    """Return at most so many characters of a text, and how many there are where that is not all."""
    return text if len(text) <= most else f"{text[:most]}… ({len(text)} characters)"


def _spaced(text: str) -> str:
    """Return escaped text that keeps the blanks at its ends, beside code."""
    left, right = text[:1].isspace() * " ", text[-1:].isspace() * " "
    return f"{left}{escaped(text)}{right}" if text.strip() else left
