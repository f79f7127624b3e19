"""The machine against real servers: nothing to say of the reference, a short script to show of a defect."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from memconform.capabilities import Capabilities
from memconform.contract import profiles, validator
from memconform.contract.openapi import openapi
from memconform.http import Target, Wire
from memconform.ledger import Ledger
from memconform.machine import Divergence, Machine, Stage, machine, sequences
from memconform.memory_api import MemoryApi, Principal
from memconform.recorder import Recorder
from memconform.scopes import Scopes
from memconform.serving import served
from memconform.verdict import Inconclusive
from memconform.wire_judge import WireJudge

from .conftest import ALICE, BOB, CLIENT_KEYS, SERVER_KEYS, Commands

BOUND = 500


@contextmanager
def stage_at(url: str, folder: Path, bound: int = BOUND, seed: int = 0) -> Iterator[Stage]:
    """Yield a stage on a server, with everything that it declares."""
    wire = Wire(Target(url))
    ledger = Ledger(folder / f"{seed}.jsonl", url)
    ledger.prepare()
    recorder = Recorder(bound, WireJudge(openapi(), frozenset(profiles()), "/", (ALICE, BOB)))
    memory = MemoryApi(wire, recorder, Principal("first", ALICE), ledger)
    capabilities = Capabilities(memory.request("GET", "/v1/capabilities").json)
    second = Principal("second", BOB, "MEMCONFORM_SECOND_API_KEY")
    scopes = Scopes(f"mcf-{os.urandom(4).hex()}_{seed}_", ledger.note_scope)
    yield Stage(memory, scopes, capabilities, capabilities.profiles, second)
    wire.close()
    ledger.close(done=True)


def explored(stage: Stage, seed: int = 0) -> Machine:
    """Run the machine."""
    ran = Machine(stage)
    ran.explore(sequences(stage.profiles, 2, seed=seed, count=30))
    return ran


@pytest.mark.parametrize("seed", [0, 1])
def test_the_reference_agrees(reference: str, tmp_path: Path, seed: int) -> None:
    """Several sequences over all profiles run beside the reference, within the requests, without a divergence."""
    with stage_at(reference, tmp_path, seed=seed) as stage:
        assert explored(stage, seed).ran >= 3
        assert stage.recorder.requests <= BOUND
        assert not stage.recorder.findings
        assert {exchange.sent.method for exchange in stage.recorder.exchanges} >= {"GET", "POST", "DELETE", "PATCH"}


def test_a_defect_ends_in_a_short_script_that_shows_it(tmp_path: Path) -> None:
    """A list that is wrong after a sequence only: the shortest one is told, and the script shows the ghost again."""
    with served(["--defect", "lists-what-was-changed-and-deleted"], SERVER_KEYS) as url:
        with stage_at(url, tmp_path) as stage, pytest.raises(Divergence) as found:
            explored(stage)
        assert stage.recorder.requests <= BOUND
        assert found.value.requirement == "CORE-14"
        assert len(found.value.trace) <= 7
        script = found.value.script or ""
        assert ALICE not in script
        environment = {**os.environ, **CLIENT_KEYS}
        bash = subprocess.run(
            ["bash", "-s", url], input=script, env=environment, capture_output=True, text=True, check=True
        )
    deleted = {line.split("/")[-1] for line in bash.stdout.splitlines() if "204" in line}
    assert deleted
    last = json.loads(bash.stdout.rstrip().splitlines()[-2])
    numbers = [item["version"] for item in last["items"]]
    assert max(numbers) > 1, "the changed and deleted memory is still listed"


def test_what_happened_once_only_proves_nothing(
    reference: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A divergence that the same sequence does not show again is inconclusive, and says what was seen."""
    shown: list[object] = []

    def once(_: Stage, steps: object, *__: object, **___: object) -> None:
        shown.append(steps)
        if len(shown) == 1:
            raise Divergence("UPDATE-01", "this", "that")

    monkeypatch.setattr(machine, "run", once)
    with stage_at(reference, tmp_path) as stage, pytest.raises(Inconclusive, match=r"UPDATE-01.*this.*that"):
        explored(stage)
    assert len(shown) == 2


def test_another_requirement_answers_for_what_it_promises(memconform: Commands) -> None:
    """A repeat that adds again is held against idempotency; the list's own requirement is not blamed for it."""
    with served(["--defect", "forgets-idempotency-keys"], SERVER_KEYS) as url:
        ended = memconform.check(url, "--requirement", "CORE-14", "--budget", "standard")
    assert ended.code == 1, ended.said
    assert ended.result is not None
    assert validator("conformance").errors(ended.result) == []
    rows = {row["id"]: row["outcome"] for row in ended.result["requirements"]}
    assert (rows["CORE-14"], rows["IDEMPOTENCY-01"]) == ("pass", "fail")
    record = next(test for test in ended.result["tests"] if test["outcome"] == "fail")
    assert (record["requirement"], record["test_of"]) == ("IDEMPOTENCY-01", "CORE-14")
    assert record["script"].startswith("#!/usr/bin/env bash")
    assert "#!/usr/bin/env bash" in ended.out
    assert "--requirement CORE-14" in ended.out.split("again")[1]


def test_smoke_leaves_it_out(reference: str, memconform: Commands) -> None:
    """The smallest budget has no room for sequences, and says so."""
    ended = memconform.check(reference, "--requirement", "CORE-14", "--budget", "smoke")
    assert ended.result is not None
    record = next(test for test in ended.result["tests"] if test["test"].startswith("test_model.py"))
    assert (record["outcome"], record["requests"]) == ("skip", 0)
    assert "larger budget" in record["reason"]
