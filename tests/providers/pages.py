"""The pages of docs/providers: their findings, each with its snippet and the output that it is to have."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "docs" / "providers"
GENERATED = {"matrix.md", "load.md"}

_FINDINGS = "\n## Findings\n"
_FENCE = re.compile(r"^```(python|text|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_RUN = re.compile(r"<!-- run: ([^>]+?) -->")
_REQUIREMENT = re.compile(r"\b[A-Z]+-\d\d\b")


@dataclass(frozen=True)
class Finding:
    """One section: its heading, its snippet as a whole script, and the output, None where it varies from run to run."""

    heading: str
    script: str
    output: str | None


@dataclass(frozen=True)
class Page:
    """The findings of one page, and how they are run: "in-process", "by hand", or against a provider of that name."""

    path: Path
    run: str
    findings: tuple[Finding, ...]

    def requirements(self) -> set[str]:
        """Return the requirements that the headings of the findings name."""
        return {name for finding in self.findings for name in _REQUIREMENT.findall(finding.heading)}


def pages() -> list[Page]:
    """Return every page that was written by hand."""
    return [read(path) for path in sorted(FOLDER.glob("*.md")) if path.name not in GENERATED]


def read(path: Path) -> Page:
    """Read one page; a page without findings has none."""
    _, _, below = path.read_text("utf-8").partition(_FINDINGS)
    below = below.split("\n## ")[0]
    setup, *sections = below.split("\n### ")
    how = _RUN.search(setup)
    assert how or not sections, f"{path.name}: its Findings do not say how they are run (<!-- run: … -->)"
    begin = "".join(_blocks(setup, "python"))
    return Page(path, how[1] if how else "by hand", tuple(_finding(begin, section) for section in sections))


def _finding(begin: str, section: str) -> Finding:
    shown = _blocks(section, "text")
    return Finding(
        heading=section.split("\n", maxsplit=1)[0],
        script=begin + "".join(_blocks(section, "python")),
        output="".join(shown) if shown else None,
    )


def _blocks(markdown: str, kind: str) -> list[str]:
    return [body for name, body in _FENCE.findall(markdown) if name == kind]
