"""The page of a load test in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from memconform_load.report.page import render

from ..load.example_result import open_run  # noqa: TID252 - tests are no package
from .browsing import DESKTOP, NARROW, visit


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, NARROW], ids=["desktop", "narrow"])
def test_the_page_is_accessible(browser: Browser, tmp_path: Path, size: tuple[int, int], scheme: str) -> None:
    """No rule of WCAG 2.2 AA is broken, nothing is wider than the window, nothing is said on the console."""
    file = tmp_path / "load.html"
    file.write_text(render(open_run(60, 3.0)), encoding="utf-8")
    with visit(browser, size=size, scheme=scheme) as visited:  # type: ignore[arg-type]  # parametrized
        visited.go(file)
        visited.picture(f"load-{size[0]}-{scheme}")
        assert visited.page.locator("figure canvas").count() >= 4
        assert visited.overflow() == 0
        assert visited.faults() == []


def test_a_chart_is_walked_by_keys(browser: Browser, tmp_path: Path) -> None:
    """Arrow keys say the figures of the next instant; a line is switched off and on by its legend's keys."""
    file = tmp_path / "load.html"
    file.write_text(render(open_run(60, 3.0)), encoding="utf-8")
    with visit(browser) as visited:
        page = visited.go(file).page
        page.locator(".plot").first.focus()
        said = []
        for key in ("ArrowRight", "End"):
            page.keyboard.press(key)
            said.append(page.locator("#status").inner_text())
        assert said[0] != said[1]
        assert "search" in said[0]
        legend = page.locator('.u-legend th[role="button"]').first
        legend.focus()
        page.keyboard.press("Enter")
        page.wait_for_function("() => document.querySelector('.u-legend th[role=button]').ariaPressed === 'false'")


def test_it_prints_with_its_charts(browser: Browser, tmp_path: Path) -> None:
    """On paper the charts are drawn for it, and what navigates or switches is gone."""
    file = tmp_path / "load.html"
    file.write_text(render(open_run(60, 3.0)), encoding="utf-8")
    with visit(browser) as visited:
        page = visited.go(file).page
        page.emulate_media(media="print")
        assert not page.locator("nav").is_visible()
        assert not page.locator("#logarithmic").is_visible()
        assert page.pdf().startswith(b"%PDF")
        assert page.locator("figure canvas").count() >= 4
