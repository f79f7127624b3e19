"""How fluid the page of a result stays with 5,000 requirements, against one that renders its whole list at each key.

Run it with `.venv-browser/bin/python benchmarks/report_page.py [--quick] [--requirements N]`: it needs a browser and
what drives it (`make test-browser` installs both), and says so where they are missing. The result is made of real
ones. Both pages are opened in the same Chromium, by turns: ours, and the same page whose list is replaced, at each
keystroke, by the markup of all rows that match. Both search in the same texts, so only the rendering differs. A
keystroke is timed from its event until the frame that shows it is done.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rig.bounds import Bound, concluded, p50, p95
from rig.large_result import large_result

from memconform.report.html import render

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parents[1]
OURS, NAIVE = "this page", "whole list at each key"
WORDS = ("deleted memory", "422 inv")
MOST_LOAD_MS, MOST_KEY_MS, LEAST_TIMES = 2000, 100, 3

_NAIVE = """() => {
  const whole = rows.map((row) => [textOf(row), row.outerHTML]);
  const list = document.createElement("ol");
  document.querySelectorAll(".group").forEach((group) => group.remove());
  document.getElementById("filter").after(list);
  document.getElementById("filter").removeEventListener("input", changed);
  document.getElementById("filter").addEventListener("input", () => {
    const words = document.getElementById("text").value.toLowerCase().split(/\\s+/).filter(Boolean);
    const found = whole.filter(([text]) => words.every((word) => text.includes(word)));
    list.innerHTML = found.map(([, html]) => html).join("");
  });
}"""
_KEYS = """async (texts) => {
  const input = document.getElementById("text");
  const painted = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  const waits = [];
  document.getElementById("requirements").scrollIntoView();
  for (const text of texts) {
    await new Promise((done) => setTimeout(done, 60));
    await painted();
    const began = performance.now();
    input.value = text;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    await painted();
    waits.push(performance.now() - began);
  }
  return waits;
}"""
_FRAMES = """async () => {
  const frames = [];
  let last = performance.now();
  for (let step = 0; step < 100; step++) {
    window.scrollBy(0, 500);
    await new Promise(requestAnimationFrame);
    frames.push(performance.now() - last);
    last = performance.now();
  }
  return frames;
}"""


@dataclass
class Times:
    """What was measured of one page, in milliseconds."""

    loads: list[float] = field(default_factory=list)
    keys: list[float] = field(default_factory=list)
    frames: list[float] = field(default_factory=list)


def main() -> None:
    """Measure both, alternating, so that a slow moment of the machine hits both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small result, once; bounds are shown only")
    parser.add_argument("--requirements", type=int, default=5000)
    given = parser.parse_args()
    if find_spec("playwright") is None:
        click.echo(
            "report_page: NOT MEASURED: this environment has no Playwright. `make test-browser` makes one that has; "
            "then: .venv-browser/bin/python benchmarks/report_page.py",
            err=True,
        )
        return
    number, rounds = (300, 1) if given.quick else (given.requirements, 2)
    result = large_result(number)
    measured = {OURS: Times(), NAIVE: Times()}
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        page.write_text(render(result, "specification"), encoding="utf-8")
        for browser in _browser():
            for _ in range(rounds):
                for way, times in measured.items():
                    _measure(browser, page, times, naive=way == NAIVE)
        megabytes = page.stat().st_size / 1e6
    sys.exit(judged(measured, number, len(json.dumps(result)) / 1e6, megabytes, quick=given.quick))


def _browser() -> Iterator[Browser]:
    sys.path.insert(0, str(ROOT))
    from playwright.sync_api import sync_playwright
    from tests.browser.browsing import launched

    with sync_playwright() as playwright:
        browser = launched(playwright)
        yield browser
        browser.close()


def _measure(browser: Browser, file: Path, times: Times, *, naive: bool) -> None:
    """Open the page, search by many keystrokes, and scroll."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(file.as_uri())
    times.loads.append(page.evaluate("() => performance.getEntriesByType('navigation')[0].loadEventEnd"))
    page.wait_for_timeout(2000)  # the texts to search are made while nothing happens
    if naive:
        page.evaluate(_NAIVE)
    times.keys += page.evaluate(_KEYS, list(_typed()))
    times.frames += page.evaluate(_FRAMES)
    context.close()


def _typed() -> Iterator[str]:
    """Yield what the search holds after each keystroke: each of the words letter by letter, and taken away again."""
    for words in WORDS:
        yield from (words[:end] for end in range(1, len(words) + 1))
        yield from (words[:end] for end in range(len(words) - 1, -1, -1))


def judged(measured: dict[str, Times], number: int, result_mb: float, page_mb: float, *, quick: bool) -> int:
    """Print the table and return the exit code."""
    click.echo(f"{number:,} requirements; the result has {result_mb:.1f} MB, the page {page_mb:.1f} MB\n")
    click.echo("| | load p50, ms | keystroke p50 / p95, ms | keystrokes | frame while scrolling p50 / p95, ms |")
    click.echo("|---|---|---|---|---|")
    for way, times in measured.items():
        click.echo(
            f"| {way} | {p50(times.loads):.0f} | {p50(times.keys):.1f} / {p95(times.keys):.1f} | {len(times.keys)} "
            f"| {p50(times.frames):.1f} / {p95(times.frames):.1f} |"
        )
    ours, naive = measured[OURS], measured[NAIVE]
    click.echo("")
    bounds = [
        Bound("load, p50, ms", p50(ours.loads), at_most=MOST_LOAD_MS),
        Bound("keystroke until it is seen, p95, ms", p95(ours.keys), at_most=MOST_KEY_MS),
        Bound("keystroke, whole list : this page, p50", p50(naive.keys) / p50(ours.keys), at_least=LEAST_TIMES),
        Bound("size, page : result", page_mb / result_mb, at_most=1.5),
    ]
    figures: dict[str, Any] = {
        "requirements": number,
        "page_mb": round(page_mb, 2),
        "figures": [
            {
                "way": way,
                "load_ms": [round(each) for each in times.loads],
                "key_p50_ms": round(p50(times.keys), 1),
                "key_p95_ms": round(p95(times.keys), 1),
                "frame_p95_ms": round(p95(times.frames), 1),
            }
            for way, times in measured.items()
        ],
    }
    return concluded("report_page", figures, bounds, quick=quick)


if __name__ == "__main__":
    main()
