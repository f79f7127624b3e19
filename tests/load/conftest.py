"""A reference server for load tests, and a state folder of the tests' own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from memconform.serving import served
from memconform_load.arrivals import poisson
from memconform_load.launch import run
from memconform_load.plan import Plan

KEY = "key-of-the-load-0123456789"


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing of the user's: no variables, a state folder of the test's own."""
    for name in [
        name for name in os.environ if name.startswith("MEMCONFORM") and name != "MEMCONFORM_PLUGIN_ENVIRONMENTS"
    ]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MEMCONFORM_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Return the address of a reference server that wants `KEY`."""
    with served([], {"MEMCONFORM_SERVER_API_KEYS": KEY}) as url:
        yield url


Small = Callable[..., dict[str, Any]]


@pytest.fixture
def small() -> Small:
    """Return a function that runs a small plan of chat turns and returns its result."""

    def small_run(
        url: str, *, rate: float = 30, seconds: float = 3, options: dict[str, Any] | None = None, **more: Any
    ) -> dict[str, Any]:
        plan = {
            "scenario": "chat",
            "schedule": poisson(rate, seconds),
            "duration_s": seconds,
            "people": 10,
            "slo": ("errors<1%",),
            "parameters": {"model": 0.05, "facts": 3},
        }
        return run(Plan(url=url, **{**plan, **more}), env={"MEMCONFORM_API_KEY": KEY}, **(options or {}))

    return small_run


def ends_as(result: dict[str, Any], exit_code: int) -> bool:
    """Tell whether a run ended so. A machine that is busy with other tests may make it invalid: by that alone."""
    verdict = result["verdict"]["exit_code"]
    gates = all(row["met"] for row in result["slo"])
    noise = {row["check"] for row in result["validity"] if not row["ok"]} <= {"generator lag", "cpu", "achieved rate"}
    return bool(verdict == exit_code or (verdict == 3 and noise and gates == (exit_code == 0)))


def scopes_held(url: str) -> list[dict[str, str]]:
    """Return the scopes that hold anything on a server."""
    answer = httpx.get(f"{url}/v1/scopes", headers={"Authorization": f"Bearer {KEY}"})
    return [row["scope"] for row in answer.json()["items"]]
