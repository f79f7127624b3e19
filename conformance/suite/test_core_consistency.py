"""Reading leaves no trace, reads are as consistent as declared, concurrent adds are all kept."""

from collections.abc import Callable

from memconform.answer import control, must
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.http import together
from memconform.memory_api import Memory, MemoryApi, Scope
from memconform.requirement import requirement
from memconform.scene.eventually import eventually, settle
from memconform.scene.listing import listed, must_hold
from memconform.scene.notebook import NOTEBOOK, notebook
from memconform.scene.one_life import ONE_LIFE, one_life
from memconform.scene.oracle import difference
from memconform.scopes import Scopes
from memconform.verdict import Inconclusive, NotMet

BUSY = 503


@requirement("CORE-21", stories=(ONE_LIFE,))
def test_one_reading_changes_nothing(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """Two gets and a search between two lists leave a memory as it was."""
    life = one_life(memory, scopes, capabilities)
    before, after = (life.listed(turn, "added") for turn in (0, 1))
    control(before, "the list does not hold the memory that was added")
    _must_be_unchanged("the listed memory", before or {}, after or {})
    first, second = (life[step].control(200).control_object("id", str) for step in ("read elsewhere", "read again"))
    _must_be_unchanged("the memory read by id", first, second)


@requirement("CORE-21", requests=(0, 26, 48))
def test_reading_changes_nothing(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget
) -> None:
    """Gets, lists, searches and refused reads leave every memory and the list as they were."""
    added = [memory.add(f"the {name} is blue", scope) for name in ("kettle", "door")]
    settle(max(capabilities.staleness(read) for read in ("get", "list", "search")))
    before = _digest(memory, scope, added)
    for _ in range(budget.of(1, 2, 5)):
        _read(memory, scope, added, search="search" in capabilities.profiles)
    after = _digest(memory, scope, added)
    must(len(after) == len(before), f"{len(before)} records as before the reads", f"{len(after)}")
    for (what, old), (_, new) in zip(before, after, strict=True):
        _must_be_unchanged(what, old, new)


def _must_be_unchanged(what: str, old: Memory, new: Memory) -> None:
    name = difference(old, new)
    if name is not None:
        raise NotMet(f"{name} of {what} = {old.get(name)!r} as before the reads", f"{new.get(name)!r} after them")


@requirement("CORE-22", stories=(ONE_LIFE,))
def test_reads_elsewhere_see_one_life(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """An add and a delete show on another connection: in get and list, in the very next request where strong."""
    life = one_life(memory, scopes, capabilities)
    get, listing = (_promise(read, capabilities.staleness(read)) for read in ("get", "list"))
    for step in ("added", "bare"):
        must(life.listed(0, step), f"a list with the memory that was just added; {listing}", "a list without it")
    life["read elsewhere"].must_be(200, because=f"it was added on another connection; {get}")
    life["deleted"].control(204)
    life["read when deleted"].must_be(404, because=f"it was deleted on another connection; {get}")
    must(not life.listed(2, "bare"), f"a list without the memory that was deleted; {listing}", "a list with it")


@requirement("CORE-22", requests=(0, 130, 800))
def test_reads_see_every_acknowledged_write(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget
) -> None:
    """Each add and delete shows in get and list on another connection: in the very next request where strong."""
    elsewhere = memory.elsewhere()
    strong = capabilities.staleness("get") == capabilities.staleness("list") == 0
    for number in range(budget.beyond_smoke(8, 60) if strong else budget.of(1, 5, 20)):
        writer, reader = (memory, elsewhere) if number % 2 == 0 else (elsewhere, memory)
        added = writer.add(f"round {number}", scope)
        looks: list[Look] = [_must_list, _must_get] if number % 2 == 0 else [_must_get, _must_list]
        for look in looks:
            look(reader, scope, added, capabilities, there=True)
        writer.delete(added["id"]).control(204)
        for look in reversed(looks):
            look(reader, scope, added, capabilities, there=False)


@requirement("CORE-23", stories=(NOTEBOOK,))
def test_notes_added_at_once_are_all_kept(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """Of memories added at the same moment each is listed afterwards, once, with its own content."""
    story = notebook(memory, scopes, capabilities)
    answers = story.all("at once")
    ids = {answer.must_be(201, because="one of several adds at the same moment").json.get("id") for answer in answers}
    must(len(ids) == len(answers), f"{len(answers)} ids for as many adds", f"{len(ids)} different ids")
    must_hold(story.before, story.texts, f"the list after {len(story.texts)} concurrent adds")
    for item in story.before:
        text = story.texts[str(item.get("id"))]
        must(item.get("content") == text, f"content {text!r} as it was added", f"{item.get('content')!r} under its id")


@requirement("CORE-23", requests=(0, 98, 490))
def test_concurrent_adds_are_all_kept(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget
) -> None:
    """Of memories added at the same moment each is there afterwards, once, with its own content."""
    expected: dict[str, str] = {}
    for burst in range(budget.beyond_smoke(1, 4)):
        texts = [f"at once {burst}.{number}" for number in range(budget.of(8, 16, 32))]
        added = together([lambda text=text: _add(memory, scope, text) for text in texts])  # type: ignore[misc]  # mypy cannot infer a lambda with a default
        must(len(set(added)) == len(added), f"{len(added)} ids for as many adds", f"{len(set(added))} different ids")
        expected |= dict(zip(added, texts, strict=True))
    settle(max(capabilities.staleness("list"), capabilities.staleness("get")))
    items = listed(memory, scope)
    must_hold(items, expected, f"the list after {len(expected)} concurrent adds")
    single = [] if budget.size == "smoke" else [memory.get(memory_id).must_be(200).json for memory_id in expected]
    for item in [*items, *single]:
        text = expected.get(str(item.get("id")))
        must(item.get("content") == text, f"content {text!r} as it was added", f"{item.get('content')!r} under its id")


@requirement("CORE-23", requests=(0, 16, 64))
def test_equal_texts_added_at_once_for_different_people_are_all_kept(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, budget: Budget
) -> None:
    """Of equal texts added at the same moment in different scopes each is kept in its own."""
    text = "the same words, said by many at once"
    people = [scopes.fresh() for _ in range(budget.beyond_smoke(8, 32))]
    added = together([lambda scope=scope: _add(memory, scope, text) for scope in people])  # type: ignore[misc]  # mypy cannot infer a lambda with a default
    must(len(set(added)) == len(added), f"{len(added)} ids for as many adds", f"{len(set(added))} different ids")
    settle(max(capabilities.staleness("list"), capabilities.staleness("get")))
    for scope, memory_id in zip(people, added, strict=True):
        must_hold(listed(memory, scope), {memory_id: text}, "the list of one who said what others said at that moment")


Look = Callable[..., None]


def _must_get(reader: MemoryApi, scope: Scope, added: Memory, capabilities: Capabilities, *, there: bool) -> None:  # noqa: ARG001 - looks are called alike
    wanted, lag = (200 if there else 404), capabilities.staleness("get")
    answer = eventually(lambda: reader.get(added["id"]), lambda seen: seen.status == wanted, lag)
    done = "added" if there else "deleted"
    answer.must_be(wanted, because=f"it was {done} on another connection; {_promise('get', lag)}")


def _must_list(reader: MemoryApi, scope: Scope, added: Memory, capabilities: Capabilities, *, there: bool) -> None:
    def shows(items: list[Memory]) -> bool:
        return any(item.get("id") == added["id"] for item in items)

    lag = capabilities.staleness("list")
    items = eventually(lambda: listed(reader, scope), lambda seen: shows(seen) is there, lag)
    done, how = ("added", "with") if there else ("deleted", "without")
    expected = f"a list {how} the memory that was {done} on another connection; {_promise('list', lag)}"
    must(shows(items) is there, expected, f"a list of {len(items)}, {'without' if there else 'still with'} it")


def _promise(read: str, lag: float) -> str:
    return f"{read} is declared to lag by at most {lag:g} s" if lag else f"{read} is declared strong"


def _add(memory: MemoryApi, scope: Scope, text: str) -> str:
    answer = memory.post({"content": text, "scope": dict(scope)})
    if answer.status == BUSY:
        raise Inconclusive("the server was too busy for concurrent adds (503)", [answer.exchange])
    answer.must_be(201, because="one of several adds at the same moment")
    return str(answer.control_object("id", str)["id"])


def _digest(memory: MemoryApi, scope: Scope, added: list[Memory]) -> list[tuple[str, Memory]]:
    """Return what can be read, each record with the way it was read."""
    items = [
        (f"{item.get('content')!r} in place {place} of the list", item)
        for place, item in enumerate(listed(memory, scope))
    ]
    return [*items, *((f"{item.get('content')!r}", memory.fetch(item["id"])) for item in added)]


def _read(memory: MemoryApi, scope: Scope, added: list[Memory], *, search: bool) -> None:
    """Read in every way there is, also badly; what comes back is judged elsewhere."""
    older, *_ = added  # so that a list by last use would put it first
    memory.get(older["id"])
    memory.get(older["id"] + "0")
    if search:
        memory.search(str(older.get("content")), scope)
    memory.list(scope, limit=1)
    memory.list(scope, limit=0)
    memory.list(scope, cursor="no-cursor-of-this-server")
