"""A memory that replaces another: hides it, is named by it, and gives it back."""

from __future__ import annotations

from dataclasses import dataclass

from memconform.answer import control, must, must_equal, shown
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.memory_api import Memory, MemoryApi
from memconform.requirement import requirement
from memconform.scene.listing import listed, must_hold
from memconform.scene.selection import Selection
from memconform.scene.server_clock import ServerClock
from memconform.scopes import Scopes
from memconform.verdict import NotApplicable


@dataclass
class _Scene(Selection):
    """A scope whose current memories are looked for in its list and by search."""

    looks_twice: bool = True
    """Whether both are asked, or the list alone."""

    def must_show(self, current: list[Memory], when: str) -> None:
        """Require list and search to hold these memories, and none of the other known ones."""
        self.settle()
        must_hold(listed(self.memory, self.scope), {m["id"]: _name(m) for m in current}, f"the list {when}")
        if self.looks_twice and "search" in self.capabilities.profiles:
            self.judge({each["id"] for each in current}, f"the memories that are current {when}")

    def read(self, memory: Memory) -> Memory:
        """Return a memory that must still be readable by its id."""
        answer = self.memory.get(memory["id"]).must_be(200, because="a superseded memory stays readable by its id")
        return answer.control_object("id", str)

    def must_be_superseded(self, old: Memory, by: Memory) -> None:
        """Require the old memory to name its successor, one version on, and otherwise to be as it was."""
        seen = self.read(old)
        must_equal(seen.get("superseded_by"), by["id"], "superseded_by of the old memory =")
        version = old.get("version")
        control(isinstance(version, int), "the memory has no version to count from")
        must_equal(seen.get("version"), int(version or 0) + 1, "version of the superseded memory =")
        must_equal(seen.get("content"), old["content"], "content of the superseded memory =")

    def must_be_restored(self, old: Memory) -> None:
        """Require the memory to name no successor any more."""
        seen = self.read(old)
        must(
            seen.get("superseded_by") is None,
            "no superseded_by in a memory whose successor is gone",
            f"superseded_by {shown(seen.get('superseded_by'))}",
        )


def _name(record: Memory) -> str:
    return shown(record.get("content"))


@requirement("SUPERSESSION-01", requests=(12, 20, 20))
def test_successor_hides_and_gives_back(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget
) -> None:
    """A successor hides what it supersedes from list and search, not from GET; deleting it restores the old one."""
    scene = _Scene(memory, capabilities, scope, looks_twice=budget.size != "smoke")
    old = scene.add()
    if budget.size != "smoke":
        scene.must_show([old], "before anything is superseded")
    new = scene.add(supersedes=[old["id"]])
    must_equal(new.get("supersedes"), [old["id"]], "supersedes of the new memory =")
    scene.must_show([new], "after it was superseded")
    scene.must_be_superseded(old, new)
    memory.delete(new["id"]).control(204)
    if budget.size == "smoke":
        must_hold(listed(memory, scope), {old["id"]: _name(old)}, "the list after the successor was deleted")
        return
    scene.must_show([old], "after the successor was deleted")
    scene.must_be_restored(old)


@requirement("SUPERSESSION-01", requests=(0, 36, 36))
def test_chains_and_several_at_once(memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities) -> None:
    """One memory may supersede several, and be superseded; deleting in the middle restores only what it had hidden."""
    scene = _Scene(memory, capabilities, scope)
    one, two, bystander = scene.add(), scene.add(), scene.add()
    middle = scene.add(supersedes=[one["id"], two["id"]])
    scene.must_show([middle, bystander], "after one superseded two")
    last = scene.add(supersedes=[middle["id"]])
    scene.must_show([last, bystander], "after the successor was superseded")
    scene.must_be_superseded(one, middle)
    scene.must_be_superseded(middle, last)
    memory.delete(middle["id"]).control(204)
    scene.must_show([last, bystander, one, two], "after the middle of a chain was deleted")
    scene.must_be_restored(one)
    again = scene.add(supersedes=[one["id"]])
    scene.must_show([last, bystander, two, again], "after a restored memory was superseded again")


@requirement("SUPERSESSION-01", requests=(0, 8, 8))
def test_superseded_crowds_nothing_out(memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities) -> None:
    """A superseded memory takes no place among the `top_k`, however near it is."""
    if "search" not in capabilities.profiles:
        raise NotApplicable("the server does not declare the profile search")
    scene = _Scene(memory, capabilities, scope)
    text = "red boat in the harbour"
    near = [scene.add(text=f"{text}, {number}") for number in (1, 2)]
    far = scene.add()
    scene.settle()
    _, first = scene.search(query=text, top_k=1)
    control(first and far["id"] not in first, "the nearer memories are not found first")
    memory.add("Nothing of the kind", scope, supersedes=[each["id"] for each in near])
    scene.settle()
    scene.judge([far["id"]], "the current memory, with top_k 1", query=text, top_k=1)


@requirement("SUPERSESSION-01", requests=(0, 22, 22), needs=("lifecycle",))
def test_expired_successor_hides_nothing(memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities) -> None:
    """When the successor has expired, the memory that it superseded is current again."""
    scene = _Scene(memory, capabilities, scope)
    old = scene.add()
    clock = ServerClock.of(memory, capabilities, scope)
    new = scene.add(supersedes=[old["id"]], expires_at=clock.soon())
    scene.known[clock.record["id"]] = clock.record
    seen = scene.search()[1] if "search" in capabilities.profiles else set()
    control(not clock.is_before(new) or clock.staleness or old["id"] not in seen, "the successor hid nothing")
    clock.wait_for_the_end_of(new)
    scene.must_show([old, clock.record], "after the successor expired")


@requirement("SUPERSESSION-02", requests=(0, 24, 24))
def test_what_cannot_be_superseded_is_refused(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """An id that is unknown, superseded already or of another exact scope is refused, and hides nothing."""
    scope = scopes.fresh()
    scene = _Scene(memory, capabilities, scope)
    old = scene.add()
    _must_refuse(memory, scope, ["0000-nobody"], "an id that nobody has")
    session = scopes.use({**scope, "session_id": scopes.value()})
    inner = scene.add(session)
    other = memory.add("harbour of another", scopes.fresh())
    new = scene.add(supersedes=[old["id"]])
    refused = {
        "an id that is superseded already": [old["id"]],
        "an id of another scope": [other["id"]],
        "an id of a narrower scope": [inner["id"]],
        "a good id and an unknown one": [new["id"], "0000-nobody"],
    }
    for what, ids in refused.items():
        _must_refuse(memory, scope, ids, what)
    _must_refuse(memory, session, [new["id"]], "an id of a wider scope")
    gone = scene.add()
    memory.delete(gone["id"]).control(204)
    _must_refuse(memory, scope, [gone["id"]], "an id that was deleted")
    del scene.known[gone["id"]]
    scene.must_show([new, inner], "after everything that was refused")


def _must_refuse(memory: MemoryApi, scope: dict[str, str], ids: list[str], what: str) -> None:
    body = {"content": "harbour not to be kept", "scope": scope, "supersedes": ids}
    memory.post(body).must_be_refused(because=f"supersedes has {what}")
