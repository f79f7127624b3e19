"""Memories that expire: there until then, gone after."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import timedelta

from memconform.answer import control, must
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.memory_api import Memory, MemoryApi
from memconform.requirement import requirement
from memconform.scene.eventually import settle
from memconform.scene.listing import listed
from memconform.scene.selection import Selection
from memconform.scene.server_clock import ServerClock
from memconform.verdict import Inconclusive

NEAR = "red boat in the harbour"
CENTURY = timedelta(days=36_500)


@dataclass
class _Mortals(Selection):
    """Memories, some of which expire, and the reads that show them."""

    looks_everywhere: bool = True
    """Whether every way to read is tried, or the list alone."""

    def reads(self, of: Collection[Memory]) -> Iterator[tuple[str, set[str]]]:
        """Yield each way to read, in words, and the ids among these memories that it shows."""
        ids = {each["id"] for each in of}
        yield "list", {str(each.get("id")) for each in listed(self.memory, self.scope)} & ids
        if not self.looks_everywhere:
            return
        if "search" in self.capabilities.profiles:
            yield "search", self.search()[1] & ids
        if "portability" in self.capabilities.profiles:
            yield "export", {str(each.get("id")) for each in self.memory.exported(self.scope)[1]} & ids
        yield "get", {each["id"] for each in of if self._is_there(each["id"])}

    def _is_there(self, memory_id: str) -> bool:
        return self.memory.get(memory_id).must_be(200, 404).status == 200

    def must_show(self, alive: Collection[Memory], when: str, still: Callable[[], bool] = lambda: True) -> int:
        """Require every read to show all of these; return how many reads came while `still` held."""
        for seen, (read, found) in enumerate(self.reads(alive)):
            if not still():
                return seen
            if read == "search" and (not self.strict or len(self.known) > self.most):
                continue
            missing = [each for each in alive if each["id"] not in found]
            must(not missing, f"every memory in {read} {when}", f"{self._described([m['id'] for m in missing])} is not")
        return 9

    def must_hide(self, dead: Collection[Memory]) -> None:
        """Require no read to show any of these."""
        for read, found in self.reads(dead):
            late = "past expires_at and lifecycle.expiry_granularity_ms"
            must(not found, f"no memory in {read} {late}", f"{self._described(found)} is there")


@requirement("LIFECYCLE-01", requests=(12, 70, 70))
def test_expired_memory_is_gone(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget
) -> None:
    """Past `expires_at` plus the granularity a memory is in no get, list, search and export; before it, it is."""
    scene = _Mortals(memory, capabilities, scope, looks_everywhere=budget.size != "smoke")
    clock = ServerClock.of(memory, capabilities, scope)
    many = min(budget.of(1, 3, 3), max(1, scene.most - 1))
    expires = clock.soon(budget.of(1, 2, 2) / 2)
    mortals = [scene.add(expires_at=expires) for _ in range(many)]
    if budget.size == "smoke":
        shown = {str(each.get("id")) for each in listed(memory, scope)}
        control(clock.staleness or not clock.is_before(mortals[-1]) or mortals[0]["id"] in shown, "it was never there")
    elif not clock.staleness:
        control(
            scene.must_show(mortals, "before expires_at", lambda: clock.is_before(mortals[0])), "the server is slow"
        )
    clock.wait_for_the_end_of(*mortals)
    scene.must_hide(mortals)
    scene.known[clock.record["id"]] = clock.record
    if budget.size != "smoke":
        scene.must_show([clock.record], "without expires_at")


@requirement("LIFECYCLE-01", requests=(0, 9, 9), needs=("search",))
def test_expired_memory_crowds_nothing_out(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities
) -> None:
    """An expired memory takes no place among the `top_k`, however near it is."""
    scene = _Mortals(memory, capabilities, scope)
    clock = ServerClock.of(memory, capabilities, scope)
    expires = clock.soon(1 + clock.staleness)
    mortals = [scene.add(text=f"{NEAR}, {number}", expires_at=expires) for number in (1, 2, 3)]
    scene.settle()
    _, first = scene.search(query=NEAR, top_k=1)
    control(clock.is_before(mortals[0]), "the server is too slow: they expired before they were searched for")
    control(first, "the nearer memories are not found first")
    clock.wait_for_the_end_of(*mortals)
    scene.known = {clock.record["id"]: clock.record}
    scene.judge(scene.known, "the memory that lives, with top_k 1", query=NEAR, top_k=1)


@requirement("LIFECYCLE-01", requests=(0, 34, 34), needs=("update",))
def test_expired_memory_cannot_be_changed(memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities) -> None:
    """An expired memory is 404 for PATCH and DELETE too, also where a patch had set `expires_at`."""
    scene = _Mortals(memory, capabilities, scope)
    clock = ServerClock.of(memory, capabilities, scope)
    given, patched = scene.add(expires_at=clock.soon(1)), scene.add()
    patched = memory.update(patched["id"], expires_at=clock.soon(1))
    clock.wait_for_the_end_of(given, patched)
    scene.must_hide([patched])
    memory.patch(given["id"], {"expires_at": None}).must_be(404, because="the memory has expired")
    memory.delete(patched["id"]).must_be(404, because="the memory has expired")
    scene.must_hide([given])


@requirement("LIFECYCLE-02", requests=(0, 50, 50))
def test_memory_stays_until_it_expires(memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities) -> None:
    """Before its expiry a memory is in get, list, search and export, to the last moment; without one it never goes."""
    scene = _Mortals(memory, capabilities, scope)
    clock = ServerClock.of(memory, capabilities, scope)
    distances = (timedelta(days=1), CENTURY, timedelta(minutes=5))
    lasting = [clock.record, *(scene.add(expires_at=clock.ahead(distance)) for distance in distances)][: scene.most]
    scene.known[clock.record["id"]] = clock.record
    scene.settle()
    near = scene.add(expires_at=clock.soon(1 + clock.staleness))
    scene.settle()
    clock.wait_for_the_last_moment_of(near)
    looks = scene.must_show([near], "before expires_at", lambda: clock.is_before(near))
    if not looks:
        raise Inconclusive("the server is too slow: it was past the expiry before the first look")
    clock.wait_for_the_end_of(near)
    scene.must_show(lasting, "long before expires_at, or without it")


@requirement("LIFECYCLE-03", requests=(1, 14, 14))
def test_expiry_in_the_past_is_refused(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget
) -> None:
    """A memory whose `expires_at` has passed, in whatever offset it is written, is refused and not stored."""
    body = {"content": "harbour not to be kept", "scope": scope}
    past = ["2020-01-01T00:00:00Z"]
    if budget.size != "smoke":
        clock = ServerClock.of(memory, capabilities, scope)
        recent = int(clock.earliest()) - 60
        past += [clock.stamp(recent), clock.stamp(recent + 14 * 3600).replace("Z", "+14:00"), "1969-12-31T23:59:59Z"]
    for text in past:
        memory.post({**body, "expires_at": text}).must_be_refused(because=f"expires_at {text} is in the past")
    if budget.size != "smoke":
        settle(capabilities.staleness("list"))
        found = len(listed(memory, scope))
        must(found == 1, "nothing stored of what was refused", f"{found - 1} memories besides")


@requirement("LIFECYCLE-03", requests=(0, 28, 28), needs=("update",))
def test_null_removes_the_expiry(memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities) -> None:
    """A patch with null removes the expiry, and the memory stays; one with a past `expires_at` changes nothing."""
    scene = _Mortals(memory, capabilities, scope)
    clock = ServerClock.of(memory, capabilities, scope)
    mortal = scene.add(expires_at=clock.soon(1))
    answer = memory.patch(mortal["id"], {"expires_at": "2020-01-01T00:00:00Z"})
    control(clock.is_before(mortal), "the server is too slow: the memory expired before it was patched")
    answer.must_be_refused(because="expires_at is in the past")
    saved = memory.patch(mortal["id"], {"expires_at": None})
    control(clock.is_before(mortal), "the server is too slow: the memory expired before it was patched")
    saved.must_be(200, because="null removes the expiry")
    must(saved.json.get("expires_at") is None, "no expires_at after it was removed", saved.observed(), saved)
    clock.wait_for_the_end_of(mortal)
    scene.must_show([mortal], "when what was its expiry has passed")
