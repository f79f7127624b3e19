"""The matrix in a real browser: all that it shows, its filters, links, keys, colours, paper, and many servers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from memconform.matrix import matrix, read, read_earlier
from memconform.matrix.page import render, report_in_folder
from memconform.matrix.site import write_site

from ..conformance.matrix_results import LOADS, REAL, conformance, kept, load  # noqa: TID252 - tests are no package
from .browsing import DESKTOP, NARROW, Visit, visit

MANY = 48
"""With the contract's requirements these are 5,000 cells."""

FLUID_MS = 3_000
"""How long a filter may take with so many cells, on a busy machine."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the index of a site of all real results and load results, with changes since a run that was otherwise."""
    folder = tmp_path_factory.mktemp("matrix")
    old = {"CORE-01": "fail", "CORE-02": "pass", "CORE-05": "pass"}
    before = kept(folder / "before", mem0=conformance(old, badge="core"), vanished=conformance(old))[0].parent
    return written(folder, before, REAL)


def written(folder: Path, before: Path, results: list[Path]) -> Path:
    """Write a site of these results, and return its index."""
    given = read([*results, LOADS])
    return write_site(folder / "site", matrix(given, read_earlier(before)), given.judged, "https://example.org/spec")[0]


@pytest.fixture(scope="module")
def few(site: Path) -> Path:
    """Return the index of a site of a few of them: axe-core looks at every cell."""
    chosen = [file for file in REAL if file.stem in ("mem0", "hindsight", "langgraph-sqlite", "honcho")]
    return written(site.parents[1] / "few", site.parents[1] / "before", chosen)


@contextmanager
def opened(browser: Browser, file: Path, fragment: str = "") -> Iterator[Page]:
    """Open a page on a desktop."""
    with visit(browser) as visited:
        yield visited.go(file, fragment).page


def shown(page: Page) -> int:
    """Return how many requirements are to be page."""
    return int(page.locator("#grid tbody tr[id]:visible").count())


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, NARROW], ids=["desktop", "narrow"])
def test_the_page_is_accessible(browser: Browser, site: Path, few: Path, size: tuple[int, int], scheme: str) -> None:
    """No rule of WCAG 2.2 AA is broken, wide tables scroll inside their own region, the console is silent."""
    with visit(browser, size=size, scheme=scheme) as visited:  # type: ignore[arg-type]  # parametrized
        visited.go(site)
        pictured(visited, f"matrix-{size[0]}-{scheme}")
        assert visited.overflow() == 0
        visited.go(few)
        assert visited.faults() == []


def pictured(visited: Visit, name: str) -> None:
    """Keep a screenshot of each part."""
    for part in ("servers", "profiles", "latency", "requirements", "changes"):
        visited.page.locator(f"h2#{part}").scroll_into_view_if_needed()
        visited.page.evaluate("part => document.getElementById(part).scrollIntoView()", part)
        visited.picture(f"{name}-{part}")


def test_every_outcome_is_a_cell_with_a_word(browser: Browser, site: Path) -> None:
    """A cell's name has server, requirement and outcome; the letter alone tells the outcomes apart without colour."""
    with opened(browser, site) as page:
        cell = page.get_by_role("link", name="mem0, CORE-05: fail", exact=True)
        assert cell.inner_text() == "✗"
        assert page.get_by_role("link", name="mem0, CORE-01: pass", exact=True).inner_text() == "✓"
        letters = page.evaluate(
            """() => { const found = {};
            document.querySelectorAll("#grid td").forEach((cell) => { found[cell.className] = cell.innerText.trim(); });
            return Object.values(found); }"""
        )
        assert len(letters) == len(set(letters)) > 3


def test_a_cell_leads_to_the_evidence(browser: Browser, site: Path) -> None:
    """The link opens the server's own report at the requirement."""
    with opened(browser, site) as page:
        page.get_by_role("link", name="mem0, CORE-05: fail", exact=True).click()
        page.wait_for_url("**/mem0.html#CORE-05")
        assert page.locator('[id="CORE-05"]').is_visible()


def test_filters_leave_what_was_asked_for(browser: Browser, site: Path) -> None:
    """Profile, outcome and text narrow the requirements down; the count is said; a group without rows disappears."""
    with opened(browser, site) as page:
        every = shown(page)
        page.get_by_label("Profile", exact=True).select_option("search")
        assert 0 < shown(page) < every
        assert page.locator("#grid tbody:visible").count() == 1
        page.get_by_label("Outcome", exact=True).select_option("fail")
        rows = page.locator("#grid tbody tr[id]:visible")
        assert 0 < rows.count() == page.locator("#grid tbody tr[id]:visible:has(.o-fail)").count()
        assert page.get_by_role("status").inner_text() == f"{rows.count()} of {every} requirements"
        page.get_by_label("Profile", exact=True).select_option("")
        page.get_by_label("Outcome", exact=True).select_option("")
        page.get_by_label("Text", exact=True).fill("core-16")
        assert shown(page) == 1


def test_choosing_servers_narrows_every_table(browser: Browser, site: Path) -> None:
    """Only the chosen ones keep their rows and columns; outcomes are asked for among them; the address has it all."""
    with opened(browser, site) as page:
        page.locator("summary").click()
        page.get_by_role("button", name="None").click()
        page.get_by_role("checkbox", name="mem0", exact=True).check()
        page.get_by_role("checkbox", name="oamp", exact=True).check()
        assert page.locator("#overview tbody tr:visible").count() == 2
        assert page.locator("#grid thead th:visible").count() == 3
        assert page.locator("#grid tr[id='CORE-05'] td:visible").count() == 2
        page.get_by_label("Outcome", exact=True).select_option("differ")
        assert 0 < shown(page) < 40
        count, address = shown(page), page.url
    with opened(browser, site, "#" + address.partition("#")[2]) as page:
        assert shown(page) == count
        assert page.locator("#overview tbody tr:visible").count() == 2


def test_arrow_keys_walk_the_cells(browser: Browser, site: Path) -> None:
    """The grid is one stop of the tab key; arrows go from cell to cell, and the cell in use stays in sight."""
    with opened(browser, site) as page:
        assert page.locator('#grid td a[tabindex="0"]').count() == 1
        page.locator('#grid td a[tabindex="0"]').focus()
        for key in ("ArrowDown", "ArrowDown", "ArrowRight", "ArrowLeft", "ArrowRight"):
            page.keyboard.press(key)
        focused = page.evaluate("document.activeElement.getAttribute('aria-label')")
        assert focused.startswith("hindsight, CORE-03:")
        for _ in range(20):
            page.keyboard.press("ArrowDown")
        head, cell = page.locator("#grid thead").bounding_box(), page.locator("#grid a:focus").bounding_box()
        assert head is not None
        assert cell is not None
        assert cell["y"] >= head["y"] + head["height"]


def test_the_overview_sorts_and_says_so(browser: Browser, site: Path) -> None:
    """A column sorts up, then down, by the keyboard too; what was not measured comes last in both ways."""
    with opened(browser, site) as page:
        head = page.locator("#overview th", has_text="search, ms")
        orders = []
        for word in ("ascending", "descending"):
            head.get_by_role("button").press("Enter")
            assert head.get_attribute("aria-sort") == word
            orders.append(page.locator("#overview tbody td:nth-child(8)").all_inner_texts())
        times = [[float(text.replace(",", "")) for text in order if text != "–"] for order in orders]
        assert times[0] == sorted(times[0])
        assert times[1] == times[0][::-1]
        assert all(order[-1] == "–" for order in orders)


def test_changes_are_told(browser: Browser, site: Path) -> None:
    """What was and what is, the kind in words, and who came and went."""
    with opened(browser, site) as page:
        row = page.locator('section[data-server="mem0"] tr', has_text="CORE-05")
        assert row.inner_text().split("\t") == ["CORE-05", "MUST", "✓ pass", "✗ fail", "↓ regression"]
        assert "Gone: vanished" in page.locator("main").inner_text()


def test_the_head_and_the_first_column_stay(browser: Browser, site: Path) -> None:
    """However far the grid is scrolled, names of servers and of requirements stay in sight."""
    with visit(browser, size=NARROW) as visited:
        page = visited.go(site).page
        region = page.locator(".tall")
        region.evaluate("box => { box.scrollIntoView(); box.scrollTo(300, 400); }")
        outer, head = region.bounding_box(), page.locator("#grid thead th.first").bounding_box()
        assert outer is not None
        assert head is not None
        assert (round(head["x"]), round(head["y"])) == (round(outer["x"]), round(outer["y"]))
        assert region.evaluate("box => box.scrollLeft") == 300


def test_it_prints_whole(browser: Browser, site: Path) -> None:
    """On paper no table is cut off by its region, and the filters are gone."""
    with opened(browser, site) as page:
        page.emulate_media(media="print")
        assert page.locator(".tall").evaluate("box => box.scrollHeight <= box.clientHeight + 1")
        assert not page.get_by_label("Profile", exact=True).is_visible()
        assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")


def test_it_reads_without_scripts(browser: Browser, site: Path) -> None:
    """All tables are there; what only a script can do is not."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site.as_uri())
    assert page.locator("#overview tbody tr").count() == len(REAL)
    assert shown(page) > 50
    assert not page.get_by_label("Profile", exact=True).is_visible()
    context.close()


def test_hostile_names_stay_text(browser: Browser, tmp_path: Path) -> None:
    """Nothing of what a server calls itself runs, and its words are to be read."""
    evil = '<img src=x onerror="document.title=1"><script>document.title=2</script>'
    one = conformance({"CORE-01": "pass"}, service=(evil, "1"))
    file = tmp_path / "page.html"
    file.write_text(render(matrix(read(kept(tmp_path, one=one, one__load=load())))), encoding="utf-8")
    with opened(browser, file) as page:
        assert page.title() == "1 memory server compared"
        assert evil in page.locator("#overview").inner_text()
        assert page.locator("img").count() == 0


def test_many_servers_stay_fluid(browser: Browser, tmp_path: Path) -> None:
    """With 5,000 cells a filter is done before one notices."""
    rows = ["pass", "pass", "fail", "skip", "inconclusive"]
    names = [row["id"] for row in matrix(read(REAL[:1]))["requirements"]]
    results = {
        f"server-{number:02}": conformance({name: rows[(at * 7 + number) % 5] for at, name in enumerate(names)})
        for number in range(MANY)
    }
    file = tmp_path / "page.html"
    file.write_text(render(matrix(read(kept(tmp_path, **results))), report=report_in_folder), "utf-8")
    with opened(browser, file) as page:
        assert page.locator("#grid td").count() >= 4900
        took = page.evaluate(
            """() => { const times = [];
            for (const [id, value] of [["outcome", "fail"], ["profile", "search"], ["profile", ""], ["outcome", ""]]) {
              const start = performance.now();
              document.getElementById(id).value = value;
              document.getElementById(id).dispatchEvent(new Event("change"));
              document.body.offsetHeight;
              times.push(performance.now() - start);
            }
            return Math.max(...times); }"""
        )
        assert took < FLUID_MS
