"""A headless Chromium for the tests of pages: no network, every error of the console is kept, axe-core judges."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
VARIABLE = "MEMCONFORM_BROWSER"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

DESKTOP = (1280, 900)
NARROW = (360, 740)

_QUIET = (
    "--no-sandbox",  # as root there is none
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def executable() -> str | None:
    """Return the browser of this machine: what `MEMCONFORM_BROWSER` names, else the first that is on the path."""
    return os.environ.get(VARIABLE) or next((found for name in NAMES if (found := shutil.which(name))), None)


def launched(playwright: Playwright) -> Browser:
    """Start the browser."""
    path = executable()
    if path is None:
        raise RuntimeError(f"there is none of {', '.join(NAMES)} on the path; install chromium or set {VARIABLE}")
    return playwright.chromium.launch(executable_path=path, args=list(_QUIET))


@dataclass
class Visit:
    """A page that is open, and what went wrong in it."""

    page: Page
    errors: list[str] = field(default_factory=list)
    """Errors of the console and of scripts."""
    fetched: list[str] = field(default_factory=list)
    """Addresses that the page asked for besides files of its own folder."""

    def go(self, path: Path, fragment: str = "") -> Visit:
        """Open a file, at a fragment such as `#CORE-16`."""
        self.page.goto(path.resolve().as_uri() + fragment)
        return self

    def faults(self) -> list[str]:
        """Return what axe-core finds against WCAG 2.2 AA and good practice: rule, where, why."""
        found: dict[str, Any] = Axe().run(self.page, options={"runOnly": RULES, "resultTypes": ["violations"]}).response
        return [
            f"{rule['id']} ({rule['impact']}): {node['target']}: {node['failureSummary']}"
            for rule in found["violations"]
            for node in rule["nodes"]
        ]

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than the window; 0 where nobody has to scroll sideways."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))

    def picture(self, name: str, *, full: bool = False) -> None:
        """Keep a screenshot where `MEMCONFORM_SCREENSHOTS` names a folder."""
        folder = os.environ.get("MEMCONFORM_SCREENSHOTS")
        if folder:
            self.page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=full)


@contextmanager
def visit(
    browser: Browser,
    *,
    size: tuple[int, int] = DESKTOP,
    scheme: Literal["light", "dark"] = "light",
    offline: bool = True,
) -> Iterator[Visit]:
    """Open an empty page; at the end nothing may have gone wrong in it, and nothing may have been fetched."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, offline=offline)
    visited = Visit(context.new_page())
    visited.page.on("console", lambda said: visited.errors.append(said.text) if said.type == "error" else None)
    visited.page.on("pageerror", lambda error: visited.errors.append(str(error)))
    visited.page.on(
        "request", lambda asked: None if asked.url.startswith(("file:", "data:")) else visited.fetched.append(asked.url)
    )
    try:
        yield visited
        assert visited.errors == []
        assert visited.fetched == []
    finally:
        context.close()
