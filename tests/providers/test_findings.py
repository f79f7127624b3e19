"""The pages show what providers do without a bridge: every snippet runs, every output is the real one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from memconform.providers import definition, started

from .pages import Finding, Page, pages

pytestmark = pytest.mark.provider

SCHEDULED = "MEMCONFORM_SCHEDULED"
"""Set to judge what takes long to install and to start, too."""

IN_PROCESS = [(page, finding) for page in pages() if page.run == "in-process" for finding in page.findings]
SERVED = [page for page in pages() if page.run not in ("in-process", "by hand")]


def shown(finding: Finding, folder: Path, **more: str) -> str | None:
    """Run a finding's script in a process of its own; return how its output differs from the page's, None if not."""
    script = folder / "finding.py"
    script.write_text(finding.script, "utf-8")
    environment = {**os.environ, **more}
    done = subprocess.run(
        [sys.executable, str(script)], env=environment, capture_output=True, text=True, timeout=180, check=False
    )
    if done.returncode != 0:
        return f"{finding.heading}: it failed: {done.stderr}"
    if finding.output is not None and done.stdout != finding.output:
        return f"{finding.heading}: it printed\n{done.stdout}\nand the page shows\n{finding.output}"
    return None


@pytest.mark.parametrize(
    ("page", "finding"),
    IN_PROCESS,
    ids=[f"{page.path.stem}-{finding.heading.split('.')[0]}" for page, finding in IN_PROCESS],
)
def test_a_finding_is_reproduced(page: Page, finding: Finding, tmp_path: Path) -> None:
    """The section's snippet, run after the common one, prints what the page shows.

    Outputs fenced as `console` vary from run to run: their snippet has to run, and is not compared.
    """
    different = shown(finding, tmp_path)
    assert different is None, f"{page.path.name}, {different}"


@pytest.mark.parametrize("page", SERVED, ids=lambda page: page.path.stem)
def test_the_findings_of_a_server_are_reproduced(page: Page, tmp_path: Path) -> None:
    """The snippets of a page, one after another against the provider that the page names, print what it shows."""
    wanted = definition(page.run)
    if wanted.runs != "ci" and not os.environ.get(SCHEDULED):
        pytest.skip(f"{wanted.title} is for now and then: set {SCHEDULED}=1")
    with started(wanted) as provider:
        options = {f"PROVIDER_{name.upper()}": value for name, value in provider.options.items()}
        url = {"PROVIDER_URL": provider.upstream} if provider.upstream else {}
        different = [shown(finding, tmp_path, **url, **options) for finding in page.findings]
    assert not [each for each in different if each], page.path.name
