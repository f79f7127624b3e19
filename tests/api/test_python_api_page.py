"""docs/reference/python-api.md is true: it names every public name, and its examples run."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import memconform
import memconform_load
from memconform.contract import content_root

PAGE = (content_root() / "docs" / "reference" / "python-api.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_every_public_name_is_on_the_page() -> None:
    """And no name that is not public any more stands in its table."""
    table = PAGE.split("| name | what it is |")[1].split("\n\n")[0]
    named = set(
        re.findall(r"`(\w+)`", "".join(row.split("|")[1] + row.split("|")[2] for row in table.splitlines()[2:]))
    )
    promised = {*memconform.__all__, *memconform_load.__all__}
    assert promised <= named
    assert {name for name in named if name[0].isupper()} <= promised


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_its_examples_run(number: int, tmp_path: Path) -> None:
    """Each as a program of its own, and its test functions as tests, in an empty folder."""
    file = tmp_path / "test_example.py"
    file.write_text(EXAMPLES[number], encoding="utf-8")
    words = ["pytest", "-q", "-p", "no:cacheprovider", "test_example.py"] if "def test_" in EXAMPLES[number] else []
    ran = subprocess.run(
        [sys.executable, *(["-m", *words] if words else ["test_example.py"])],
        cwd=tmp_path, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
