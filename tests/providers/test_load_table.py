"""The load table: a provider is loaded directly and by the plugin, and its figures are kept even where others fail."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.provider

ROOT = Path(__file__).parents[2]


def test_a_quick_run_loads_a_provider_in_both_ways(tmp_path: Path) -> None:
    """The reference and a real provider get a row each, with both operations in both ways, and a page that says how."""
    rows, page = tmp_path / "load.json", tmp_path / "load.md"
    words = ["langgraph-memory", "--quick", "--json", str(rows), "--markdown", str(page)]
    done = subprocess.run(
        [sys.executable, "benchmarks/provider_load.py", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(rows.read_text())
    assert [row["provider"] for row in found] == ["reference", "langgraph-memory"]
    for row in found:
        assert row["failed"] is None
        measured = {(each["operation"], each["driver"]) for each in row["operations"] if each["count"]}
        assert measured >= {("search", "direct"), ("search", "plugin"), ("add", "direct")}
        assert row["violations"] == []
    assert "| [langgraph-memory](langgraph.md) |" in page.read_text()
    assert "in memory: nothing survives a restart" in page.read_text()
