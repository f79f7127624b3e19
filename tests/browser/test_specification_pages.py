"""The specification site in a real browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from memconform.specification.pages import PAGES
from memconform.specification.site import write_site

from .browsing import DESKTOP, NARROW, visit

NAMES = [page.name for page in PAGES]
FILTERED = ["requirements", "find"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a site."""
    return write_site(tmp_path_factory.mktemp("site"))[0].parent


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (NARROW, "dark")], ids=["desktop", "narrow"])
@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_accessible(browser: Browser, site: Path, name: str, size: tuple[int, int], scheme: str) -> None:
    """No rule of WCAG 2.2 AA is broken, nothing is wider than the window, nothing is fetched or said on the console.

    The large pages take axe some time: light is looked at on the desktop, dark on a narrow window.
    """
    with visit(browser, size=size, scheme=scheme) as visited:  # type: ignore[arg-type]  # parametrized
        visited.go(site / f"{name}.html")
        visited.picture(f"specification-{name}-{size[0]}-{scheme}")
        assert visited.overflow() == 0
        assert visited.faults() == []


@pytest.mark.parametrize(
    ("page", "anchor"),
    [
        ("requirements", "SEARCH-10"),
        ("requirements", "CLIENT-10"),
        ("resources", "capabilities.limits.page_size"),
        ("operations", "example-list"),
        ("tests", "CORE-16"),
    ],
)
def test_a_deep_link_shows_its_place(browser: Browser, site: Path, page: str, anchor: str) -> None:
    """The place is in the window, below what stays at its top: the bar, and the field of a filter."""
    with visit(browser) as visited:
        visited.go(site / f"{page}.html", f"#{anchor}")
        visited.picture(f"specification-{page}-{anchor}")
        box = visited.page.locator(f'[id="{anchor}"]').bounding_box()
        above = [visited.page.locator(f"{each}:visible").all() for each in ("header.bar", ".filter")]
        edges = [edge for found in above for each in found if (edge := each.bounding_box())]
        assert box
        assert edges
        assert max(edge["y"] + edge["height"] for edge in edges) <= box["y"] < DESKTOP[1]


@pytest.mark.parametrize("name", FILTERED)
def test_a_filter_leaves_what_has_all_its_words(browser: Browser, site: Path, name: str) -> None:
    """Only entries with every word stay, their number is said, and an empty field shows all again."""
    with visit(browser) as visited:
        visited.go(site / f"{name}.html")
        entries = visited.page.locator("[data-filter]:visible")
        every = entries.count()
        visited.page.get_by_label("Filter").fill("CORE cursor damaged")
        visited.picture(f"specification-{name}-filtered")
        assert 0 < entries.count() < 5
        assert visited.page.get_by_role("status").inner_text() == f"{entries.count()} of {every}"
        assert all("cursor" in text.lower() for text in entries.all_inner_texts())
        visited.page.get_by_label("Filter").fill("no such word anywhere")
        assert entries.count() == 0
        visited.page.get_by_label("Filter").fill("")
        assert entries.count() == every


def test_a_filter_may_be_in_the_address(browser: Browser, site: Path) -> None:
    """A link with `?q=` opens the page filtered, and a link to what the filter hides shows it."""
    with visit(browser) as visited:
        visited.go(site / "requirements.html", "?q=TENANCY")
        assert visited.page.locator("#TENANCY-03").is_visible()
        assert not visited.page.locator("#CORE-01").is_visible()
        visited.page.evaluate("location.hash = '#CORE-01'")
        visited.page.locator("#CORE-01").wait_for(state="visible")
        assert visited.page.get_by_label("Filter").input_value() == ""


def test_it_can_be_used_with_the_keyboard_alone(browser: Browser, site: Path) -> None:
    """The first stop skips to the content; the bar, the contents and every table that scrolls can be reached."""
    with visit(browser) as visited:
        page = visited.go(site / "operations.html").page
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        visited.picture("specification-skip")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "content"
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('main') !== null")
        regions = page.locator("main [role=region]")
        assert regions.count() > 20
        assert regions.evaluate_all("all => all.every((each) => each.tabIndex === 0)")


def test_links_lead_on(browser: Browser, site: Path) -> None:
    """From the start to an operation, to a requirement of it, to its tests and back."""
    with visit(browser) as visited:
        page = visited.go(site / "index.html").page
        page.get_by_role("link", name="POST /v1/memories", exact=True).click()
        assert page.url.endswith("operations.html#addMemory")
        page.locator("#addMemory").get_by_role("link", name="CORE-05").click()
        assert page.url.endswith("requirements.html#CORE-05")
        page.locator("#CORE-05").get_by_role("link", name=re.compile(r"^\d+ tests$")).click()
        assert page.url.endswith("tests.html#CORE-05")
        page.go_back()
        assert page.url.endswith("requirements.html#CORE-05")


def test_it_works_without_scripts(browser: Browser, site: Path) -> None:
    """Without JavaScript everything is there, and the field that would do nothing is not."""
    context = browser.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    for name in FILTERED:
        page.goto((site / f"{name}.html").as_uri())
        assert page.locator("[data-filter]").count() > 100
        assert page.locator("[data-filter]").last.is_visible()
        assert not page.locator("#filter").is_visible()
    context.close()


@pytest.mark.parametrize("name", ["server", "requirements", "operations"])
def test_it_prints(browser: Browser, site: Path, name: str) -> None:
    """On paper there is the text without bars, contents and fields, on more than one sheet."""
    with visit(browser) as visited:
        page = visited.go(site / f"{name}.html").page
        page.emulate_media(media="print")
        assert not page.locator("nav.contents").is_visible()
        assert not page.locator("nav.pages").is_visible()
        assert page.locator(".filter").count() == 0 or not page.locator(".filter").is_visible()
        paper = page.pdf(format="A4")
        assert paper.startswith(b"%PDF")
        assert paper.count(b"/Type /Page") > 3
