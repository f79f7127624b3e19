"""The seeded defects: each is well described, and each really does what its requirement forbids.

For requirements there are tours (`tests/server/tours/`): a few requests, boiled down to facts. A defect has to change
the facts of the tour of its own requirement; what the contract wants these facts to be is the business of the suite,
not of this test.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.server.tours import SETTINGS, TOURS, Facts, Tour, World, taken

from memconform.contract.content import content_root
from memconform_server.defects import apply, core_bad_input, defects
from memconform_server.stores.sqlite import SqliteStore


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Facts]:
    """Give the facts of a tour of the server without a defect."""
    known: dict[tuple[Tour, ...], Facts] = {}

    def facts(requirement: str) -> Facts:
        toured = tuple(TOURS[requirement])
        if toured not in known:
            known[toured] = taken(requirement, None, tmp_path_factory.mktemp("reference"))
        return known[toured]

    return facts


@pytest.fixture(autouse=True)
def short_stalls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let stalling servers stall for half a second, which is far above what a refusal takes."""
    monkeypatch.setattr(core_bad_input, "STALL_S", 0.5)


def requirements_tested() -> dict[str, str]:
    """Return profile by id of each requirement of servers that is tested; clients have defects of their own."""
    path = content_root() / "schemas" / "v1" / "requirements.yaml"
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    rows = document["requirements"] if isinstance(document, dict) else document
    return {row["id"]: row["profile"] for row in rows if row["profile"] != "client" and not row.get("not_tested")}


@pytest.mark.parametrize("requirement", sorted(requirements_tested()))
def test_every_requirement_has_a_defect(requirement: str) -> None:
    """Every MUST and SHOULD of a server can be broken by at least one seeded defect."""
    assert requirement in {defect.breaks for defect in defects().values()}


def test_defects_break_only_requirements_that_exist() -> None:
    """No defect claims to break a requirement that is unknown or not tested."""
    assert {defect.breaks for defect in defects().values()} <= requirements_tested().keys()


@pytest.mark.parametrize("name", list(defects()))
def test_a_defect_says_what_it_is(name: str) -> None:
    """Names are slugs, and each sin is one sentence of its own."""
    defect = defects()[name]
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
    assert re.fullmatch(r"[A-Z][^.!?]*(`[^`]*`[^.!?]*)*\.", defect.sin), defect.sin
    assert [other.name for other in defects().values() if other.sin == defect.sin] == [name]


@pytest.mark.parametrize("requirement", sorted(TOURS))
def test_the_reference_takes_each_tour_alike(requirement: str, reference: Any, tmp_path: Path) -> None:
    """Two tours of the server without a defect give the same facts, so that a difference means something."""
    assert taken(requirement, None, tmp_path) == reference(requirement)


@pytest.mark.parametrize("name", [name for name, defect in defects().items() if defect.breaks in TOURS])
def test_a_defect_bends_what_it_claims(name: str, reference: Any, tmp_path: Path) -> None:
    """A tour of the defect's own requirement, where there is one, gives other facts than one of the reference."""
    requirement = defects()[name].breaks
    assert taken(requirement, name, tmp_path) != reference(requirement)


@pytest.mark.parametrize("name", list(defects()))
def test_a_defect_still_serves(name: str, tmp_path: Path) -> None:
    """A server with a defect answers health checks and takes a plain memory."""

    async def serve() -> None:
        health = await world.own.get("/v1/health")
        assert health.status_code in {200, 204}
        added = await world.add()
        assert added.status_code in {200, 201}
        assert added.json()["content"].lower() == "i like tea"

    world = World(name, tmp_path)
    try:
        asyncio.run(serve())
    finally:
        world.stores[0].close()


def test_listing_defects_needs_no_server() -> None:
    """Names and sins can be had without the web framework, NumPy, or the embedding model."""
    program = (
        "import sys, memconform_server.defects as d, memconform_server.variants as v\n"
        "d.defects(); v.variants()\n"
        "print(sorted({'starlette', 'numpy', 'wordllama', 'uvicorn', 'anyio'} & sys.modules.keys()))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (run.stdout.strip(), run.stderr) == ("[]", "")


def test_an_unknown_defect_is_a_key_error(tmp_path: Path) -> None:
    """Applying what does not exist raises KeyError, with the name."""
    store = SqliteStore(tmp_path / "memories.db")
    with pytest.raises(KeyError, match="no-such-sin"):
        apply("no-such-sin", store, SETTINGS)
    store.close()
