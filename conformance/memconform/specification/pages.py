"""The pages of the site and how they are rendered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from memconform.contract.openapi import openapi
from memconform.page import Assets
from memconform.specification.markdown import Writer
from memconform.specification.places import links, places
from memconform.specification.reading import exchanges
from memconform.specification.words import elsewhere, of_operations, of_requirements, of_resources
from memconform.specification.words.exchange import exchange_markup


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the site: its file, what the bar of pages calls it, its title, and how its words are made."""

    name: str
    short: str
    title: str
    words: Callable[[Site], dict[str, Any]]
    template: str = ""
    """The template, where it is not called like the page."""
    script: str | None = None

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"{self.name}.html"


class Site:
    """Renders the pages from the files of the contract."""

    def __init__(self) -> None:
        """Read what has an address, for links and for the index."""
        self.places = places()
        self.writer = Writer(links(self.places), lambda name: exchange_markup(exchanges()[name]))
        self._assets = Assets(
            Path(__file__).with_name("assets"), filters={"line": self.writer.line, "sentence": _sentence}
        )

    def pages(self) -> Iterator[tuple[str, str]]:
        """Yield file name and HTML of each page."""
        for page in PAGES:
            yield page.file, self._rendered(page)

    def _rendered(self, page: Page) -> str:
        version = openapi().document["info"]["version"]
        return self._assets.render(
            page.template or page.file,
            {"page": page, "pages": PAGES, "version": version, "contents": [], **page.words(self)},
            styles=[self._assets.text("specification.css")],
            scripts=[self._assets.text(page.script)] if page.script else [],
        )


def _sentence(text: str) -> str:
    """Return the text with its first letter large; markup stays markup."""
    return text[:1].upper() + text[1:]


def _page(name: str, short: str, words: Callable[[], dict[str, Any]], *, title: str = "", script: str = "") -> Page:
    return Page(name, short, title or short, lambda _: words(), script=script or None)


PAGES = (
    _page("index", "Start", elsewhere.start, title="Memory API"),
    Page("server", "Build a server", "Build a server", lambda it: elsewhere.text(it.writer, "server"), "prose.html"),
    Page("rules", "Rules", "Rules for every request", lambda it: elsewhere.text(it.writer, "rules"), "prose.html"),
    _page("operations", "Operations", of_operations.operations),
    _page("resources", "Resources", of_resources.resources),
    _page("headers", "Headers", of_operations.headers, title="Header fields"),
    _page("problems", "Problems", of_operations.problems, title="Problem types"),
    _page("requirements", "Requirements", of_requirements.all_requirements, script="filter.js"),
    Page("profiles", "Profiles", "Profiles and badges", lambda it: of_requirements.all_profiles(it.writer)),
    _page("tests", "Tests", of_requirements.all_tests, title="How each requirement is tested"),
    _page("files", "Files", elsewhere.files),
    Page("find", "Find", "Find", lambda it: elsewhere.index(it.places), script="filter.js"),
)
"""The pages in the order of the bar; the first is where one begins."""
