"""Ids (CORE-11, CORE-12) and times (CORE-20)."""

import re
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from fractions import Fraction

from memconform.answer import Answer, must, shown
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.http import together
from memconform.memory_api import MEMORIES, MemoryApi
from memconform.requirement import requirement
from memconform.scene.eventually import settle
from memconform.scene.material import material
from memconform.scene.notebook import NOTEBOOK, notebook
from memconform.scene.one_life import ONE_LIFE, one_life
from memconform.scene.oracle import instant, repeated
from memconform.scene.refusals import ALL_REFUSED, never_given, refusals
from memconform.scopes import Scopes
from memconform.verdict import Inconclusive, NotMet

URL_SAFE = re.compile(r"[A-Za-z0-9._~-]{1,128}")
CLOCK_S = 5
DATE_GRANULARITY_S = 1
TOO_LONG = (404, 400, 422, 414, 431)


@requirement("CORE-11", stories=(ALL_REFUSED,))
def test_unknown_and_hostile_ids_are_refused(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """GET and DELETE of an id that no memory has are 404; one with a quote in it is 404, 400 or 422."""
    story = refusals(memory, scopes, capabilities)
    for step in ("an unknown id", "the deletion of an unknown id"):
        if step in story:
            story[step].must_be(404, because="no memory has this id")
    story["a quote in the id"].must_be(404, *(400, 422), because="there is a quote in the id")


@requirement("CORE-11", requests=(0, 5, 5))
def test_unknown_id_is_404(memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities) -> None:
    """The id of a deleted memory and one that never was are 404 for GET, and for DELETE."""
    gone = memory.add("Temporary", scope)["id"]
    memory.delete(gone).control(204)
    settle(capabilities.staleness("get"))
    memory.get(gone).must_be(404, because="the memory was deleted")
    never = never_given(gone)
    if never is not None:
        memory.get(never).must_be(404, because="no memory has this id")
        memory.delete(never).must_be(404, because="no memory has this id")


@requirement("CORE-11", requests=(0, 21, 21))
def test_hostile_ids_are_refused(memory: MemoryApi, scope: dict[str, str], budget: Budget) -> None:
    """Ids made of traversals, NUL, quotes, wildcards and 10,000 characters are 404, 400 or 422."""
    memory.add("A memory that a careless pattern might find", scope)  # only GET: nothing may be lost by a bad server
    for each in material("hostile_ids")[: budget.of(4, 19, 19)]:
        answer = memory.request("GET", f"{MEMORIES}/{each['segment']}")
        answer.must_be(404, *(400, 422), because=f"the id is {each['name']}: {shown(each['segment'])}")
    memory.request("GET", f"{MEMORIES}/{'x' * 10_000}").must_be(*TOO_LONG, because="the id has 10,000 characters")


@requirement("CORE-12", stories=(NOTEBOOK,))
def test_ids_given_at_once_differ(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """Ids given at the same moment are all different, URL-safe and at most 128 characters long."""
    answers = notebook(memory, scopes, capabilities).all("at once")
    _must_be_ids([str(answer.control(201).control_object("id", str)["id"]) for answer in answers])


@requirement("CORE-12", requests=(0, 22, 52))
def test_ids_are_unique_and_url_safe(memory: MemoryApi, scopes: Scopes, budget: Budget) -> None:
    """Ids given in parallel, in two scopes, are all different, URL-safe and at most 128 characters long."""
    mine, yours = scopes.fresh(), scopes.fresh()

    def add(number: int) -> Callable[[], str]:
        return lambda: str(memory.add(f"memory {number}", (mine, yours)[number % 2])["id"])

    ids = [memory.add("first", mine)["id"], memory.add("first", yours)["id"]]
    ids += together([add(number) for number in range(budget.of(4, 20, 50))])
    _must_be_ids(ids)


def _must_be_ids(ids: list[str]) -> None:
    unsafe = next((each for each in ids if not URL_SAFE.fullmatch(each) or each in (".", "..")), None)
    must(unsafe is None, "ids of 1 to 128 of the characters A-Z a-z 0-9 . _ ~ -", f"the id {shown(unsafe)}")
    twice = repeated(ids)
    must(not twice, f"{len(ids)} different ids for {len(ids)} memories", f"{shown(twice)} given more than once")


@requirement("CORE-12", stories=(ONE_LIFE,))
def test_id_of_a_deleted_memory_is_not_reused(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """A memory that is deleted and added again, word for word, gets a new id."""
    life = one_life(memory, scopes, capabilities)
    life["deleted"].control(204)
    old, new = life.record("bare")["id"], life.record("added anew")["id"]
    must(new != old, "a new id", f"{shown(old)} again, of the deleted memory", life["added anew"])


@requirement("CORE-12", requests=(0, 4, 4))
def test_ids_of_deleted_memories_are_not_reused(memory: MemoryApi, scope: dict[str, str]) -> None:
    """A memory that is deleted and added again, word for word, gets a new id, and so does the next one."""
    old = memory.add("I like rain", scope)["id"]
    memory.delete(old).control(204)
    for content in ("I like rain", "I like snow"):
        new = memory.post({"content": content, "scope": scope}).control(201)
        must(new.control_object("id", str)["id"] != old, "a new id", f"{shown(old)} again, of the deleted memory", new)


@requirement("CORE-20", stories=(ONE_LIFE,))
def test_timestamps_are_true_and_do_not_move(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """Timestamps are RFC 3339 in UTC, close to the Date header, in order, and the same at every later reading."""
    life = one_life(memory, scopes, capabilities)
    answer = life["added"].control(201)
    created, updated = _time(answer, "created_at"), _time(answer, "updated_at")
    must(created <= updated, "`created_at` not after `updated_at`", _both(answer), answer)
    date = _date(answer)
    allowed = CLOCK_S + DATE_GRANULARITY_S
    must(abs(created - date) <= allowed, f"`created_at` within {CLOCK_S} s of Date", _both(answer), answer)
    for step in ("read elsewhere", "read again"):
        later = life[step].control(200)
        must(_time(later, "created_at") == created, f"`created_at` {_said(answer)} as before", _said(later), later)
        must(_time(later, "created_at") <= _time(later, "updated_at"), "no update before creation", _both(later), later)
    listed = life.listed(1, "added")
    if listed is not None:
        seen = f"`created_at` {shown(listed.get('created_at'))} in the list"
        must(_moment(listed.get("created_at")) == created, f"`created_at` {_said(answer)} as before", seen)


def _time(answer: Answer, name: str) -> Fraction:
    value = answer.control_object("id", str).get(name)
    moment = _moment(value)
    if moment is None:
        raise NotMet(f"`{name}` as an RFC 3339 timestamp in UTC", shown(value), [answer.exchange])
    return moment


def _moment(value: object) -> Fraction | None:
    """Return a timestamp in UTC as seconds since 1970, None for what is none."""
    if not isinstance(value, str) or not re.search(r"([Zz]|[+-]00:00)$", value):
        return None
    try:
        return instant(value)
    except ValueError:
        return None


def _date(answer: Answer) -> float:
    header = answer.header("Date")
    if header is None:
        raise Inconclusive("the response has no Date header to compare `created_at` with", [answer.exchange])
    try:
        return parsedate_to_datetime(header).timestamp()
    except ValueError:
        raise Inconclusive(f"Date is {shown(header)}, which is no HTTP date", [answer.exchange]) from None


def _said(answer: Answer) -> str:
    return shown(answer.json.get("created_at"))


def _both(answer: Answer) -> str:
    record = answer.json
    times = f"`created_at` {shown(record.get('created_at'))}, `updated_at` {shown(record.get('updated_at'))}"
    return f"{times}, Date {shown(answer.header('Date'))}"
