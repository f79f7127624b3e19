"""What one profile promises holds on the ways in and out of the others, too."""

from __future__ import annotations

from memconform.answer import REFUSALS, control, must, shown
from memconform.capabilities import Capabilities
from memconform.memory_api import Json, MemoryApi
from memconform.requirement import requirement
from memconform.scene.entity_tags import tag_of
from memconform.scene.eventually import settle
from memconform.scene.repeats import keyed_by
from memconform.scopes import Scopes

PAST = "2001-01-01T00:00:00Z"


@requirement("CONCURRENCY-01", requests=(0, 4, 4), needs=("update",))
def test_a_tag_never_comes_back(memory: MemoryApi, scope: dict[str, str]) -> None:
    """Each version has a tag of its own: after a change of `ext` alone, and where the old text was set again."""
    ext: dict[str, Json] = {"com.example": {"a": 1}}
    patches: list[dict[str, Json]] = [{"ext": {"com.example": {"a": 2}}}, {"content": "npm"}, {"content": "pnpm"}]
    added = memory.post({"content": "pnpm", "scope": scope, "ext": ext}).control(201)
    memory_id = str(added.control_object("id", str)["id"])
    answers = [added, *(memory.patch(memory_id, patch).control(200) for patch in patches)]
    tags = [tag_of(answer) for answer in answers]
    must(len(set(tags)) == len(tags), f"{len(tags)} tags of as many versions", shown(tags), *answers)


@requirement("IDEMPOTENCY-02", requests=(0, 2, 2), needs=("batch",))
def test_one_body_on_two_paths(memory: MemoryApi, scope: dict[str, str], scopes: Scopes) -> None:
    """The very same body under the same key on another path is no repeat: it is refused."""
    body, key = {"content": "I use pnpm", "scope": scope}, keyed_by(scopes.value())
    memory.post(body, headers=key).control(201)
    answer = memory.request("POST", "/v1/batch", body=body, headers=key)
    answer.must_be_refused(because="the key was used on another path, and an add is no batch")


@requirement("LIFECYCLE-03", requests=(0, 5, 5))
def test_expiry_in_the_past_is_refused_on_every_way_in(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities
) -> None:
    """An `expires_at` that has passed is refused under a key and in a batch, in an add as in a patch."""
    kept = memory.add("to stay", scope)["id"]
    if "keyed" in capabilities.profiles:
        answer = memory.set("editor", scope, {"content": "vim", "expires_at": PAST})
        answer.must_be_refused(because=f"expires_at is {PAST}")
    if "batch" in capabilities.profiles:
        items: list[Json] = [{"op": "add", "memory": {"content": "late", "scope": scope, "expires_at": PAST}}]
        if "update" in capabilities.profiles and capabilities.limit_or("batch", 2) >= 2:
            items.append({"op": "update", "id": kept, "patch": {"expires_at": PAST}})
        answer = memory.batch(items).control(200)
        for row in answer.control_object("results", list)["results"]:
            must(row.get("status") in REFUSALS, f"422 for an item with expires_at {PAST}", shown(row), answer)
    settle(capabilities.staleness("get"))
    memory.get(kept).must_be(200, because="nothing that was refused has changed it")


@requirement("TENANCY-04", requests=(0, 5, 5), needs=("search", "hierarchy"))
def test_nothing_is_inherited_from_another_principal(
    memory: MemoryApi, other: MemoryApi, scopes: Scopes, capabilities: Capabilities
) -> None:
    """With `inherit`, too, a search in the very same scope finds nothing of another principal's."""
    user = scopes.fresh()
    inner = scopes.use({**user, "session_id": scopes.value()})
    scopes.use(user, principal=other.principal.label)
    mine = memory.add("the harbour of the first", user)["id"]
    theirs = other.add("the harbour of the second", inner)["id"]
    settle(capabilities.staleness("search"))
    control(mine in memory.found("harbour", inner, inherit=True), "the owner's search does not inherit it")
    found = other.found("harbour", inner, inherit=True)
    control(theirs in found, "the second principal's search does not find its own memory")
    must(mine not in found, "nothing inherited from another principal", "a memory of the first one's")


@requirement("SUMMARY-01", requests=(0, 4, 4), needs=("hierarchy",))
def test_a_summary_inherits_as_a_search_does(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """With `inherit` a summary has no source in a scope that has only the session in common."""
    whole = scopes.fresh("user_id", "session_id")
    beside = scopes.use({"session_id": whole["session_id"]})
    own, stray = memory.add("Ann planted a pear", whole)["id"], memory.add("Bob planted two plums", beside)["id"]
    settle(max(capabilities.staleness(read) for read in ("list", "search")))
    answer = memory.summarise(whole, inherit=True, max_chars=400).control(200)
    sources = answer.control_object("sources", list)["sources"]
    control(own in sources, "the summary does not tell of the scope's own memory", answer)
    must(stray not in sources, "sources that the scope selects or inherits", "one of another scope", answer)
