"""The judge, call by call: what each law says, what excuses a server, and what is told of it."""

from __future__ import annotations

import itertools
import json
import random
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from memconform_load.calls import Ended, Failed, Op, Reply, Request, SeenMemory
from memconform_load.invariants import Findings, Judge, docket
from memconform_load.workload import Marker, Population, TextMaker

PEOPLE = Population(20, run_id="ab12")
ANNA, BEN = PEOPLE.person(0), PEOPLE.person(1)
STRONG: dict[str, Any] = {
    "profiles": ["core", "search", "idempotency", "update"],
    "consistency": {"get": "strong", "list": "strong", "search": {"model": "bounded", "max_staleness_ms": 1000}},
    "search": {"exact": True},
    "write": {"dedupe": "none", "idempotency_window_s": 3600},
}
PLAIN: dict[str, Any] = {**STRONG, "profiles": ["core", "search"]}
SILENT: dict[str, Any] = {"profiles": ["core"]}


def text(number: int, person: int = 0) -> str:
    """Return a text with a marker, as facts have."""
    return f"About {Marker(person, number).word} : the harbour at dawn, number {number}"


class Bench:
    """A judge with a clock of its own, and calls that take 0.1 s each."""

    def __init__(self, capabilities: dict[str, Any]) -> None:
        self.now = 100.0
        self.judge = Judge(capabilities, run_id="ab12", clock=lambda: self.now)

    def call(
        self,
        op: Op,
        person: str = ANNA,
        *shown: SeenMemory,
        status: int = 200,
        driver: str = "direct",
        ended: Ended | None = None,
        reply: dict[str, Any] | None = None,
        **asked: Any,
    ) -> Reply:
        """Make a call from now on to a tenth of a second later."""
        request = Request(op, person, **asked)
        self.judge.begin(request)
        how = ended or (Ended.OK if status < 300 else Ended.REFUSED)
        answer = Reply(self.now, self.now + 0.1, how, status=status, memories=list(shown), **(reply or {}))
        answer.failed = None if answer.ok else Failed(str(status), "")
        self.now += 0.1
        self.judge.see(request, answer, driver)
        self.now += 0.001
        return answer

    def add(self, memory_id: str, content: str, person: str = ANNA, **more: Any) -> None:
        """Add a memory, acknowledged."""
        self.call(Op.ADD, person, SeenMemory(memory_id, content, person, 1), status=201, text=content, **more)

    def lost_call(self, op: Op, person: str = ANNA, **asked: Any) -> None:
        """Make a call that gets no answer."""
        self.call(op, person, status=0, ended=Ended.UNKNOWN, **asked)

    @property
    def told(self) -> dict[str, int]:
        """How often each law was broken."""
        return {row["law"]: row["count"] for row in self.judge.violations()}

    def conclude(self, read: Callable[[Request], Reply]) -> None:
        """Have the judge read everything back, in the bench's time."""
        self.judge.conclude(read, sleep=self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.now += seconds

    def answering(self, answer: Callable[[Request], Reply]) -> Callable[[Request], Reply]:
        """Return what carries requests of the last reading to `answer`, and gives the replies their times."""

        def read(request: Request) -> Reply:
            reply = answer(request)
            reply.start, reply.end = self.now, self.now + 0.01
            self.now += 0.02
            return reply

        return read


def listing(*memories: SeenMemory) -> Callable[[Request], Reply]:
    """Return a server that lists these, knows them by id, and nothing else."""

    def answer(request: Request) -> Reply:
        if request.op is Op.LIST:
            return Reply(0, 0, Ended.OK, status=200, memories=list(memories))
        if request.op is Op.SEARCH:
            return Reply(0, 0, Ended.OK, status=200, memories=list(memories))
        found = [memory for memory in memories if memory.id == request.memory_id]
        return Reply(0, 0, Ended.OK, status=200, memories=found) if found else _nothing()

    return answer


def _nothing() -> Reply:
    return Reply(0, 0, Ended.REFUSED, Failed("404 not-found", ""), status=404)


# Lost writes and stale reads


def test_write_that_the_last_reading_misses_is_lost() -> None:
    """An acknowledged add that is in no list and not to be had by id is a lost write; both looks are in the witness."""
    bench = Bench(STRONG)
    bench.add("m1", text(1))
    bench.add("m2", text(2))
    bench.conclude(bench.answering(listing(SeenMemory("m2", text(2), ANNA, 1))))
    assert bench.told == {"lost write": 1}
    (row,) = bench.judge.violations()
    assert row["example"]["memory_id"] == "m1"
    assert ["written → m1" in row["witness"][1], "list" in row["witness"][2], "get m1" in row["witness"][3]] == [
        True
    ] * 3


def test_repeat_that_was_acknowledged_must_be_there() -> None:
    """An add timed out, and its repeat under the same key was acknowledged: from then on it is an ordinary write."""
    for repeats in (1, 2):
        bench = Bench(STRONG)
        bench.lost_call(Op.ADD, text=text(1), idempotency_key="k")
        for _ in range(repeats):
            bench.add("m1", text(1), idempotency_key="k")
        bench.conclude(bench.answering(listing()))
        assert bench.told == {"lost write": 1}


def test_write_that_comes_back_was_a_stale_read() -> None:
    """A strong list that leaves out what a later read shows was stale: nothing is lost."""
    bench = Bench(STRONG)
    bench.add("m1", text(1))
    bench.call(Op.LIST)
    assert bench.told == {"lost write": 1}
    bench.call(Op.GET, ANNA, SeenMemory("m1", text(1), ANNA, 1), memory_id="m1")
    assert bench.told == {"stale read": 1}
    assert bench.judge.total == 1


def test_list_is_judged_by_its_bound() -> None:
    """A list may leave out what was added less than its declared bound before it began, and nothing older."""
    lagging = {
        **STRONG,
        "consistency": {**STRONG["consistency"], "list": {"model": "bounded", "max_staleness_ms": 500}},
    }
    bench = Bench(lagging)
    bench.add("m1", text(1))
    bench.call(Op.LIST)
    assert bench.told == {}
    bench.now += 0.5
    bench.call(Op.LIST)
    assert bench.told == {"lost write": 1}


def test_call_that_overlaps_a_write_proves_nothing() -> None:
    """A read that began before an add was acknowledged may show it or not."""
    bench = Bench(STRONG)
    start = bench.now
    bench.add("m1", text(1))
    bench.judge.see(Request(Op.LIST, ANNA), Reply(start, bench.now, Ended.OK, status=200), "direct")
    assert bench.told == {}


def test_first_page_is_no_whole_list() -> None:
    """Only a walk to the null cursor, page after page, shows what is missing."""
    bench = Bench(STRONG)
    for number in range(3):
        bench.add(f"m{number}", text(number))
    bench.call(Op.LIST, ANNA, SeenMemory("m2", text(2), ANNA, 1), reply={"next_cursor": "c"})
    assert bench.told == {}
    bench.call(Op.LIST, ANNA, SeenMemory("m1", text(1), ANNA, 1), cursor="c")
    assert bench.told == {"lost write": 1}


def test_two_walks_at_one_cursor_prove_nothing() -> None:
    """Pages of two walks with one cursor cannot be told apart, so neither is judged."""
    bench = Bench(STRONG)
    bench.add("m1", text(1))
    for _ in range(2):
        bench.call(Op.LIST, ANNA, reply={"next_cursor": "c"})
    bench.call(Op.LIST, ANNA, cursor="c")
    assert bench.told == {}


@pytest.mark.parametrize("op", [Op.DELETE, Op.ERASE, Op.INGEST])
def test_whatever_may_have_ended_a_memory_excuses_its_absence(op: Op) -> None:
    """After a deletion, erasure or ingestion without an answer, or one on its way, a memory may be gone at any time."""
    for how in ("silent", "on its way"):
        bench = Bench(STRONG)
        bench.add("m1", text(1))
        asked: dict[str, Any] = {"memory_id": "m1"} if op is Op.DELETE else {}
        if how == "silent":
            bench.lost_call(op, **asked)
        else:
            bench.judge.begin(Request(op, ANNA, **asked))
        bench.call(Op.LIST)
        bench.call(Op.GET, memory_id="m1", status=404)
        assert bench.told == {}, how


def test_refused_deletion_excuses_nothing() -> None:
    """A deletion that was refused did not happen."""
    bench = Bench(STRONG)
    bench.add("m1", text(1))
    bench.call(Op.DELETE, memory_id="m1", status=429)
    bench.call(Op.GET, memory_id="m1", status=404)
    assert bench.told == {"lost write": 1}


def test_write_without_answer_may_never_come() -> None:
    """An add that timed out may be missing for ever, and may appear at any time."""
    bench = Bench(STRONG)
    bench.lost_call(Op.ADD, text=text(1))
    bench.call(Op.LIST)
    bench.call(Op.LIST, ANNA, SeenMemory("m1", text(1), ANNA, 1))
    bench.call(Op.LIST)
    assert bench.told == {}


def test_plugin_that_lists_a_part_proves_nothing() -> None:
    """A list by way of a plugin may be a part."""
    bench = Bench(STRONG)
    bench.add("m1", text(1))
    bench.call(Op.LIST, driver="plugin")
    assert bench.told == {}


def test_old_text_is_a_stale_read() -> None:
    """After an acknowledged update the former text is stale in a get, a list and a search, whose ranking may lag."""
    for op in (Op.GET, Op.LIST, Op.SEARCH):
        bench = Bench(STRONG)
        bench.add("m1", text(1))
        bench.call(Op.UPDATE, ANNA, SeenMemory("m1", text(2), ANNA, 2), memory_id="m1", text=text(2))
        bench.call(op, ANNA, SeenMemory("m1", text(1), ANNA, 1), memory_id="m1", query="harbour")
        bench.conclude(bench.answering(listing(SeenMemory("m1", text(2), ANNA, 2))))
        assert bench.told == {"stale read": 1}, op


def test_update_that_the_last_reading_misses_is_lost() -> None:
    """An acknowledged update whose text is nowhere at the end is a lost write."""
    bench = Bench(STRONG)
    bench.add("m1", text(1))
    bench.call(Op.UPDATE, ANNA, SeenMemory("m1", text(2), ANNA, 2), memory_id="m1", text=text(2))
    bench.conclude(bench.answering(listing(SeenMemory("m1", text(1), ANNA, None))))
    assert bench.told == {"lost write": 1}


def test_overlapping_updates_may_end_either_way() -> None:
    """Of two updates at once either text may remain, but not the one before."""
    for final, told in ((1, {"lost write": 1}), (2, {}), (3, {})):
        bench = Bench(STRONG)
        bench.add("m1", text(1))
        one, two = (Request(Op.UPDATE, ANNA, memory_id="m1", text=text(number)) for number in (2, 3))
        bench.judge.begin(one)
        bench.judge.begin(two)
        for request in (one, two):
            bench.judge.see(request, Reply(bench.now, bench.now + 1, Ended.OK, status=200), "direct")
        bench.now += 1.1
        bench.conclude(bench.answering(listing(SeenMemory("m1", text(final), ANNA, None))))
        assert bench.told == told, final


def test_dropped_update_shows_by_its_version() -> None:
    """Two updates at once are acknowledged as versions 2 and 3, and version 2 remains: the later version was lost."""
    bench = Bench(STRONG)
    bench.add("m1", text(1))
    for number in (2, 3):
        request = Request(Op.UPDATE, ANNA, memory_id="m1", text=text(number))
        bench.judge.begin(request)
        shown = [SeenMemory("m1", text(number), ANNA, number)]
        bench.judge.see(request, Reply(100.2, 101.2, Ended.OK, status=200, memories=shown), "direct")
    bench.now = 102.0
    bench.conclude(bench.answering(listing(SeenMemory("m1", text(2), ANNA, 2))))
    assert sum(bench.told.values()) == 1


def test_late_first_try_of_an_update_may_come_back() -> None:
    """An update timed out and was sent again: its first try may land later, over a newer text."""
    bench = Bench(STRONG)
    bench.add("m1", text(1))
    bench.lost_call(Op.UPDATE, memory_id="m1", text=text(2))
    for number in (2, 3):
        bench.call(Op.UPDATE, memory_id="m1", text=text(number))
    bench.call(Op.GET, ANNA, SeenMemory("m1", text(3), ANNA, 3), memory_id="m1")
    bench.call(Op.GET, ANNA, SeenMemory("m1", text(2), ANNA, 4), memory_id="m1")
    bench.conclude(bench.answering(listing(SeenMemory("m1", text(2), ANNA, 4))))
    assert bench.told == {}


def test_keyed_value_that_goes_back_is_stale() -> None:
    """What was set last under a key is what a get gives."""
    bench = Bench(STRONG)
    for number in (1, 2):
        bench.call(Op.SET, ANNA, SeenMemory("k1", text(number), ANNA, number), key="a", text=text(number))
    bench.call(Op.GET_KEYED, ANNA, SeenMemory("k1", text(1), ANNA, 1), key="a")
    bench.conclude(bench.answering(lambda _: Reply(0, 0, Ended.OK, status=200, memories=[_k(2)])))
    assert bench.told == {"stale read": 1}


def test_keyed_value_that_is_nowhere_is_lost() -> None:
    """A value that was set and is not there, by key and in the list, is lost."""
    bench = Bench(STRONG)
    bench.call(Op.SET, ANNA, SeenMemory("k1", text(1), ANNA, 1), key="a", text=text(1))
    bench.conclude(
        bench.answering(lambda request: Reply(0, 0, Ended.OK, status=200) if request.op is Op.LIST else _nothing())
    )
    assert set(bench.told) == {"lost write"}


def _k(version: int) -> SeenMemory:
    return SeenMemory("k1", text(version), ANNA, version)


# Searches


def test_search_for_its_very_text_finds_a_memory_within_the_bound() -> None:
    """Two searches in a row that miss it after the bound are a stale read; before it, or once, they are nothing."""
    bench = Bench(STRONG)
    bench.add("m1", text(1))
    for _ in range(3):
        bench.call(Op.SEARCH, query=text(1))
    assert bench.told == {}
    bench.now += 1
    bench.call(Op.SEARCH, query=text(1))
    assert bench.told == {}
    for _ in range(3):
        bench.call(Op.SEARCH, query=text(1))
    assert bench.told == {"stale read": 1}, "told once"
    bench.call(Op.SEARCH, ANNA, SeenMemory("m1", text(1), ANNA, 1), query=text(1))
    assert bench.judge.measured["time to visibility"].quantile(0.5) > 1, "what is late is measured, too"


def test_search_may_cut_off() -> None:
    """An answer as long as `top_k` may have cut the memory off, and any other query may prefer others."""
    bench = Bench(STRONG)
    bench.add("m1", text(1))
    others = [SeenMemory(f"o{number}", f"another text {number}", ANNA) for number in range(10)]
    bench.now += 2
    for _ in range(3):
        bench.call(Op.SEARCH, ANNA, *others, query=text(1))
        bench.call(Op.SEARCH, query="harbour")
    assert bench.told == {}


def test_one_miss_is_looked_at_again_at_the_end() -> None:
    """A search that missed a memory once, after the bound, is made again in the last reading."""
    for again, told in (((), {"stale read": 1}), ((SeenMemory("m1", text(1), ANNA),), {})):
        bench = Bench({**STRONG, "search": {"exact": False}})
        bench.add("m1", text(1))
        bench.now += 2
        bench.call(Op.SEARCH, query=text(1))

        def answer(request: Request, again: tuple[SeenMemory, ...] = again) -> Reply:
            shown = again if request.op is Op.SEARCH else (SeenMemory("m1", text(1), ANNA),)
            return Reply(0, 0, Ended.OK, status=200, memories=list(shown))

        bench.conclude(bench.answering(answer))
        assert bench.told == told


def test_search_that_shows_nothing_is_made_again() -> None:
    """A query with a fact's marker got no result; the same at the end shows the fact, which was there all the time."""
    bench = Bench(STRONG)
    bench.add("m1", text(1))
    bench.now += 2
    bench.call(Op.SEARCH, query=f"what about {Marker(0, 1).word} at dawn")
    bench.conclude(bench.answering(listing(SeenMemory("m1", text(1), ANNA))))
    assert bench.told == {"stale read": 1}


def test_times_to_visibility_and_to_forget_are_measured() -> None:
    """From the acknowledgement to the end of the first search for the very text that shows it, or does no longer."""
    bench = Bench(STRONG)
    bench.add("m1", text(1))
    bench.call(Op.SEARCH, query=text(1))
    bench.call(Op.SEARCH, ANNA, SeenMemory("m1", text(1), ANNA, 1), query=text(1))
    bench.call(Op.SEARCH, ANNA, SeenMemory("m1", text(1), ANNA, 1), query=text(1))
    bench.call(Op.DELETE, memory_id="m1", status=204)
    bench.call(Op.SEARCH, query=text(1))
    measured = bench.judge.measured
    assert {name: histogram.count for name, histogram in measured.items()} == {
        "time to visibility": 1,
        "time to forget": 1,
    }
    assert measured["time to visibility"].quantile(0.5) == pytest.approx(0.202, abs=0.01)
    assert measured["time to forget"].quantile(0.5) == pytest.approx(0.101, abs=0.01)


# Foreign memories


def test_memory_of_another_scope_is_foreign() -> None:
    """A memory that names another `user_id` is foreign, and the witness says whose it is."""
    bench = Bench(STRONG)
    bench.call(Op.SEARCH, ANNA, SeenMemory("m9", "anything", BEN, 1), query="q")
    assert bench.told == {"foreign memory": 1}
    assert BEN in bench.judge.violations()[0]["witness"][0]


def test_text_of_another_person_is_foreign() -> None:
    """A plugin names no person: the marker in the text tells whose it is."""
    bench = Bench(STRONG)
    bench.call(Op.SEARCH, ANNA, SeenMemory("m9", text(3, person=1)), query="q", driver="plugin")
    bench.add("m1", text(1))
    bench.call(Op.GET, ANNA, SeenMemory("m1", text(4, person=1), ANNA, 1), memory_id="m1")
    assert bench.told == {"foreign memory": 2}


def test_memory_that_is_known_as_anothers_is_foreign() -> None:
    """Without person and marker, the id tells whose a memory is."""
    bench = Bench(STRONG)
    bench.add("m1", "a message without a marker", BEN)
    bench.call(Op.SEARCH, ANNA, SeenMemory("m1", "a message without a marker"), query="q", driver="plugin")
    assert bench.told == {"foreign memory": 1}


def test_text_that_was_written_for_this_person_is_not_foreign() -> None:
    """Whoever's marker a text has: what was written for this person is this person's."""
    bench = Bench(STRONG)
    bench.add("m1", text(3, person=1))
    bench.lost_call(Op.ADD, text=text(4, person=1))
    shown = (SeenMemory("m1", text(3, person=1), ANNA, 1), SeenMemory("m2", text(4, person=1)))
    bench.call(Op.SEARCH, ANNA, *shown, query="q")
    assert bench.told == {}


def test_unknown_memory_without_marker_is_counted_as_unexplained() -> None:
    """What nobody is known to have written is no breach: it is counted among what was checked."""
    bench = Bench(STRONG)
    bench.call(Op.SEARCH, ANNA, SeenMemory("m9", "whatever it is", ANNA, 1), query="q")
    assert bench.told == {}
    assert bench.judge.checked["unexplained"] == 1


# Deleted and erased


def test_deleted_memory_is_not_seen_beyond_the_bound() -> None:
    """A get must not show it at once, a search not after the bound; each deleted memory is told once."""
    bench = Bench(STRONG)
    for number in (1, 2):
        bench.add(f"m{number}", text(number))
        bench.call(Op.DELETE, memory_id=f"m{number}", status=204)
    bench.call(Op.SEARCH, ANNA, SeenMemory("m1", text(1), ANNA, 1), query="q")
    assert bench.told == {}
    bench.call(Op.GET, ANNA, SeenMemory("m2", text(2), ANNA, 1), memory_id="m2")
    bench.now += 2
    for _ in range(3):
        bench.call(Op.SEARCH, ANNA, SeenMemory("m1", text(1), ANNA, 1), query="q")
    assert bench.told == {"deleted memory seen": 2}


def test_update_of_a_deleted_memory_finds_it() -> None:
    """An update that is acknowledged after the deletion shows that the memory is still there."""
    bench = Bench(STRONG)
    bench.add("m1", text(1))
    bench.call(Op.DELETE, memory_id="m1", status=204)
    bench.call(Op.UPDATE, ANNA, SeenMemory("m1", text(2), ANNA, 2), memory_id="m1", text=text(2))
    assert bench.told == {"deleted memory seen": 1}


def test_deletion_without_answer_proves_nothing() -> None:
    """It may happen later, or never."""
    bench = Bench(STRONG)
    bench.add("m1", text(1))
    bench.lost_call(Op.DELETE, memory_id="m1")
    bench.now += 2
    bench.call(Op.GET, ANNA, SeenMemory("m1", text(1), ANNA, 1), memory_id="m1")
    assert bench.told == {}


def test_repeated_deletion_proves_the_first() -> None:
    """A deletion got no answer, its repeat a 404: from then on the memory is gone for certain."""
    bench = Bench(STRONG)
    bench.add("m1", text(1))
    bench.lost_call(Op.DELETE, memory_id="m1")
    bench.call(Op.DELETE, memory_id="m1", status=404)
    assert bench.told == {}
    bench.call(Op.GET, ANNA, SeenMemory("m1", text(1), ANNA, 1), memory_id="m1")
    assert bench.told == {"deleted memory seen": 1}


def erase(bench: Bench, person: str = ANNA, *, done: bool = True) -> None:
    """Have a person erased."""
    bench.call(Op.ERASE, person, status=202, reply={"operation_id": f"o {person}", "operation_status": "pending"})
    if done:
        more = {"operation_id": f"o {person}", "operation_status": "succeeded"}
        bench.call(Op.OPERATION, person, operation_id=f"o {person}", reply=more)


def test_what_an_erasure_covers_is_residue_after_it() -> None:
    """What was acknowledged before it was asked for must not be seen once it is done, and may be while it goes on."""
    bench = Bench(STRONG)
    bench.add("m1", text(1))
    erase(bench, done=False)
    bench.call(Op.LIST, ANNA, SeenMemory("m1", text(1), ANNA, 1))
    assert bench.told == {}
    erase(bench)
    bench.conclude(bench.answering(listing(SeenMemory("m1", text(1), ANNA, 1))))
    assert bench.told == {"residue after erase": 1}


def test_later_writes_survive_an_erasure() -> None:
    """A memory that was added after an erasure was acknowledged must be there, one that overlaps it need not."""
    bench = Bench(STRONG)
    overlapping = Request(Op.ADD, ANNA, text=text(1))
    bench.judge.begin(overlapping)
    start = bench.now
    erase(bench, done=False)
    bench.judge.see(
        overlapping, Reply(start, bench.now, Ended.OK, memories=[SeenMemory("m1", text(1), ANNA, 1)]), "direct"
    )
    bench.add("m2", text(2))
    erase(bench)
    bench.call(Op.LIST)
    assert bench.told == {}, "both may have been covered by the second erasure"
    bench.add("m3", text(3))
    bench.call(Op.LIST)
    assert bench.told == {"lost write": 1}


def test_erasure_of_another_takes_nothing_along() -> None:
    """A memory that was seen before the erasure of another person, and is gone after it, is collateral."""
    bench = Bench(STRONG)
    bench.add("m1", text(1))
    bench.call(Op.GET, ANNA, SeenMemory("m1", text(1), ANNA, 1), memory_id="m1")
    erase(bench, BEN)
    bench.call(Op.LIST)
    assert bench.told == {"collateral of an erase": 1}
    assert any(BEN in line for line in bench.judge.violations()[0]["witness"])


# Duplicates and repeats


def test_one_add_makes_one_memory() -> None:
    """Two memories with the text of one add are a duplicate, in one answer or on two pages."""
    for cursor in (None, "c"):
        bench = Bench(PLAIN)
        bench.add("m1", text(1))
        first, second = SeenMemory("m1", text(1), ANNA, 1), SeenMemory("m2", text(1), ANNA, 1)
        if cursor is None:
            bench.call(Op.LIST, ANNA, first, second)
        else:
            bench.call(Op.LIST, ANNA, first, reply={"next_cursor": cursor})
            bench.call(Op.LIST, ANNA, second, cursor=cursor)
        bench.call(Op.LIST, ANNA, first, second)
        assert bench.told == {"duplicate": 1}, "told once"


def test_repeat_with_a_key_makes_one_memory() -> None:
    """After a time-out and a repeat: with a key that the server heeds one memory, without it two are legal."""
    for capabilities, key, told in (
        (STRONG, "k", {"duplicate": 1}),
        (STRONG, None, {}),
        (PLAIN, "k", {}),
    ):
        bench = Bench(capabilities)
        bench.lost_call(Op.ADD, text=text(1), idempotency_key=key)
        bench.add("m2", text(1), idempotency_key=key)
        bench.call(Op.LIST, ANNA, *(SeenMemory(f"m{number}", text(1), ANNA, 1) for number in (1, 2)))
        assert bench.told == told, (capabilities["profiles"], key)


def test_repeats_of_a_plugin_are_excused_where_no_key_is_heeded() -> None:
    """A plugin may have sent an add twice; with idempotency it had a key of its own."""
    for capabilities, told in ((PLAIN, {}), (STRONG, {"duplicate": 1})):
        bench = Bench(capabilities)
        bench.add("m1", text(1), driver="plugin")
        bench.call(Op.LIST, ANNA, *(SeenMemory(f"m{number}", text(1), ANNA, 1) for number in (1, 2)))
        assert bench.told == told


def test_repeat_gives_the_same_memory() -> None:
    """The repeat of an acknowledged add has the first one's id, also when that was deleted, within the window."""
    bench = Bench(STRONG)
    bench.add("m1", text(1), idempotency_key="k")
    bench.call(Op.DELETE, memory_id="m1", status=204)
    bench.add("m1", text(1), idempotency_key="k")
    bench.call(Op.LIST)
    assert bench.told == {}
    bench.add("m2", text(1), idempotency_key="k")
    assert bench.told == {"unstable repeat": 1}
    bench.now += 3600
    bench.add("m3", text(1), idempotency_key="k")
    assert bench.told == {"unstable repeat": 1}


def test_one_id_in_two_places_is_a_duplicate() -> None:
    """One id twice in an answer, or for two added texts, is told."""
    bench = Bench(STRONG)
    bench.call(Op.SEARCH, ANNA, *[SeenMemory("m9", "x", ANNA, 1)] * 2, query="q")
    assert bench.told == {"duplicate": 1}
    bench.add("m1", text(1))
    bench.add("m1", text(2))
    assert bench.told["duplicate"] == 2 or bench.told["changed content"] == 1


def test_exact_dedupe_may_give_the_memory_that_is_there() -> None:
    """Where the server declares it, adding a text again gives the same memory."""
    bench = Bench({**PLAIN, "write": {"dedupe": "exact"}})
    for _ in range(2):
        bench.add("m1", text(1))
    bench.call(Op.LIST, ANNA, SeenMemory("m1", text(1), ANNA, 1))
    assert bench.told == {}


def test_refused_write_is_not_there() -> None:
    """What was refused must not be seen, unless a later try was taken; a 5xx is no refusal."""
    bench = Bench(STRONG)
    for number, ended in ((1, Ended.REFUSED), (2, Ended.UNKNOWN), (3, Ended.REFUSED)):
        bench.call(Op.ADD, status=429, ended=ended, text=text(number))
    bench.add("m3", text(3))
    bench.call(Op.LIST, ANNA, *(SeenMemory(f"m{number}", text(number), ANNA, 1) for number in (3, 2, 1)))
    assert bench.told == {"refused write seen": 1}


# Contents


def test_changed_content_is_told_once() -> None:
    """A text that is not, code point for code point, what was written is told of once, with the place."""
    bench = Bench(STRONG)
    bench.call(Op.ADD, ANNA, SeenMemory("m1", text(1)[:-1], ANNA, 1), status=201, text=text(1))
    bench.add("m2", text(2))
    for _ in range(3):
        bench.call(Op.LIST, ANNA, SeenMemory("m2", text(2).upper(), ANNA, 1), SeenMemory("m1", text(1)[:-1], ANNA, 1))
    assert bench.told == {"changed content": 2}
    assert "from character" in bench.judge.violations()[0]["witness"][0]


def test_plugin_may_shorten() -> None:
    """A text that a plugin shows in part is not held against the server; it is told as not judged."""
    bench = Bench(STRONG)
    bench.add("m1", text(1))
    bench.call(Op.SEARCH, ANNA, SeenMemory("m1", text(1)[:9]), query="q", driver="plugin")
    assert bench.told == {}
    assert any("shorten" in reason for reason in summed(bench)["suspended"])


def summed(bench: Bench) -> dict[str, Any]:
    """Return the violations as the result has them."""
    findings = Findings()
    findings.merge(bench.judge.delta())
    return findings.violations()


# Whole records: batches, imports, exports


def test_batches_and_imports_are_writes() -> None:
    """What a batch or an import was acknowledged for must be there at the end; half a batch only so far."""
    bench = Bench(STRONG)
    done = SeenMemory("b1", text(1), ANNA, 1)
    bench.call(Op.BATCH, ANNA, done, ended=Ended.UNKNOWN, texts=[text(1), text(2)])
    record = {"id": "i1", "content": text(3), "scope": {"user_id": ANNA}}
    foreign = {"id": "i2", "content": text(4, person=1), "scope": {"user_id": BEN}}
    bench.call(Op.IMPORT, document="\n".join(map(json.dumps, ({"type": "manifest"}, record, foreign))).encode())
    bench.conclude(bench.answering(listing()))
    assert bench.told == {"lost write": 2}


def test_export_is_a_whole_list() -> None:
    """An export shows every memory that was there throughout."""
    bench = Bench(STRONG)
    bench.add("m1", text(1))
    bench.call(Op.EXPORT, reply={"document": b"{}"})
    assert bench.told == {"lost write": 1}


# What cannot be judged


def test_server_without_promises_is_not_judged_by_them() -> None:
    """Where no consistency is declared, nothing is late, and the findings say so. Foreign memories are told."""
    bench = Bench(SILENT)
    bench.add("m1", text(1))
    bench.call(Op.LIST)
    bench.call(Op.GET, memory_id="m1", status=404)
    bench.call(Op.DELETE, memory_id="m1", status=204)
    bench.now += 100
    bench.call(Op.SEARCH, ANNA, SeenMemory("m1", text(1), ANNA, 1), query="q")
    bench.conclude(bench.answering(listing()))
    assert bench.told == {}
    reasons = " ".join(summed(bench)["suspended"])
    assert "search: the server declares no max_staleness_ms" in reasons
    assert "list: the server declares no consistency" in reasons
    bench.call(Op.SEARCH, ANNA, SeenMemory("m9", "x", BEN, 1), query="q")
    assert bench.told == {"foreign memory": 1}


def test_forgotten_attempts_suspend_their_person(monkeypatch: pytest.MonkeyPatch) -> None:
    """Evidence that could excuse a server is never forgotten without letting the law go, too."""
    monkeypatch.setattr(docket, "ATTEMPTS", 2)
    bench = Bench(PLAIN)
    for number in range(4):
        bench.lost_call(Op.ADD, text=text(number))
    bench.add("m9", text(0))
    bench.call(Op.LIST, ANNA, *(SeenMemory(name, text(0), ANNA, 1) for name in ("m8", "m9")))
    assert bench.told == {}


def test_forgotten_graves_are_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """A memory that was deleted long ago, and many since, is forgotten: it is unexplained when it comes back."""
    monkeypatch.setattr(docket, "GRAVES", 2)
    bench = Bench(STRONG)
    for number in range(4):
        bench.add(f"m{number}", text(number))
        bench.call(Op.DELETE, memory_id=f"m{number}", status=204)
    bench.call(Op.GET, ANNA, SeenMemory("m0", text(0), ANNA, 1), memory_id="m0")
    assert bench.told == {}
    bench.call(Op.GET, ANNA, SeenMemory("m3", text(3), ANNA, 1), memory_id="m3")
    assert bench.told == {"deleted memory seen": 1}


def test_last_reading_of_a_dead_server_ends_and_says_so() -> None:
    """A server that does not answer any more is given up, without blame, and it is told who was not read back."""
    bench = Bench(STRONG)
    for number in range(3):
        bench.add(f"m{number}", text(number, person=number), PEOPLE.person(number))
    bench.conclude(bench.answering(lambda _: Reply(0, 0, Ended.UNKNOWN, Failed("connection refused", ""))))
    assert bench.told == {}
    assert summed(bench)["checked"]["people read back"] == 0
    assert any("3 of 3 people were not read back" in reason for reason in summed(bench)["suspended"])


def test_last_reading_takes_a_sample_of_many() -> None:
    """With more people than asked for, some are read back, and how many is told."""
    bench = Bench(STRONG)
    for number in range(10):
        bench.add(f"m{number}", text(0, person=number), PEOPLE.person(number))

    def answer(request: Request) -> Reply:
        number = next(each for each in range(10) if PEOPLE.person(each) == request.person)
        return Reply(0, 0, Ended.OK, memories=[SeenMemory(f"m{number}", text(0, person=number), request.person, 1)])

    bench.judge.conclude(bench.answering(answer), people=4, sleep=lambda _: None)
    assert (bench.told, summed(bench)["checked"]["people read back"]) == ({}, 4)
    assert any("6 of 10" in reason for reason in summed(bench)["suspended"])


# Telling


def test_findings_add_up_over_judges_and_match_the_schema() -> None:
    """Deltas are JSON; a later one of the same judge replaces it; the sum is as the result's schema wants it."""
    whole = Findings()
    for person in (0, 1):
        bench = Bench(STRONG)
        for number in range(6):
            bench.add(f"m{number}", text(number, person), PEOPLE.person(person))
            whole.merge(json.loads(json.dumps(bench.judge.delta())))
        bench.call(Op.LIST, PEOPLE.person(person))
        bench.call(Op.SEARCH, PEOPLE.person(person), query=text(0, person))
        whole.merge(json.loads(json.dumps(bench.judge.delta())))
    violations = whole.violations()
    assert violations["total"] == 12
    assert violations["checked"]["writes"] == 12
    assert [row["count"] for row in violations["found"]] == [12]
    assert len(violations["found"][0]["example"]["others"]) == 3
    schema = json.loads((_root() / "schemas/results/load.schema.json").read_text(encoding="utf-8"))
    part = {"$schema": schema["$schema"], **schema["properties"]["violations"]}
    assert list(_errors(part, violations)) == []


def _root() -> Any:
    from pathlib import Path

    return Path(__file__).resolve().parents[2]


def _errors(schema: dict[str, Any], value: Any) -> Any:
    import jsonschema

    return jsonschema.Draft202012Validator(schema).iter_errors(value)


# Cost


def test_memory_of_a_judge_grows_by_little_more_than_300_bytes_a_memory() -> None:
    """A live memory costs some 300 bytes, its id included; texts are not kept."""
    judge, maker, chance = Judge(STRONG), TextMaker(1), random.Random(1)
    facts = [(PEOPLE.person(number % 20), maker.fact(chance, number % 20)) for number in range(20_000)]
    ids = [f"0199f3c2-0000-7000-8000-{number:012d}" for number in range(20_000)]
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for (person, fact), memory_id in zip(facts, ids, strict=True):
            now = time.monotonic()
            shown = [SeenMemory(memory_id, fact, person, 1)]
            judge.see(Request(Op.ADD, person, text=fact), Reply(now, now + 1e-3, Ended.OK, memories=shown), "direct")
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown / 20_000 < 300  # the ids themselves, some 85 bytes, were there before


def test_judge_keeps_up() -> None:
    """Ten thousand adds and ten thousand results are judged in a few seconds, however busy the machine is."""
    bench = Bench(STRONG)
    started = time.perf_counter()
    for number in range(10_000):
        bench.add(f"m{number}", text(number))
    shown = [SeenMemory(f"m{number}", text(number), ANNA, 1) for number in range(10)]
    for _ in range(1_000):
        bench.call(Op.SEARCH, ANNA, *shown, query="harbour", top_k=10)
    assert time.perf_counter() - started < 10
    assert bench.told == {}


def test_hot_value_stays_cheap_and_bounded() -> None:
    """A value that is set and read many thousand times keeps a short story, and a fault at the end is still found."""
    bench = Bench(STRONG)
    for number in itertools.count(1):
        bench.call(Op.SET, ANNA, SeenMemory("k1", text(number), ANNA, number), key="a", text=text(number))
        bench.call(Op.GET_KEYED, ANNA, SeenMemory("k1", text(number), ANNA, number), key="a")
        if number == 3_000:
            break
    story = bench.judge._docket.people[ANNA].keyed["a"]
    assert len(story.operations) < 100
    assert bench.told == {}
    bench.call(Op.GET_KEYED, ANNA, SeenMemory("k1", text(2_999), ANNA, 2_999), key="a")
    bench.conclude(bench.answering(lambda _: Reply(0, 0, Ended.OK, memories=[_k(3_000)])))
    assert bench.told == {"stale read": 1}
