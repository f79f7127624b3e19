"""Every kind of POST repeated: after other requests, after a restart, with bodies that nearly agree, in number."""

import json
from collections.abc import Callable
from functools import partial

from memconform.answer import Answer, control, must, must_equal
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.http import together
from memconform.memory_api import MEMORIES, Json, MemoryApi
from memconform.requirement import requirement
from memconform.scene.eventually import settle
from memconform.scene.idempotency import must_be_repeated, must_wait_or_conflict
from memconform.scene.keyed_story import items_of, list_pages
from memconform.scene.races import must_have_raced
from memconform.scene.repeats import at_once, keyed_by, spelled_otherwise
from memconform.scene.restart import COMMAND_S, Restart
from memconform.scopes import Scopes
from memconform.session import Session

Send = Callable[..., Answer]


@requirement("IDEMPOTENCY-01", requests=(0, 30, 30))
def test_each_kind_of_post_is_repeated(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """Ingestions, erasures and imports answer a repeat, with other requests between, as the first time: one effect."""
    for name, send in _kinds(memory, scopes, capabilities):
        headers = keyed_by(scopes.value())
        first = send(headers=headers)
        control(first.status < 300, f"{name} does not work", first)
        between = memory.add("between", scopes.fresh())
        must_be_repeated(first, send(headers=headers))
        memory.delete(between["id"])


def _kinds(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> list[tuple[str, Send]]:
    """Return a way to send each kind of POST, batches and adds apart, that the server declares."""
    kinds: dict[str, tuple[str, Callable[[], Send]]] = {
        "ingestion": ("an ingestion", lambda: _ingestion(memory, scopes)),
        "erasure": ("an erasure", lambda: partial(memory.erase, scopes.fresh())),
        "portability": ("an import", lambda: _import(memory, scopes)),
    }
    return [(name, make()) for profile, (name, make) in kinds.items() if profile in capabilities.profiles]


def _ingestion(memory: MemoryApi, scopes: Scopes) -> Send:
    return partial(memory.ingest, scopes.fresh(), [{"role": "user", "content": "I live in Lisbon."}])


def _import(memory: MemoryApi, scopes: Scopes) -> Send:
    """Return the import of a file whose one record was deleted after the export."""
    scope = scopes.fresh()
    record = memory.add("exported", scope)
    manifest, records = memory.exported(scope)
    memory.delete(record["id"]).control(204)
    return partial(memory.import_, [manifest, *records])


@requirement("IDEMPOTENCY-01", requests=(0, 24, 24))
def test_one_value_in_many_spellings(
    memory: MemoryApi, scope: dict[str, str], scopes: Scopes, capabilities: Capabilities
) -> None:
    """Blanks, escapes, the order of members and the spelling of numbers do not make another request."""
    body: dict[str, Json] = {
        "content": "naïve \U0001f469",
        "scope": scope,
        "metadata": {"n": 100, "h": 0.5, "l": [1, {"b": 2, "a": 1}]},
    }
    texts = [
        json.dumps(body).encode(),
        json.dumps(body, indent=3, sort_keys=True).encode(),
        spelled_otherwise(body),
        json.dumps(body).replace('"n": 100', '"n": 1e2').replace('"h": 0.5', '"h": 5E-1').encode(),
        json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(),
    ]
    headers = keyed_by(scopes.value())
    first, *repeats = [memory.request("POST", MEMORIES, content=text, headers=headers) for text in texts]
    first.control(201)
    for repeat in repeats:
        must_be_repeated(first, repeat)
    settle(capabilities.staleness("list"))
    pages = list_pages(memory, scope)
    must_equal(len(items_of(pages)), 1, "memories listed after one add and its repeats =", *pages)


@requirement("IDEMPOTENCY-01", requests=(0, 16, 16))
def test_errors_of_every_kind_are_forgotten(memory: MemoryApi, scope: dict[str, str], scopes: Scopes) -> None:
    """A request refused as malformed, of another media type or without a scope may come mended under the same key."""
    good = {"content": "mended", "scope": scope}
    bad: dict[str, Callable[[dict[str, str]], Answer]] = {
        "malformed JSON": lambda key: memory.request("POST", MEMORIES, content=b"{", headers=key),
        "another media type": lambda key: memory.post(good, headers={**key, "Content-Type": "text/plain"}),
        "no scope": lambda key: memory.post({"content": "mended"}, headers=key),
    }
    for what, send in bad.items():
        key = keyed_by(scopes.value())
        refused = send(key)
        control(400 <= refused.status < 500, f"a request with {what} is not refused", refused)
        memory.post(good, headers=key).must_be(201, because=f"the request before, with {what}, was refused")


@requirement("IDEMPOTENCY-01", requests=(0, 12, 12), given="restart", last=True)
def test_repeat_after_a_restart(
    memory: MemoryApi,
    scope: dict[str, str],
    scopes: Scopes,
    capabilities: Capabilities,
    restart: Restart,
    session: Session,
) -> None:
    """A repeat after the server was killed and started again gets the first answer and adds nothing."""
    headers, body = keyed_by(scopes.value()), {"content": "once", "scope": scope}
    first = memory.post(body, headers=headers).control(201)
    restart()
    control(session.alive(COMMAND_S), f"the server did not come back within {COMMAND_S:g} s of the restart command")
    must_be_repeated(first, memory.post(body, headers=headers))
    settle(capabilities.staleness("list"))
    pages = list_pages(memory, scope)
    must_equal(len(items_of(pages)), 1, "memories listed after one add and its repeat =", *pages)


@requirement("IDEMPOTENCY-02", requests=(0, 24, 24))
def test_bodies_that_nearly_agree_are_others(
    memory: MemoryApi, scope: dict[str, str], scopes: Scopes, capabilities: Capabilities
) -> None:
    """A body that differs in one type, one member, one code point or one element is another, and stores nothing."""
    metadata: dict[str, Json] = {"n": 1, "list": [1, 2], "none": None}
    others: dict[str, dict[str, Json]] = {
        "a string for a number": {"metadata": metadata | {"n": "1"}},
        "true for 1": {"metadata": metadata | {"n": True}},
        "elements in another order": {"metadata": metadata | {"list": [2, 1]}},
        "one member more": {"metadata": metadata | {"more": 0}},
        "the same letters in another normal form": {"content": "cafe\u0301"},
        "another scope": {"scope": scopes.use({**scope, "session_id": scopes.value()})},
        "another confidence": {"confidence": 0.5},
    }
    for what, members in others.items():
        key, body = keyed_by(scopes.value()), {"content": "caf\u00e9", "scope": scope, "metadata": metadata}
        added = memory.post(body, headers=key).control(201).control_object("id", str)
        memory.post({**body, **members}, headers=key).must_be_refused(because=f"the same key and {what}")
        memory.delete(added["id"]).control(204)
    settle(capabilities.staleness("list"))
    pages = list_pages(memory, scope)
    must_equal(len(items_of(pages)), 0, "memories listed after bodies that were refused =", *pages)


@requirement("IDEMPOTENCY-02", requests=(0, 10, 10))
def test_other_paths_are_others(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """The key of an add is no key of an ingestion, an erasure or an import."""
    kinds = _kinds(memory, scopes, capabilities)
    headers = keyed_by(scopes.value())
    memory.post({"content": "first", "scope": scopes.fresh()}, headers=headers).control(201)
    for name, send in kinds:
        send(headers=headers).must_be_refused(because=f"the key was used for an add, and this is {name}")


@requirement("IDEMPOTENCY-02", requests=(0, 12, 40))
def test_two_bodies_at_once_under_one_key(
    memory: MemoryApi, scope: dict[str, str], scopes: Scopes, capabilities: Capabilities, budget: Budget
) -> None:
    """Of two different bodies under one key at the same moment one is stored; the other is refused."""
    rounds = budget.beyond_smoke(3, 12)
    for turn in range(rounds):
        headers = keyed_by(scopes.value())
        bodies = [{"content": f"round {turn}, body {number}", "scope": scope} for number in range(2)]
        answers = together([partial(memory.post, body, headers=headers) for body in bodies])
        for answer in answers:
            answer.must_be(201, 409, 422, 400, because="two bodies under one key at once")
        stored = sum(answer.status == 201 for answer in answers)
        must(stored == 1, "one of two bodies under one key stored", f"{stored} answered with 201", *answers)
    settle(capabilities.staleness("list"))
    pages = list_pages(memory, scope)
    must_equal(len(items_of(pages)), rounds, "memories listed after as many rounds =", *pages)


@requirement("IDEMPOTENCY-03", requests=(0, 30, 120))
def test_twenty_parallel_repeats_leave_one(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, budget: Budget
) -> None:
    """Of 20 repeats at the same moment one memory remains, whatever is answered in flight."""
    for _ in range(budget.beyond_smoke(1, 4)):
        scope = scopes.fresh()
        answers = at_once(memory, {"content": "once", "scope": scope}, scopes.value(), 20)
        settle(capabilities.staleness("list"))
        pages = list_pages(memory, scope)
        must_equal(len(items_of(pages)), 1, "memories listed after 20 repeats at once =", *pages)
        must_wait_or_conflict(answers)
        must_have_raced(answers)
