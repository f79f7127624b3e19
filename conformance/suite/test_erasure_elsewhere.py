"""What an erasure does where other profiles have a part in it: successors, repeats, conclusions, principals."""

from __future__ import annotations

from memconform.answer import control, must, shown
from memconform.capabilities import Capabilities
from memconform.memory_api import Json, Memory, MemoryApi, Scope
from memconform.requirement import requirement
from memconform.scene.change_stream import about, changes_in
from memconform.scene.estate import STREAM_S
from memconform.scene.eventually import settle
from memconform.scene.listing import listed
from memconform.scene.repeats import keyed_by
from memconform.scopes import Scopes
from memconform.verdict import NotApplicable

GONE = "the scope was erased and the operation has succeeded"


@requirement("SUPERSESSION-01", requests=(0, 27, 27), needs=("erasure",))
def test_an_erased_successor_gives_back_what_it_hid(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities
) -> None:
    """Where a successor goes because its only source was erased, what it had hidden is current again."""
    scope, elsewhere = scopes.fresh(), scopes.fresh()
    hidden, source = memory.add("Somebody sails", elsewhere), memory.add("Ann rows", scope)
    new = memory.add("Somebody rows", elsewhere, supersedes=[hidden["id"]], source=_concluded(source))
    receipt = memory.erased(scope)
    control(new["id"] in (receipt.get("derived") or ()), "what was concluded from the erased memory stayed")
    settle(max(capabilities.staleness(read) for read in ("get", "list")))
    read = memory.get(hidden["id"]).must_be(200, because="it is of another scope, and concluded from nothing")
    by = read.json.get("superseded_by")
    must(by is None, "no superseded_by where the successor was erased", f"superseded_by {shown(by)}", read)
    ids = [item.get("id") for item in listed(memory, elsewhere)]
    must(ids == [hidden["id"]], "the memory whose successor was erased in the list", f"{len(ids)} memories")


@requirement("ERASURE-01", requests=(0, 23, 23), needs=("supersession",))
def test_superseded_memories_are_erased_too(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities
) -> None:
    """What was superseded goes with its successor, and does not come back in its place."""
    old = memory.add("Ann sails", scope)
    memory.add("Ann rows", scope, supersedes=[old["id"]])
    memory.erased(scope)
    settle(max(capabilities.staleness(read) for read in ("get", "list")))
    memory.get(old["id"]).must_be(404, because=f"it was superseded; {GONE}")


@requirement("ERASURE-02", requests=(0, 24, 24))
def test_what_is_written_while_it_is_erased_stays(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities
) -> None:
    """A memory that is added as soon as the erasure of its scope was accepted is there when the erasure has ended."""
    other, scope = scopes.fresh(), scopes.fresh()
    memory.add("Ann sails", other)
    memory.erase(other).control(202)  # the next one may have to wait for it
    accepted = memory.erase(scope).control(202)
    later = memory.add("Ann rows", scope)
    control(memory.settled(accepted).get("status") == "succeeded", "the erasure failed", accepted)
    settle(capabilities.staleness("get"))
    memory.get(later["id"]).must_be(200, because="it was added after the erasure had been accepted")


@requirement("ERASURE-03", requests=(0, 25, 25), needs=("idempotency", "batch"))
def test_a_repeated_batch_brings_nothing_back(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """The repeat of a batch is 410 when what it stored was erased; neither shows it what went as derived."""
    scope, elsewhere = scopes.fresh(), scopes.fresh()
    keys = [keyed_by(scopes.value()) for _ in range(3)]
    item = {"op": "add", "memory": {"content": "Ann sails", "scope": scope}}
    memory.batch([item], headers=keys[0]).control(200)
    settle(capabilities.staleness("list"))
    sources = memory.walk(scope)
    control(sources, "what the batch added is not listed")
    body: Json = {"content": "Somebody sails", "scope": elsewhere, "source": _concluded(sources[0])}
    together = [{"op": "add", "memory": body}]
    ids = [str(memory.post(body, headers=keys[1]).control(201).control_object("id", str)["id"])]
    memory.batch(together, headers=keys[2]).control(200)
    receipt = memory.erased(scope)
    control(ids[0] in (receipt.get("derived") or ()), "what was concluded from the erased memory was not erased")
    memory.batch([item], headers=keys[0]).must_be(410, because=f"the repeat of a batch; {GONE}")
    for what, answer in (
        ("an add", memory.post(body, headers=keys[1])),
        ("a batch", memory.batch(together, headers=keys[2])),
    ):
        must(
            answer.status >= 400,
            f"a refusal of the repeat of {what} that stored what was erased as derived",
            answer.observed(),
            answer,
        )


@requirement("EVENTS-02", requests=(0, 21, 21), needs=("erasure",))
def test_what_is_erased_as_derived_leaves_one_event(memory: MemoryApi, scopes: Scopes) -> None:
    """A memory that goes because its source was erased leaves the event of its erasure alone."""
    scope, elsewhere = scopes.fresh(), scopes.fresh()
    source = memory.add("Ann sails", scope)
    derived = memory.add("Somebody sails", elsewhere, source=_concluded(source))
    receipt = memory.erased(scope)
    control(derived["id"] in (receipt.get("derived") or ()), "what was concluded from the erased memory stayed")
    end = {(derived["id"], "erase")}
    stream = memory.events(elsewhere, until=lambda events: end <= changes_in(events), within=STREAM_S)
    seen = [event.operation for event in about(stream, derived["id"])]
    must(set(seen) == {"erase"}, "the events erase of what was erased as derived", shown(seen), stream.answer)


@requirement("TENANCY-05", requests=(0, 23, 23), needs=("erasure",))
def test_erasing_spares_what_others_concluded(
    memory: MemoryApi, other: MemoryApi, scopes: Scopes, capabilities: Capabilities
) -> None:
    """What another principal keeps stays, even where it names the id of an erased memory as its only source."""
    scope = scopes.fresh()
    scopes.use(scope, principal=other.principal.label)
    source = memory.add("Ann sails", scope)
    theirs = other.post({"content": "Somebody sails", "scope": scope, "source": _concluded(source)})
    if theirs.status != 201:
        raise NotApplicable("a source that is not the caller's own is refused")
    memory.erased(scope)
    settle(capabilities.staleness("get"))
    kept = theirs.control_object("id", str)
    other.get(kept["id"]).must_be(200, because="another principal's erasure concerns that principal's data alone")


@requirement("TENANCY-03", requests=(0, 4, 4), needs=("supersession",))
def test_nobody_supersedes_what_is_anothers(
    memory: MemoryApi, other: MemoryApi, scopes: Scopes, capabilities: Capabilities
) -> None:
    """Naming another principal's memory in `supersedes`, in the very same scope, is refused and hides nothing."""
    scope = scopes.fresh()
    scopes.use(scope, principal=other.principal.label)
    mine = memory.add("Ann sails", scope)
    answer = other.post({"content": "Ann rows", "scope": scope, "supersedes": [mine["id"]]})
    answer.must_be_refused(404, because="there is no such memory of the caller's")
    settle(capabilities.staleness("get"))
    read = memory.get(mine["id"]).must_be(200, because="it was added")
    by = read.json.get("superseded_by")
    must(by is None, "a memory that another principal cannot hide", f"superseded_by {shown(by)}", read, answer)


def _concluded(source: Memory | Scope) -> Json:
    return {"method": "inferred", "memory_ids": [source["id"]]}
