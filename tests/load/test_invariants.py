"""The judge in simulated time: every sin is found with a witness, and no legal server is ever blamed."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memconform_load.calls import Op
from memconform_load.invariants import Findings, Judge, Law

from .simulated_store import Freedoms, Store, World
from .sinful_stores import SINS, Sin

SEEDS = range(5)


def findings_of(judge: Judge) -> Findings:
    """Return what a judge found, as a master would see it."""
    whole = Findings()
    whole.merge(json.loads(json.dumps(judge.delta())))
    return whole


@pytest.mark.parametrize("sin", SINS, ids=lambda sin: sin.__name__)
def test_sin_is_found_with_a_witness(sin: type[Sin]) -> None:
    """A server with one sin is told of by the law that it breaks, and by no other, with a timeline of what happened."""
    told: set[str] = set()
    for seed in SEEDS:
        chance = random.Random(seed)
        freedoms = Freedoms(silent=0.1, ops=sin.ops)
        world = World(freedoms, chance, sin(freedoms, chance), calls=300).run()
        found = findings_of(world.judge).violations()
        assert found["total"] == sum(row["count"] for row in found["found"])
        for row in found["found"]:
            told.add(row["law"])
            assert 2 <= len(row["witness"]) <= 12, row
            assert row["example"]["person"].startswith("mcf-"), row
            assert any(" s  " in line for line in row["witness"]), row
    assert told, f"{sin.__doc__} was not found"
    assert told <= {law.value for law in sin.laws}


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Draw clients, a legal server and a network, and all their chances."""
    chance = draw(st.randoms(use_true_random=False))
    lags = st.sampled_from([0.0, 0.0, 0.5])
    without = draw(st.sets(st.sampled_from([Op.INGEST, Op.ERASE, Op.IMPORT, Op.DELETE, Op.UPDATE])))
    freedoms = Freedoms(
        search_lag=draw(lags),
        list_lag=draw(lags),
        get_lag=draw(lags),
        idempotency=draw(st.booleans()),
        dedupes=draw(st.booleans()),
        silent=draw(st.sampled_from([0.0, 0.1, 0.3])),
        limited=draw(st.sampled_from([0.0, 0.1])),
        plugin=draw(st.sampled_from([0.0, 0.3])),
        ops=tuple(op for op in Op if op not in without),
    )
    clients, people = draw(st.sampled_from([1, 4, 8])), draw(st.sampled_from([1, 3]))
    return World(freedoms, chance, Store(freedoms, chance), clients=clients, people=people, calls=40)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(worlds())
def test_no_interleaving_of_a_legal_server_is_blamed(world: World) -> None:
    """Late writes, silence, lagging reads, repeats, erasures, ingestions: whatever their order, nothing is told."""
    found = findings_of(world.run().judge).violations()
    assert found["total"] == 0, found["found"]


@pytest.mark.parametrize("seed", range(24))
def test_long_run_of_a_legal_server_is_clean(seed: int) -> None:
    """Hundreds of calls of eight clients, with every freedom that the contract leaves, tell of nothing."""
    chance = random.Random(seed)
    freedoms = Freedoms(
        search_lag=chance.choice([0, 0.5]),
        list_lag=chance.choice([0, 0.5]),
        get_lag=chance.choice([0, 0.5]),
        idempotency=chance.random() < 0.5,
        dedupes=chance.random() < 0.3,
        silent=chance.choice([0, 0.1, 0.3]),
        limited=chance.choice([0, 0.1]),
        plugin=chance.choice([0, 0.3]),
    )
    world = World(freedoms, chance, Store(freedoms, chance), clients=8, calls=500).run()
    found = findings_of(world.judge).violations()
    assert found["total"] == 0, found["found"]
    assert found["checked"]["people read back"] == found["checked"]["people"]


def test_laws_have_a_sin_each() -> None:
    """Each law is broken by one of the sinful servers, so that none is a law on paper."""
    assert {law for sin in SINS for law in sin.laws} == set(Law)
