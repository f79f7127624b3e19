"""The page of a conformance result in a real browser: filter, deep links, evidence, keyboard, paper, 5,000 results."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from memconform.report.html import render
from memconform.result_file import CONFORMANCE, check_result

from ..conformance.hostile_result import hostile  # noqa: TID252 - tests are no package
from .browsing import DESKTOP, NARROW, Visit, visit

ROOT = Path(__file__).parents[2]
SEEN_BY_AXE = "document.querySelectorAll('.rows').forEach((list) => { list.style.contentVisibility = 'visible'; })"
"""What is far away is not laid out, so that axe cannot measure it; here all of it is."""


def provider(name: str) -> dict[str, Any]:
    """Return the result of a real provider."""
    found: dict[str, Any] = json.loads((ROOT / f"docs/providers/results/{name}.json").read_text())
    return found


def example_of_a_client() -> dict[str, Any]:
    """Return the example in the schema of clients' results."""
    schema = json.loads((ROOT / "schemas/results/client.schema.json").read_text())
    found: dict[str, Any] = schema["examples"][0]
    return found


def large_result(number: int) -> dict[str, Any]:
    """Return a result with as many requirements; the benchmark measures the same one."""
    spec = importlib.util.spec_from_file_location("large_result", ROOT / "benchmarks/rig/large_result.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made: dict[str, Any] = module.large_result(number)
    return made


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of a real result with failures, an inconclusive requirement and scripts."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(render(provider("langchain-chroma"), "specification"), encoding="utf-8")
    return path


def shown(page: Page) -> list[str]:
    """Return the ids of the requirements that are shown."""
    found: list[str] = page.evaluate(
        "[...document.querySelectorAll('.row')].filter((row) => !row.closest('[hidden]')).map((row) => row.id)"
    )
    return found


def search(visited: Visit, text: str) -> None:
    """Type into the search."""
    visited.page.get_by_role("searchbox", name="Search").fill(text)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, NARROW], ids=["desktop", "narrow"])
def test_the_page_is_accessible(browser: Browser, file: Path, size: tuple[int, int], scheme: str) -> None:
    """No rule of WCAG 2.2 AA is broken, nothing is wider than the window, no console error."""
    with visit(browser, size=size, scheme=scheme) as visited:  # type: ignore[arg-type]  # parametrized
        visited.go(file)
        visited.picture(f"conformance-{size[0]}-{scheme}")
        assert visited.overflow() == 0
        visited.page.evaluate(SEEN_BY_AXE)
        for requirement in ("UPDATE-03", "CORE-28", "CORE-01", "SEARCH-10"):
            visited.page.locator(f"#{requirement} .unfold").click()
        visited.page.locator("#UPDATE-03").scroll_into_view_if_needed()
        visited.picture(f"conformance-unfolded-{size[0]}-{scheme}")
        assert visited.overflow() == 0
        assert visited.faults() == []


@pytest.mark.parametrize("size", [DESKTOP, NARROW], ids=["desktop", "narrow"])
def test_the_page_of_a_client_is_accessible(browser: Browser, tmp_path: Path, size: tuple[int, int]) -> None:
    """The same for what `memconform plugin check` found."""
    path = tmp_path / "client.html"
    path.write_text(render(example_of_a_client()), encoding="utf-8")
    with visit(browser, size=size) as visited:
        visited.go(path)
        visited.page.locator(".unfold").first.click()
        visited.picture(f"client-{size[0]}")
        assert visited.overflow() == 0
        assert visited.faults() == []


def test_a_deep_link_opens_its_requirement(browser: Browser, file: Path) -> None:
    """It is unfolded, in the window below what sticks there, and has the focus."""
    with visit(browser) as visited:
        visited.go(file, "#UPDATE-03")
        row = visited.page.locator("#UPDATE-03")
        expect(row.locator(".unfold")).to_have_attribute("aria-expanded", "true")
        expect(row.locator(".unfold")).to_be_focused()
        expect(row.get_by_text("Why it is there")).to_be_visible()
        visited.page.wait_for_timeout(300)
        top = row.evaluate("(element) => element.getBoundingClientRect().top")
        bar = visited.page.evaluate("document.getElementById('filter').getBoundingClientRect().bottom")
        assert bar <= top < 500


def test_a_deep_link_shows_what_a_filter_hides(browser: Browser, file: Path) -> None:
    """The filter is cleared, and that is said aloud."""
    with visit(browser) as visited:
        visited.go(file, "#outcome=fail")
        assert "CORE-01" not in shown(visited.page)
        visited.page.evaluate("location.hash = '#CORE-01'")
        expect(visited.page.locator("#CORE-01 .unfold")).to_have_attribute("aria-expanded", "true")
        expect(visited.page.locator("#CORE-01")).to_be_in_viewport()
        expect(visited.page.locator("#said")).to_have_text("The filter is cleared, since it hid CORE-01")
        assert len(shown(visited.page)) == 104


def test_a_filtered_view_can_be_shared(browser: Browser, file: Path) -> None:
    """Outcome, profile, level and text are in the fragment; who opens that address sees the same."""
    with visit(browser) as visited:
        visited.go(file)
        expect(visited.page.locator("#count")).to_have_text("104 requirements")
        visited.page.get_by_role("checkbox", name="inconclusive").check(force=True)
        visited.page.get_by_role("checkbox", name="fail").check(force=True)
        visited.page.locator("#profile").select_option("core")
        visited.page.locator("#level").select_option("MUST")
        search(visited, "memories 201")
        visited.page.wait_for_url(re.compile("q="))
        address = visited.page.evaluate("location.hash")
        assert address == "#outcome=fail,inconclusive&profile=core&level=MUST&q=memories+201"
        before = shown(visited.page)
        assert 0 < len(before) < 20
        expect(visited.page.locator("#count")).to_have_text(f"{len(before)} of 104 requirements")
    with visit(browser) as other:
        other.go(file, address)
        assert shown(other.page) == before
        other.page.get_by_role("button", name="Clear the filter").first.click()
        assert len(shown(other.page)) == 104
        expect(other.page.get_by_role("searchbox")).to_be_focused()


def test_the_search_finds_what_requests_and_answers_said(browser: Browser, file: Path) -> None:
    """An id, a word of the sentence, a header's value; nothing found is said, with the way back."""
    sent = next(
        value
        for record in provider("langchain-chroma")["tests"]
        if record["requirement"] == "UPDATE-03"
        for exchange in record.get("exchanges", ())
        for name, value in exchange["response"]["headers"]
        if name == "x-request-id"
    )
    with visit(browser) as visited:
        visited.go(file)
        for text, wanted in (("update-03", "UPDATE-03"), ("STRICTLY raise", "UPDATE-03"), (sent, "UPDATE-03")):
            search(visited, text)
            expect(visited.page.locator("#count")).not_to_have_text("104 requirements")
            assert wanted in shown(visited.page)
        search(visited, "no such word anywhere")
        expect(visited.page.get_by_text("No requirement matches.")).to_be_visible()
        visited.page.get_by_role("button", name="Clear the filter").last.click()
        assert len(shown(visited.page)) == 104


def test_a_profile_leads_to_its_requirements(browser: Browser, file: Path) -> None:
    """The link of the grid filters, and moves the focus to the list."""
    with visit(browser) as visited:
        visited.go(file)
        visited.page.locator(".profile", has_text="filters").first.click()
        expect(visited.page.locator("#count")).to_have_text("5 of 104 requirements")
        assert {name.split("-")[0] for name in shown(visited.page)} == {"FILTERS"}
        expect(visited.page.get_by_role("heading", name="Requirements", exact=True)).to_be_focused()
        visited.page.go_back()
        expect(visited.page.locator("#count")).to_have_text("104 requirements")


def test_the_timeline_shows_each_exchange(browser: Browser, tmp_path: Path) -> None:
    """Relative time, method, path, status, duration, a bar in its place; headers, bodies and curl unfold."""
    result = provider("langgraph-postgres")
    record = max(result["tests"], key=lambda record: len(record.get("exchanges", ())))
    exchanges = sorted(record["exchanges"], key=lambda exchange: exchange["at_s"])
    assert len(exchanges) == 4
    path = tmp_path / "report.html"
    path.write_text(render(result), encoding="utf-8")
    with visit(browser) as visited:
        visited.go(path, f"#{record['requirement']}")
        test = visited.page.locator(f"#{record['requirement']} .test").filter(has_text=record["promise"]).first
        items = test.locator(".timeline > li:not(.earlier)")
        assert items.count() == 4
        lefts = [box["x"] for box in (items.nth(n).locator(".track i").bounding_box() for n in range(4)) if box]
        assert len(lefts) == 4
        assert lefts == sorted(lefts)
        last = items.nth(3)
        assert exchanges[3]["request"]["method"] in last.inner_text()
        assert str(exchanges[3]["response"]["status"]) in last.inner_text()
        last.locator("summary").focus()
        visited.page.keyboard.press("Enter")
        expect(last.get_by_text("Request", exact=True)).to_be_visible()
        assert exchanges[3]["curl"] in last.locator(".copied pre").inner_text()
        visited.picture("conformance-timeline")
        assert visited.faults() == []


def test_commands_can_be_copied(browser: Browser, file: Path) -> None:
    """Exactly, also curl with quotes and a script of many lines; that it happened is said."""
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(file.as_uri() + "#UPDATE-03")
    for record in provider("langchain-chroma")["tests"]:
        if record["requirement"] == "UPDATE-03" and record.get("script"):
            test = page.locator("#UPDATE-03 .test").filter(has_text=record["promise"])
            for what, text in (("curl", record["exchanges"][0]["curl"]), ("script", record["script"])):
                test.get_by_role("button", name=f"Copy {what}").first.click()
                page.wait_for_function(
                    "(text) => navigator.clipboard.readText().then((said) => said === text)", arg=text
                )
            expect(page.locator("#said")).to_have_text("Copied")
    context.close()


def test_the_keyboard_is_enough(browser: Browser, file: Path) -> None:
    """The first stop skips to the list; the search, a chip and a requirement work by keys; the focus is seen."""
    with visit(browser) as visited:
        visited.go(file)
        keys = visited.page.keyboard
        keys.press("Tab")
        expect(visited.page.get_by_role("link", name="Skip to the requirements")).to_be_focused()
        keys.press("Enter")
        keys.press("Tab")
        expect(visited.page.get_by_role("searchbox")).to_be_focused()
        keys.type("UPDATE-03")
        expect(visited.page.locator("#count")).to_contain_text("of 104")
        visited.page.get_by_role("checkbox", name="fail").focus()
        keys.press("Space")
        assert shown(visited.page)[0] == "UPDATE-03"
        button = visited.page.locator("#UPDATE-03 .unfold")
        button.focus()
        keys.press("Enter")
        expect(button).to_have_attribute("aria-expanded", "true")
        outline = button.evaluate("(element) => getComputedStyle(element).outlineStyle")
        assert outline == "solid"
        keys.press("Space")
        expect(button).to_have_attribute("aria-expanded", "false")
        expect(visited.page.locator("#UPDATE-03 .why").first).to_be_visible()


@pytest.mark.parametrize("width", [1280, 800], ids=["wide", "where the filter takes three lines"])
def test_the_focus_never_hides_below_what_sticks(browser: Browser, file: Path, width: int) -> None:
    """Also on the way back: what has the focus is in sight, not below the filter, with the next to come above it."""
    seen = """() => {
      const box = document.activeElement.getBoundingClientRect();
      const there = document.elementFromPoint(box.left + 4, box.top + box.height / 2);
      return there !== null && (document.activeElement.contains(there) || there.contains(document.activeElement));
    }"""
    with visit(browser, size=(width, 900)) as visited:
        visited.go(file, "#SUMMARY-01")
        expect(visited.page.locator("#SUMMARY-01 .unfold")).to_be_focused()
        for _ in range(60):
            visited.page.keyboard.press("Shift+Tab")
            assert visited.page.evaluate(seen), visited.page.evaluate("document.activeElement.outerHTML")


def test_it_prints_what_failed_in_full(browser: Browser, file: Path, tmp_path: Path) -> None:
    """All that failed is unfolded on paper, controls are gone; afterwards the page is as it was."""
    with visit(browser, scheme="dark") as visited:
        visited.go(file)
        count = "() => { window.unfolded = document.querySelectorAll('.row > .body').length; }"
        visited.page.evaluate(f"addEventListener('beforeprint', {count})")
        visited.page.pdf(path=str(tmp_path / "report.pdf"))
        assert (tmp_path / "report.pdf").stat().st_size > 50_000
        assert visited.page.evaluate("window.unfolded") == 9 + 13
        assert visited.page.locator(".unfold[aria-expanded=true]").count() == 0
        visited.page.emulate_media(media="print")
        expect(visited.page.locator("#filter")).to_be_hidden()
        expect(visited.page.locator("#CORE-28 .statement")).to_be_visible()


def test_without_scripts_the_verdict_and_all_failures_are_there(browser: Browser, file: Path) -> None:
    """No control that does nothing is shown; expected and observed are."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(file.as_uri())
    expect(page.locator("#verdict")).to_contain_text("not conformant")
    expect(page.locator("#filter")).to_be_hidden()
    expect(page.locator("#UPDATE-03 .why").first).to_contain_text("observed")
    expect(page.locator(".profile")).to_have_count(19)
    expect(page.get_by_text("need JavaScript")).to_be_visible()
    context.close()


def test_hostile_texts_stay_texts(browser: Browser, tmp_path: Path) -> None:
    """Whatever a server said is shown when it is unfolded, and neither runs nor is fetched nor hides."""
    path = tmp_path / "report.html"
    path.write_text(render(hostile(provider("langchain-chroma"))), encoding="utf-8")
    with visit(browser) as visited:
        visited.page.on("dialog", lambda dialog: visited.errors.append(f"a dialog: {dialog.message}"))
        visited.go(path)
        visited.page.get_by_role("button", name="Unfold all shown").click()
        for summary in visited.page.locator("#UPDATE-03 summary, #CORE-28 summary").all():
            summary.evaluate("(element) => { element.parentElement.open = true; }")
        assert "alert(2)" in visited.page.locator("#UPDATE-03").inner_text()
        assert visited.page.locator("img, .row script").count() == 0
        assert visited.overflow() == 0
        shown_text = visited.page.locator("body").inner_text()
        assert not set(shown_text) & set("\x00\x1b\u202e\u2066")


def test_5000_results_stay_fluid(browser: Browser, tmp_path: Path) -> None:
    """Load, each keystroke of the search and scrolling stay far from what a person waits for.

    The bounds are several times what an idle machine needs; benchmarks/report_page.py prints the figures.
    """
    result = large_result(5000)
    check_result(result, "the large result", CONFORMANCE)
    path = tmp_path / "large.html"
    path.write_text(render(result, "specification"), encoding="utf-8")
    assert path.stat().st_size < 1.5 * len(json.dumps(result))
    with visit(browser) as visited:
        visited.go(path)
        loaded = visited.page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
        assert loaded < 30_000
        expect(visited.page.locator("#count")).to_have_text("5,000 requirements")
        searchbox = visited.page.get_by_role("searchbox")
        searchbox.focus()
        visited.page.evaluate(
            """window.waits = [];
            document.getElementById("text").addEventListener("input", () => {
              const began = performance.now();
              requestAnimationFrame(() => setTimeout(() => window.waits.push(performance.now() - began)));
            }, true);"""
        )
        for letter in "deleted memory":
            searchbox.press(letter)
        visited.page.wait_for_function("() => window.waits.length >= 14")
        waits = sorted(visited.page.evaluate("window.waits"))
        assert waits[len(waits) // 2] < 3_000
        number = len(shown(visited.page))
        assert 0 < number < 2000
        expect(visited.page.locator("#count")).to_have_text(f"{number:,} of 5,000 requirements")
        searchbox.fill("")
        expect(visited.page.locator("#count")).to_have_text("5,000 requirements")
        last = result["requirements"][4321]["id"]
        visited.page.evaluate(f"location.hash = '#{last}'")
        expect(visited.page.locator(f"#{last}")).to_be_in_viewport()
        expect(visited.page.locator(f"#{last} .unfold")).to_be_focused()


def test_the_benchmark_of_the_page_measures() -> None:
    """A quick run prints both ways side by side and each bound, and judges nothing."""
    ended = subprocess.run(
        [sys.executable, "report_page.py", "--quick"],
        cwd=ROOT / "benchmarks",
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert ended.returncode == 0, ended.stderr
    assert "| this page |" in ended.stdout
    assert "| whole list at each key |" in ended.stdout
    written = json.loads((ROOT / "results/benchmarks/report_page-quick.json").read_text())
    assert len(written["bounds"]) == 4
    assert all(f"{bound['what']}: " in ended.stdout for bound in written["bounds"])
