"""The badge in a real browser: alone, in a page, and as an image of one."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser

from memconform.report.badge_svg import render

from ..conformance.test_badge import CASES  # noqa: TID252 - tests are no package
from .browsing import visit


def badges(folder: Path) -> Path:
    """Return a page with every badge that there is, as part of the page and as an image."""
    shown = []
    for name, result, _, _ in CASES:
        (folder / f"{name}.svg").write_text(render(result), encoding="utf-8")
        shown.append(f'<li>{render(result)} <img src="{name}.svg" alt="{name}"></li>')
    page = folder / "badges.html"
    page.write_text(
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Badges</title></head>'
        f"<body><main><h1>Badges</h1><ul>{''.join(shown)}</ul></main></body></html>",
        encoding="utf-8",
    )
    return page


def test_badges_are_accessible_images(browser: Browser, tmp_path: Path) -> None:
    """Each is an image by its role with what it says as its name, no rule of WCAG is broken, each image is drawn."""
    with visit(browser) as visited:
        visited.go(badges(tmp_path))
        visited.picture("badges")
        for _, result, message, _ in CASES:
            name = f"memory API 1.0{' client' if 'client' in result else ''}: {message}"
            assert visited.page.get_by_role("img", name=name, exact=True).count() >= 1
        assert visited.page.evaluate("[...document.images].every(image => image.naturalWidth > 60)")
        assert visited.faults() == []


def test_words_lie_within_their_half(browser: Browser, tmp_path: Path) -> None:
    """With whatever font the reader has: as drawn, no word touches the edge of its half."""
    with visit(browser) as visited:
        visited.go(badges(tmp_path))
        margins = visited.page.evaluate(
            """[...document.querySelectorAll("svg")].flatMap(svg => {
                const halves = [...svg.querySelectorAll("rect")].map(half => half.getBoundingClientRect());
                const words = [...svg.querySelectorAll("text")].map(text => text.getBoundingClientRect());
                return words.map((word, n) => Math.min(word.left - halves[n].left, halves[n].right - word.right));
            })"""
        )
        assert len(margins) == 2 * len(CASES)
        assert min(margins) >= 4


def test_a_badge_opens_alone(browser: Browser, tmp_path: Path) -> None:
    """The file is an SVG that a browser shows, with its title."""
    file = tmp_path / "badge.svg"
    file.write_text(render(CASES[0][1]), encoding="utf-8")
    with visit(browser) as visited:
        visited.go(file)
        assert visited.page.title() == "memory API 1.0: Full"
