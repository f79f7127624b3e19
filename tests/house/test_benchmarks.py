"""The benchmarks run: each in its quick mode, against real servers; and a bound that is missed is said and counts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
BENCHMARKS, RESULTS = ROOT / "benchmarks", ROOT / "results" / "benchmarks"


def ran(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a script of the folder."""
    return subprocess.run([sys.executable, *words], cwd=BENCHMARKS, capture_output=True, text=True, timeout=240)


def result(name: str) -> dict[str, Any]:
    """Return what a quick run wrote."""
    found: dict[str, Any] = json.loads((RESULTS / f"{name}-quick.json").read_text())
    return found


LOAD = ("accuracy", "capacity", "comparison", "defects", "generator_cost", "plugin_hops")


@pytest.mark.parametrize(
    "name", ["growth", "server_memory", "check_budgets", "plugin_overhead", *(f"load_{each}" for each in LOAD)]
)
def test_a_quick_run_measures_all_and_judges_nothing(name: str) -> None:
    """It prints Markdown, shows each bound, and leaves the figures as JSON."""
    ended = ran(f"{name}.py", "--quick")
    assert ended.returncode == 0, ended.stderr
    assert "|---|" in ended.stdout
    written = result(name)
    assert written["quick"] is True
    assert len(written["bounds"]) >= 2
    for bound in written["bounds"]:
        assert f"{bound['what']}: " in ended.stdout


def test_a_missed_bound_is_an_exit_code_of_1(tmp_path: Path) -> None:
    """The same figures pass within their bounds and fail beyond them; a quick run only shows them."""
    code = (
        "import pathlib, sys; from rig import bounds; from rig.bounds import Bound, concluded;"
        "bounds.ROOT = bounds.RESULTS = pathlib.Path(sys.argv[4]);"
        "most, least, quick = float(sys.argv[1]), float(sys.argv[2]), sys.argv[3] == 'quick';"
        "sys.exit(concluded('x', {}, [Bound('a', 2.0, most), Bound('b', 2.0, at_least=least)], quick=quick))"
    )
    assert ran("-c", code, "2", "2", "full", str(tmp_path)).returncode == 0
    for most, least, missed in (("1.9", "2", "a"), ("2", "2.1", "b")):
        ended = ran("-c", code, most, least, "full", str(tmp_path))
        assert ended.returncode == 1, ended.stderr
        assert f"MISSED {missed}: 2" in ended.stdout
        assert ran("-c", code, most, least, "quick", str(tmp_path)).returncode == 0
