"""docs/providers/mem0.md shows what mem0 does without the bridge: every snippet runs, every output is the real one."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "providers" / "mem0.md"
PREAMBLE, *SECTIONS = PAGE.read_text("utf-8").split("\n### ")
FENCE = re.compile(r"^```(python|text|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

pytestmark = [
    pytest.mark.mem0,
    pytest.mark.skipif(find_spec("mem0") is None, reason="needs the extra `mem0`"),
]


def blocks(markdown: str, kind: str) -> list[str]:
    """Return the fenced blocks of one kind."""
    return [body for name, body in FENCE.findall(markdown) if name == kind]


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.split(".")[0])
def test_a_finding_is_reproduced(section: str, tmp_path: Path) -> None:
    """The section's snippet, run after the common one in a process of its own, prints what the page shows.

    Outputs fenced as `console` vary from run to run: their snippet has to run, and is not compared.
    """
    (setup,) = blocks(PREAMBLE, "python")
    (snippet,) = blocks(section, "python")
    shown = blocks(section, "text")
    script = tmp_path / "finding.py"
    script.write_text(setup + snippet, "utf-8")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert shown in ([done.stdout], []), done.stdout
