"""Keys of every kind in every scope, races in number, and keyed memories where other memories are."""

from collections.abc import Callable
from itertools import combinations

from memconform.answer import Answer, must, must_equal
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.memory_api import MemoryApi
from memconform.requirement import requirement
from memconform.scene.differences import must_match
from memconform.scene.eventually import settle
from memconform.scene.keyed_story import items_of, list_pages, raced_value, racing_puts
from memconform.scene.material import material
from memconform.scene.oracle import difference
from memconform.scene.races import must_have_raced
from memconform.scene.server_clock import ServerClock
from memconform.scopes import SCOPE_MEMBERS, Scopes

SUBSETS = [chosen for size in range(1, 5) for chosen in combinations(SCOPE_MEMBERS, size)]

PATTERNS = ("..", "a/b", "a%2Fb", "a+b", "a b", "a&b=c", "#", "?", "\U0001f511", "0", "null")


@requirement("KEYED-01", requests=(0, 14, 34))
def test_the_last_one_set_is_got(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget
) -> None:
    """However often a key is set, GET by key and by id give the last memory, under one id, and the list has it once."""
    first = memory.keep("editor", scope, "value 0")
    for number in range(1, budget.beyond_smoke(3, 8)):
        body = {"content": f"value {number}", "metadata": {str(number): number}}
        last = memory.set("editor", scope, body).must_be(200, because="the key is set")
        settle(capabilities.staleness("get"))
        by_key, by_id = memory.get_keyed("editor", scope).must_be(200), memory.get(first["id"]).must_be(200)
        for read in (by_key, by_id):
            name = difference(last.json, read.json)
            must(name is None, "the memory that was set last", f"another {name}", last, read)
    settle(capabilities.staleness("list"))
    pages = list_pages(memory, scope)
    must_equal([item.get("id") for item in items_of(pages)], [first["id"]], "ids listed =", *pages)


@requirement("KEYED-02", requests=(0, 40, 120))
def test_keys_of_every_kind(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget
) -> None:
    """Keys that differ in case, blanks, normal form, or look like patterns or paths, hold one memory each."""
    room = capabilities.limit_or("key_bytes", 256)
    keys = dict.fromkeys([*PATTERNS, *material("scope_values")])
    fitting = [key for key in keys if len(key.encode()) <= room][: budget.beyond_smoke(15, 60)]
    for key in fitting:
        answer = memory.set(key, scope, {"content": f"under {key!a}"})
        answer.must_be(201, because=f"nothing was set under the key {key!a}")
        must_match(key, answer.json.get("key"), "key:", answer)
    settle(capabilities.staleness("get"))
    for key in fitting:
        got = memory.get_keyed(key, scope).must_be(200, because=f"the key {key!a} is set")
        must_match(f"under {key!a}", got.json.get("content"), f"content under the key {key!a}:", got)


@requirement("KEYED-03", requests=(0, 34, 34))
def test_every_exact_scope_has_its_own(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """One key in each subset of the four scope members is as many memories, each got in its own scope."""
    value = {member: scopes.value() for member in SCOPE_MEMBERS}
    placed = [scopes.use({member: value[member] for member in subset}) for subset in SUBSETS]
    for scope in placed:
        content = {"content": f"of {sorted(scope)}"}
        memory.set("editor", scope, content).must_be(201, because=f"the key is new in the exact scope {sorted(scope)}")
    settle(capabilities.staleness("get"))
    for scope in placed:
        got = memory.get_keyed("editor", scope).must_be(200, because="the key is set in this exact scope")
        must_equal(got.json.get("content"), f"of {sorted(scope)}", "content in an exact scope =", got)


@requirement("KEYED-04", requests=(0, 45, 300))
def test_many_racing_puts_leave_one(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget
) -> None:
    """Round after round PUTs at the same moment leave one memory of one piece under the key, new or not."""
    racers, fresh = budget.beyond_smoke(8, 16), {"headers": {"If-None-Match": "*"}}
    for turn in range(budget.beyond_smoke(2, 8)):
        key = f"race {turn}"
        answers = racing_puts(memory, key, scope, racers)
        created = sum(answer.must_be(200, 201).status == 201 for answer in answers)
        must(created == 1, "201 for one of the PUTs at once", f"201 for {created}", *answers)
        _must_have_one_value(memory, capabilities, scope, key, answers)
        if "concurrency" in capabilities.profiles:
            answers = racing_puts(memory, f"{key}, once", scope, racers, **fresh)
            won = sum(answer.must_be(201, 412).status == 201 for answer in answers)
            must(won == 1, "one PUT with If-None-Match: * let in", f"{won} let in", *answers)
            _must_have_one_value(memory, capabilities, scope, f"{key}, once", answers)


def _must_have_one_value(
    memory: MemoryApi, capabilities: Capabilities, scope: dict[str, str], key: str, answers: list[Answer]
) -> None:
    settle(capabilities.staleness("get"))
    got = memory.get_keyed(key, scope).must_be(200, because="several PUTs went through")
    accepted = [raced_value(key, place) for place, answer in enumerate(answers) if answer.status < 300]
    seen = {name: got.json.get(name) for name in ("content", "metadata")}
    must(seen in accepted, f"one of the {len(accepted)} values that were accepted", f"{seen}", got)
    ids = {answer.json.get("id") for answer in answers if answer.status < 300}
    must(ids == {got.json.get("id")}, "one id in all answers", f"{len(ids)} ids", *answers)
    must_have_raced(answers)


@requirement("KEYED-05", requests=(0, 40, 40))
def test_keyed_memories_leave_like_any_other(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """They are exported; deleted by id, erased or expired they are gone by key, and a PUT creates anew."""
    ways: dict[str, tuple[str, Callable[[dict[str, str], str], object]]] = {
        "core": ("deleted by id", lambda _, memory_id: memory.delete(memory_id).control(204)),
        "erasure": ("erased", lambda scope, _: memory.erased(scope)),
    }
    for profile, (what, forget) in ways.items():
        if profile in capabilities.profiles | {"core"}:
            scope = scopes.fresh()
            record = memory.keep("editor", scope, f"to be {what}")
            if "portability" in capabilities.profiles:
                exported = [each.get("key") for each in memory.exported(scope)[1]]
                must_equal(exported, ["editor"], "keys of exported records =")
            forget(scope, record["id"])
            _must_be_created_anew(memory, capabilities, scope, record["id"], what)
    if "lifecycle" in capabilities.profiles:
        scope = scopes.fresh()
        clock = ServerClock.of(memory, capabilities, scopes.fresh())
        record = memory.keep("editor", scope, "to expire", expires_at=clock.soon())
        clock.wait_for_the_end_of(record)
        _must_be_created_anew(memory, capabilities, scope, record["id"], "expired")


def _must_be_created_anew(
    memory: MemoryApi, capabilities: Capabilities, scope: dict[str, str], old: str, what: str
) -> None:
    settle(capabilities.staleness("get"))
    memory.get_keyed("editor", scope).must_be(404, because=f"the memory was {what}")
    anew = memory.set("editor", scope, {"content": "anew"}).must_be(201, because=f"the memory was {what}")
    must(anew.json.get("id") != old, f"a new id after the memory was {what}", "the old id", anew)
