"""What was concluded from forgotten words is forgotten with them."""

from __future__ import annotations

from memconform.answer import control, must, shown
from memconform.capabilities import Capabilities
from memconform.memory_api import Json, MemoryApi, Scope
from memconform.requirement import requirement
from memconform.scene.estate import ESTATE, estate
from memconform.scene.eventually import settle
from memconform.scopes import Scopes
from memconform.session import Session


@requirement("ERASURE-05", stories=(ESTATE,))
def test_derived_memory_goes_with_its_only_source(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, session: Session
) -> None:
    """A memory in another scope whose only source is erased is gone and named in `derived`; one with more stays."""
    story = estate(memory, scopes, capabilities, session)
    derived = story.id_of("derived")
    story["derived after"].must_be(404, because="its only source was erased")
    named = story.receipt().get("derived")
    wanted = f"derived {shown([derived])} in the receipt"
    must(named == [derived], wanted, f"derived {shown(named)}", story["operation"])


@requirement("ERASURE-05", requests=(0, 60, 60))
def test_derived_memory_goes_with_its_last_source(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities
) -> None:
    """A memory of two sources outlives the first one's erasure and goes, with what came of it, with the second's."""
    one, two, elsewhere = scopes.fresh(), scopes.fresh(), scopes.fresh("agent_id")
    sources = [memory.add("Ann sails on Monday", one)["id"], memory.add("Bob sails on Monday", two)["id"]]
    both = _concluded(memory, elsewhere, *sources)
    chain = _concluded(memory, elsewhere, both)
    mixed = _concluded(memory, two, sources[0], both)
    receipt = memory.erased(one)
    settle(capabilities.staleness("get"))
    for what, memory_id in (("of two sources", both), ("concluded from that one", chain)):
        memory.get(memory_id).must_be(200, because=f"a memory {what}, one of which is there")
    must(not receipt.get("derived"), "nothing derived in the first receipt", shown(receipt.get("derived")))
    memory.get(mixed).control(200)
    receipt = memory.erased(two)
    settle(capabilities.staleness("get"))
    for what, memory_id in (("all of whose sources", both), ("whose source, itself derived,", chain)):
        memory.get(memory_id).must_be(404, because=f"a memory {what} were erased, by two erasures")
    named = set(receipt.get("derived") or ())
    must(named == {both, chain}, f"derived {shown(sorted([both, chain]))}", f"derived {shown(sorted(named))}")


@requirement("ERASURE-05", requests=(0, 40, 40))
def test_memory_with_a_living_source_stays(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """A memory without sources, and one that has a source left, stays when others are erased."""
    erased, elsewhere = scopes.fresh(), scopes.fresh()
    source, living = memory.add("Ann sails", erased)["id"], memory.add("Bob sails", elsewhere)["id"]
    kept = [
        _concluded(memory, elsewhere, living),
        _concluded(memory, elsewhere, source, living),
        memory.add("Two people sail", elsewhere, source={"method": "inferred", "memory_ids": []})["id"],
        memory.add("Nobody sails", elsewhere)["id"],
    ]
    gone = _concluded(memory, elsewhere, source)
    settle(capabilities.staleness("get"))
    memory.get(gone).control(200)
    receipt = memory.erased(erased)
    settle(capabilities.staleness("get"))
    control(source not in (receipt.get("derived") or ()), "the receipt calls a selected memory derived")
    for memory_id in kept:
        memory.get(memory_id).must_be(200, because="not all of its sources were erased")
    memory.get(gone).must_be(404, because="its only source was erased")


def _concluded(memory: MemoryApi, scope: Scope, *sources: str) -> str:
    source: Json = {"method": "inferred", "memory_ids": list(sources)}
    return str(memory.add(f"Concluded from {len(sources)} memories", scope, source=source)["id"])
