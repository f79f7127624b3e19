"""The history checker: no false alarm on anything legal, every seeded fault found, and a witness that is minimal."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memconform.histories import ABSENT, NEW, Kind, Law, Operation, Outcome, Recorder, check

from .simulated_store import Effect, Fault, Simulation, Thing

REGISTER = [Kind.SET, Kind.WRITE, Kind.WRITE, Kind.READ, Kind.READ, Kind.READ, Kind.DELETE]
SINGLE = [Kind.ADD, Kind.WRITE, Kind.WRITE, Kind.READ, Kind.READ, Kind.READ]
COLLECTION = [Kind.APPEND, Kind.APPEND, Kind.REMOVE, Kind.LIST, Kind.LIST]
COUNTER = [Kind.ADD, Kind.INCREMENT, Kind.INCREMENT, Kind.READ]


@pytest.mark.parametrize("kinds", [REGISTER, SINGLE, COLLECTION, COUNTER], ids=["register", "id", "list", "counter"])
@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32), unique=st.booleans(), clients=st.integers(1, 8), unknown=st.sampled_from([0, 0.3]))
def test_legal_histories_are_clean(kinds: list[Kind], seed: int, unique: bool, clients: int, unknown: float) -> None:
    """Whatever a linearizable store answers, with lost answers, overlap, equal values and tags that come again."""
    run = Simulation(
        random.Random(seed), kinds, clients, 80, unique=unique, unknown=unknown, objects=2, counting=kinds is COUNTER
    )
    assert [str(violation) for violation in check(run.run())] == []


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32), kinds=st.sampled_from([REGISTER, SINGLE, COLLECTION]))
def test_reads_that_lag_as_declared_are_clean(seed: int, kinds: list[Kind]) -> None:
    """Each read is told up to two seconds after its time, as a lagging replica would answer it."""
    dice = random.Random(seed)
    lagging = [
        replace(each, start=each.start + lag, end=each.end + lag) if each.is_read else each
        for each in Simulation(dice, kinds, 4, 80).run()
        for lag in [dice.uniform(0, 2)]
    ]
    assert [str(violation) for violation in check(lagging, staleness=2)] == []


def lost(dice: random.Random, kind: Kind, thing: Thing, _: Any) -> Effect | None:
    """Acknowledge one change in ten and do nothing."""
    changes = kind in (Kind.WRITE, Kind.APPEND, Kind.INCREMENT) and thing.value is not ABSENT
    return (Outcome.OK, None, None, None) if changes and dice.random() < 0.1 else None


def stale(dice: random.Random, kind: Kind, thing: Thing, _: Any) -> Effect | None:
    """Answer one read in ten with what was before the last change."""
    if kind not in (Kind.READ, Kind.LIST) or dice.random() > 0.1:
        return None
    seen = tuple(thing.before) if isinstance(thing.before, list) else thing.before
    return Outcome.OK, seen, None, None


def unconditional(_: random.Random, kind: Kind, thing: Thing, value: Any) -> Effect | None:
    """Take no notice of a condition."""
    if kind is not Kind.WRITE or thing.value is ABSENT:
        return None
    thing.change(value)
    return thing.answer()


def undead(dice: random.Random, kind: Kind, _: Thing, __: Any) -> Effect | None:
    """Acknowledge a deletion and keep the object."""
    return (Outcome.OK, None, None, None) if kind in (Kind.DELETE, Kind.REMOVE) and dice.random() < 0.5 else None


def doubled(dice: random.Random, kind: Kind, thing: Thing, value: Any) -> Effect | None:
    """Do one change in five twice."""
    if dice.random() > 0.2 or thing.value is ABSENT or kind not in (Kind.APPEND, Kind.INCREMENT):
        return None
    thing.change([*thing.value, value, value] if kind is Kind.APPEND else thing.value + 2 * (value or 1))
    return thing.answer()


def refusing(dice: random.Random, kind: Kind, thing: Thing, value: Any) -> Effect | None:
    """Refuse a change and make it all the same."""
    if dice.random() > 0.2 or thing.value is ABSENT or kind not in (Kind.WRITE, Kind.APPEND):
        return None
    thing.change([*thing.value, value] if kind is Kind.APPEND else value)
    return Outcome.FAILED, None, None, None


def backwards(dice: random.Random, kind: Kind, thing: Thing, _: Any) -> Effect | None:
    """Answer one read in five with a version of long ago."""
    if kind is not Kind.READ or thing.value is ABSENT or thing.version < 3 or dice.random() > 0.2:
        return None
    return Outcome.OK, thing.value, thing.version - 2, None


@pytest.mark.parametrize(
    ("fault", "kinds", "laws"),
    [
        (lost, SINGLE, {Law.LOST_UPDATE}),
        (lost, COLLECTION, {Law.LOST_UPDATE}),
        (lost, COUNTER, {Law.LOST_UPDATE}),
        (stale, SINGLE, {Law.MONOTONIC, Law.READ_YOUR_WRITES}),
        (stale, COLLECTION, {Law.MONOTONIC, Law.READ_YOUR_WRITES}),
        (unconditional, SINGLE, {Law.ONE_WINNER}),
        (undead, REGISTER, {Law.RESURRECTION}),
        (undead, COLLECTION, {Law.RESURRECTION}),
        (doubled, COLLECTION, {Law.DUPLICATE}),
        (doubled, COUNTER, {Law.DUPLICATE}),
        (refusing, SINGLE, {Law.GHOST}),
        (refusing, COLLECTION, {Law.GHOST}),
        (backwards, SINGLE, {Law.MONOTONIC}),
    ],
)
def test_seeded_faults_are_found(fault: Fault, kinds: list[Kind], laws: set[Law]) -> None:
    """A store with one fault breaks a law of that fault in each of ten histories, and each of its laws in one."""
    seen: set[Law] = set()
    for seed in range(10):
        run = Simulation(random.Random(seed), kinds, 3, 400, fault=fault, unknown=0.05, counting=kinds is COUNTER)
        found = {violation.law for violation in check(run.run())}
        assert laws & found, (seed, found)
        seen |= found
    assert laws <= seen


def op(client: str, kind: Kind, value: Any, start: float, end: float, **more: Any) -> Operation:
    """Return an operation on the object `m`."""
    return Operation(client, kind, "m", value, start, end, **more)


ADD = op("a", Kind.ADD, "v0", 0, 1, version=1, tag="1")


@pytest.mark.parametrize(
    ("operations", "law", "witness"),
    [
        ([op("a", Kind.WRITE, "x", 2, 3), op("b", Kind.READ, "v0", 4, 5)], Law.LOST_UPDATE, 3),
        ([op("a", Kind.WRITE, "x", 2, 3), op("a", Kind.READ, "v0", 4, 5)], Law.READ_YOUR_WRITES, 3),
        ([op("a", Kind.READ, ABSENT, 2, 3)], Law.READ_YOUR_WRITES, 2),
        (
            [
                op("a", Kind.WRITE, "x", 2, 9, outcome=Outcome.UNKNOWN),
                op("b", Kind.READ, "x", 3, 4),
                op("c", Kind.READ, "v0", 5, 6),
            ],
            Law.MONOTONIC,
            4,
        ),
        ([op("a", Kind.DELETE, None, 2, 3), op("b", Kind.READ, "v0", 4, 5)], Law.RESURRECTION, 2),
        (
            [
                op("a", Kind.DELETE, None, 2, 9, outcome=Outcome.UNKNOWN),
                op("b", Kind.READ, ABSENT, 4, 5),
                op("b", Kind.READ, "v0", 6, 7),
            ],
            Law.RESURRECTION,
            3,
        ),
        (
            [
                op("a", Kind.WRITE, "x", 2, 5, condition="1", tag="2"),
                op("b", Kind.WRITE, "y", 3, 6, condition="1", tag="3"),
            ],
            Law.ONE_WINNER,
            2,
        ),
        (
            [op("a", Kind.SET, "x", 2, 5, condition=NEW), op("b", Kind.SET, "y", 3, 6, condition=NEW)],
            Law.ONE_WINNER,
            2,
        ),
        (
            [op("a", Kind.WRITE, "x", 2, 5, version=2), op("b", Kind.WRITE, "y", 3, 6, version=2)],
            Law.LOST_UPDATE,
            2,
        ),
        ([op("a", Kind.READ, "v0", 2, 3, version=3), op("b", Kind.READ, "v0", 4, 5, version=2)], Law.MONOTONIC, 2),
    ],
)
def test_the_witness_is_minimal(operations: list[Operation], law: Law, witness: int) -> None:
    """A law is broken by just these operations: none of the witness can be left out, whatever else happened."""
    noise = [op("z", Kind.WRITE, f"n{n}", 0.1, 0.2, outcome=Outcome.FAILED) for n in range(20)]
    found = [violation for violation in check([ADD, *operations, *noise]) if violation.law is law]
    assert [len(violation.witness) for violation in found] == [witness]
    for left_out in found[0].witness:
        rest = [each for each in found[0].witness if each is not left_out]
        assert law not in {violation.law for violation in check(rest)}


@pytest.mark.parametrize(
    ("operations", "law", "witness"),
    [
        ([op("a", Kind.LIST, [], 2, 3)], Law.READ_YOUR_WRITES, 2),
        ([op("b", Kind.LIST, [], 2, 3)], Law.LOST_UPDATE, 2),
        ([op("b", Kind.LIST, ["v0"], 2, 3), op("c", Kind.LIST, [], 4, 5)], Law.MONOTONIC, 2),
        ([op("b", Kind.LIST, ["v0", "v0"], 2, 3)], Law.DUPLICATE, 2),
        ([op("b", Kind.REMOVE, "v0", 2, 3), op("c", Kind.LIST, ["v0"], 4, 5)], Law.RESURRECTION, 2),
        (
            [op("b", Kind.APPEND, "r", 2, 3, outcome=Outcome.FAILED), op("c", Kind.LIST, ["v0", "r"], 4, 5)],
            Law.GHOST,
            2,
        ),
    ],
)
def test_the_witness_of_a_collection_is_minimal(operations: list[Operation], law: Law, witness: int) -> None:
    """An append and the list that misses it, doubles it or brings it back; other elements do not blur it."""
    others = [op("z", Kind.APPEND, f"n{n}", 9, 10) for n in range(20)]
    found = [each for each in check([op("a", Kind.APPEND, "v0", 0, 1), *operations, *others]) if each.law is law]
    assert [len(violation.witness) for violation in found] == [witness]


def test_a_lost_increment_is_shown_by_the_nearest_looks() -> None:
    """Of a hundred increments only those between the two looks that miss one are in the witness."""
    history = [op("a", Kind.ADD, 0, 0, 0.5)]
    for n in range(100):
        counted = n + 1 - (n >= 60)
        history += [
            op("a", Kind.INCREMENT, None, n + 0.6, n + 0.7),
            op("b", Kind.READ, counted, n + 0.8, n + 0.9),
        ]
    (violation,) = check(history)
    assert (violation.law, len(violation.witness)) == (Law.LOST_UPDATE, 3)
    assert [each.value for each in violation.witness] == [60, None, 60]


def test_a_violation_reads_as_a_timeline() -> None:
    """The text names law, object and reason, and has a line for each operation, times counted from the first."""
    history = [
        op("client 1", Kind.ADD, "old", 100, 100.01, version=1, tag='"1"'),
        op("client 2", Kind.WRITE, "new", 100.02, 100.03, condition='"1"', version=2),
        op("client 1", Kind.READ, "old", 100.04, 100.05),
    ]
    assert str(check(history)[0]).splitlines() == [
        'lost update on m: "new" was acknowledged and is in no later read, although nothing replaced it',
        '    0.0000 –   0.0100 s  client 1  add "old" version 1 tag "1"',
        '    0.0200 –   0.0300 s  client 2  write "new" if "1" version 2',
        '    0.0400 –   0.0500 s  client 1  read → "old"',
    ]


def test_a_read_may_lag_as_declared_and_no_longer() -> None:
    """What a bounded store may answer is clean, and the witness keeps the times that were measured."""
    history = [ADD, op("a", Kind.WRITE, "x", 2, 3), op("a", Kind.READ, "v0", 4, 5)]
    assert check(history, staleness=1.5) == []
    found = check(history, staleness=0.5)
    assert found
    assert found[0].witness[-1].start == 4


def test_a_time_out_proves_nothing() -> None:
    """A write without an answer may be seen, not be seen, or be seen much later."""
    silent = op("a", Kind.WRITE, "x", 2, 3, outcome=Outcome.UNKNOWN)
    for seen in (["v0", "v0"], ["x", "x"], ["v0", "x"]):
        reads = [op("b", Kind.READ, value, 10 + 2 * n, 11 + 2 * n) for n, value in enumerate(seen)]
        assert check([ADD, silent, *reads]) == []
    assert check([ADD, silent, op("b", Kind.READ, "x", 10, 11), op("b", Kind.READ, "v0", 12, 13)]) != []


def test_the_recorder_takes_threads_and_exceptions() -> None:
    """Every invocation of every thread is there, with its times; one that raised or said nothing is unknown."""
    recorder = Recorder()

    def work(client: str) -> None:
        for number in range(100):
            with recorder.invoke(client, Kind.WRITE, "m", number) as call:
                call.ok(version=number)

    threads = [threading.Thread(target=work, args=(f"c{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with pytest.raises(TimeoutError), recorder.invoke("t", Kind.DELETE, "m"):
        raise TimeoutError
    with recorder.invoke("t", Kind.READ, "m") as call:
        call.ok(value=ABSENT)
    with recorder.invoke("t", Kind.ADD, "?", "x") as call:
        call.target = "made"
        call.failed()
    history = recorder.history()
    assert len(history) == 803
    assert [(each.outcome, each.object) for each in history[-3:]] == [
        (Outcome.UNKNOWN, "m"),
        (Outcome.OK, "m"),
        (Outcome.FAILED, "made"),
    ]
    assert history[-2].value is ABSENT
    assert all(each.start <= each.end for each in history)
    assert [each.start for each in history] == sorted(each.start for each in history)


@pytest.mark.parametrize("kinds", [REGISTER, SINGLE, COUNTER])
def test_a_hundred_thousand_operations_take_seconds(kinds: list[Kind]) -> None:
    """Ten times the operations on one object take about ten times as long, and not a hundred times."""

    def seconds(operations: int) -> float:
        run = Simulation(random.Random(1), kinds, 16, operations, counting=kinds is COUNTER)
        history = run.run()
        began = time.process_time()
        assert check(history) == []
        return time.process_time() - began

    assert seconds(100_000) < 30 * max(seconds(10_000), 0.05)
