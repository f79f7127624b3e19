"""The summary for CI: tables that are tables, evidence that folds, and no text of a server that becomes markup."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from memconform.report.marking import escaped, fenced
from memconform_load.report.markdown import render

from .example_result import RUNS, open_run, violating_run
from .hostile import ATTACK, hostile_run

OURS = {"details", "summary", "code", "b"}
"""The only elements of HTML that a summary writes itself."""


def tokens(text: str) -> Iterator[Token]:
    """Yield every token of a Markdown text, as GitHub's dialect has them."""
    for token in MarkdownIt("gfm-like", {"linkify": False}).parse(text):
        yield token
        yield from token.children or ()


class Elements(HTMLParser):
    """Gathers the names of elements, and their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep it."""
        self.found.add(tag)
        self.attributes |= {name for name, _ in attrs}


@pytest.mark.parametrize("kind", RUNS)
def test_every_kind_of_run_has_a_summary(kind: str) -> None:
    """Verdict in the heading; a table for objectives and one for operations, a row each; the command to repeat it."""
    result = RUNS[kind]()
    text = render(result)
    assert text.splitlines()[0].startswith("## ")
    assert f"Load test {result['verdict']['word']}" in text.splitlines()[0]
    rows = sum(token.type == "tr_open" for token in tokens(text))
    tables = sum(token.type == "table_open" for token in tokens(text))
    errors = result["errors"]
    assert tables == bool(result["slo"]) + bool(result["operations"]) + bool(errors)
    assert rows == tables + len(result["slo"]) + len(result["operations"]) + len(errors)
    assert result["command"] in text


def test_violations_fold_open_with_their_witness() -> None:
    """Each law is a block that can be folded away, with the history and the example as code."""
    text = render(violating_run())
    assert "<details open><summary><b>lost write</b>, 2 times</summary>" in text
    fences = [token.content for token in tokens(text) if token.type == "fence"]
    assert any("m-0192 is not there, and nobody deleted it" in each and '"person": "p-17"' in each for each in fences)


def test_nothing_of_a_server_becomes_markup() -> None:
    """Scripts, images, links, headings, table cells and fences in foreign texts stay texts."""
    text = render(hostile_run())
    found = list(tokens(text))
    raw = "".join(token.content for token in found if token.type in ("html_block", "html_inline"))
    assert Elements(raw).found <= OURS
    assert Elements(raw).attributes <= {"open"}
    assert not {"image", "link_open", "em_open", "strong_open"} & {token.type for token in found}
    assert sum(token.type == "heading_open" for token in found) == 1
    plain = render(violating_run())
    for kind in ("table_open", "tr_open", "td_open", "th_open", "fence"):
        assert sum(token.type == kind for token in found) == sum(token.type == kind for token in tokens(plain)), kind
    assert not set(text) & {"\x1b", "\u2028", "\r"}


def test_a_foreign_text_is_shown_as_it_was() -> None:
    """What is escaped reads as the text itself where it is shown; line feeds become spaces."""
    shown = MarkdownIt("gfm-like", {"linkify": False}).parse(escaped("a|b <i> `c` *d* \\e\nf"))[1].children
    assert shown is not None
    assert "".join(token.content for token in shown) == "a|b <i> `c` *d* \\e f"


def test_a_fence_is_longer_than_any_within() -> None:
    """Lines with fences of their own do not end the block."""
    (token,) = tokens(fenced("```\n````x"))
    assert token.type == "fence"
    assert token.content == "```\n````x\n"
    assert len(list(tokens(fenced(ATTACK)))) == 1


def test_a_summary_stays_below_a_megabyte() -> None:
    """Thousands of kinds of errors and laws are cut, and counted."""
    result = violating_run()
    result["errors"] = open_run(3, 30.0)["errors"] * 5000 or result["errors"] * 5000
    result["violations"]["found"] *= 500
    assert len(render(result).encode()) < 1_000_000
