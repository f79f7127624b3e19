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
