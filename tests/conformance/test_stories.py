"""Scenes that several tests share: lived once, judged step by step."""

from __future__ import annotations

import json

import pytest

from memconform.answer import Answer
from memconform.exchange import Exchange, Received, Sent
from memconform.http import Target, Wire
from memconform.ledger import Ledger
from memconform.memory_api import MemoryApi, Principal
from memconform.plot import Plot
from memconform.recorder import Recorder
from memconform.scene.batches import expectations, must_have_status, results_of, sizes_of
from memconform.scene.entity_tags import if_match, if_none_match, must_be_tagged, tag_of, tag_or_none
from memconform.scene.idempotency import must_be_repeated, must_wait_or_conflict
from memconform.scene.patches import must_be_as, must_be_next, patched
from memconform.scene.races import must_have_raced, overlapped, raced
from memconform.scene.repeats import spelled_otherwise
from memconform.scene.shared_list import SharedList, requests_of
from memconform.scene.story import Story, once
from memconform.verdict import Inconclusive, NotApplicable, NotMet

RECORD = {"id": "m1", "content": "a", "scope": {"user_id": "u"}, "metadata": {"a": 1}, "version": 1}
TIMES = {"created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}


ONE, TWO = Plot("one", requests=2), Plot("two", requests=0)


def answered(status: int = 200, body: object = None, at: float = 0.0, seconds: float = 1.0, **headers: str) -> Answer:
    """Return an answer with that body."""
    received = Received(status, tuple(headers.items()), json.dumps(body).encode())
    return Answer(Exchange(Sent("GET", "http://memory.invalid/v1/memories"), received, seconds, at), received)


@pytest.fixture
def memory() -> MemoryApi:
    """Give a client that sends nothing."""
    from pathlib import Path

    wire = Wire(Target("http://memory.invalid"))
    ledger = Ledger(Path("unused"), "http://memory.invalid")
    return MemoryApi(wire, Recorder(1, lambda _: [], {"one": 2, "two": 0}), Principal("first"), ledger)


def test_a_story_is_lived_once(memory: MemoryApi) -> None:
    """The second test that asks gets what the first one lived; another name is another story."""
    lived: list[str] = []

    def live() -> Story:
        lived.append("once")
        return Story()

    assert once(memory, ONE, live) is once(memory, ONE, live)
    assert once(memory, TWO, live) is not once(memory, ONE, live)
    assert len(lived) == 2


def test_a_story_has_an_allowance_of_its_own(memory: MemoryApi) -> None:
    """Living it takes nothing from the test's own requests, and no more than the story announced."""

    def live() -> Story:
        memory.recorder.claim()
        memory.recorder.claim()
        return Story()

    once(memory, ONE, live)
    memory.recorder.claim()
    with pytest.raises(Inconclusive, match="announced"):
        memory.recorder.claim()
    with pytest.raises(Inconclusive, match="announced"):
        once(memory, TWO, live)
    assert memory.recorder.requests == 3


def test_a_story_that_was_not_announced_is_an_error_of_ours(memory: MemoryApi) -> None:
    """A test that looks at a story that its mark does not name would make the plan untrue."""
    with pytest.raises(ValueError, match="did not announce the story 'three'"):
        once(memory, Plot("three", requests=1), Story)


def test_a_story_that_sets_no_scene_says_so_each_time(memory: MemoryApi) -> None:
    """A reason is kept; what broke off is tried again."""
    lived: list[str] = []

    def live() -> Story:
        lived.append("tried")
        raise Inconclusive("no scene")

    def broken() -> Story:
        lived.append("broken")
        raise ConnectionError

    for _ in range(2):
        with pytest.raises(Inconclusive, match="no scene"):
            once(memory, ONE, live)
        with pytest.raises(ConnectionError):
            once(memory, TWO, broken)
    assert lived == ["tried", "broken", "broken"]


def test_a_story_knows_its_steps() -> None:
    """Steps are there with all their answers; one that was not taken does not apply."""
    story = Story()
    story.tell("added", answered(201, RECORD))
    story.tell("raced", answered(200), answered(412))
    assert story["raced"].status == 412
    assert [each.status for each in story.all("raced")] == [200, 412]
    assert story.record("added")["id"] == "m1"
    assert "changed" not in story
    assert story.acknowledged("changed", "raced")
    assert not story.acknowledged("changed")
    with pytest.raises(NotApplicable):
        story["changed"]
    with pytest.raises(Inconclusive):
        story.record("raced")


def test_a_patched_memory_is_compared_member_by_member() -> None:
    """Absent keeps, null removes, metadata become an empty object; version and time are not compared."""
    model = patched({**RECORD, "confidence": 0.5}, {"content": "b", "metadata": None, "confidence": None})
    assert model == {**RECORD, "content": "b", "metadata": {}}
    must_be_as(model, answered(200, {**model, "version": 2}), "after a patch")
    with pytest.raises(NotMet, match="content after a patch"):
        must_be_as(model, answered(200, {**model, "content": "a"}), "after a patch")
    with pytest.raises(Inconclusive):
        must_be_as(model, answered(422), "after a patch")


def test_the_next_version_is_one_higher_and_later() -> None:
    """Anything else is a finding; without version or time nothing is proven."""
    one = {**RECORD, **TIMES}
    two = {**one, "version": 2, "updated_at": "2026-01-01T00:00:00.001Z"}
    must_be_next(one, two)
    for wrong in ({"version": 3}, {"version": 1}, {"updated_at": TIMES["updated_at"]}):
        with pytest.raises(NotMet):
            must_be_next(one, two | wrong)
    with pytest.raises(Inconclusive):
        must_be_next(one, two | {"updated_at": "soon"})
    with pytest.raises(Inconclusive):
        must_be_next({}, two)


@pytest.mark.parametrize("tag", ['W/"x"', "x", "", '"a"b"'])
def test_only_strong_tags_count(tag: str) -> None:
    """A weak tag, and what is none, is a finding, and no condition can be made of it."""
    answer = answered(200, RECORD, ETag=tag)
    with pytest.raises(NotMet):
        must_be_tagged(answer, "a memory")
    with pytest.raises(Inconclusive):
        tag_of(answer)
    assert tag_or_none(answer) is None


def test_tags_are_sent_back_as_they_came() -> None:
    """Bytes beyond ASCII survive the way through latin-1 and UTF-8, where they can."""
    assert tag_of(answered(200, RECORD, ETag='"x,/W"')) == '"x,/W"'
    assert tag_of(answered(200, RECORD, ETag='"Ã©"')) == '"é"'
    assert tag_or_none(answered(200, RECORD, ETag='"é"')) is None
    assert if_match(None) == if_none_match(None) == {}
    assert if_match('"x"') == {"headers": {"If-Match": '"x"'}}


def test_a_race_needs_two_at_the_same_time() -> None:
    """Requests one after the other prove nothing, and neither does a server that is too busy."""
    apart = [answered(at=0.0), answered(at=1.0), answered(at=2.5)]
    assert not overlapped(apart)
    with pytest.raises(Inconclusive, match="race did not happen"):
        must_have_raced(apart)
    must_have_raced([*apart, answered(at=2.6)])
    with pytest.raises(Inconclusive, match="too busy"):
        raced([lambda: answered(200), lambda: answered(503)])


def test_another_spelling_is_the_same_value() -> None:
    """Members are turned round, characters escaped, numbers written otherwise; the value is the same."""
    value = {"a": 1, "b": [1.5, True, None, {"c": "é\U0001f469", "d": {}}], "e": -3}
    text = spelled_otherwise(value)
    assert json.loads(text) == value
    assert text != json.dumps(value).encode()
    assert b"1.0" in text


def test_repeats_are_answered_alike() -> None:
    """Another status or another member is a finding."""
    first = answered(201, RECORD)
    must_be_repeated(first, answered(201, RECORD))
    for repeat in (answered(200, RECORD), answered(201, {**RECORD, "id": "m2"})):
        with pytest.raises(NotMet):
            must_be_repeated(first, repeat)
    must_wait_or_conflict([first, answered(409), first])
    for others in ([answered(422), first], [first, answered(201, {**RECORD, "id": "m2"})], [answered(409)]):
        with pytest.raises(NotMet):
            must_wait_or_conflict(others)


def test_batches_have_a_result_for_each_item() -> None:
    """Results that are missing or out of place are a finding."""
    results = [{"index": 0, "status": 201}, {"index": 1, "status": 404}]
    assert results_of([answered(200, {"results": results})], [2]) == results
    for wrong in (results[:1], results[::-1]):
        with pytest.raises(NotMet):
            results_of([answered(200, {"results": wrong})], [2])
    with pytest.raises(NotMet):
        must_have_status(results[1], (204,), "a delete", answered())
    assert sizes_of(9, 4) == [4, 4, 1]
    assert len(expectations(updates=True)) == len(expectations(updates=False)) + 1


def test_a_shared_list_has_an_entry_for_each_client() -> None:
    """Names are told apart, and the bound has room for a client that loses every round."""
    story = SharedList(3)
    assert len(set(story.names)) == 3
    assert requests_of(3) >= 2 + 3 * 2 * 3
