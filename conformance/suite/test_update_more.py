"""Patches in number: generated ones, hostile texts, every member of the server's own, every kind of bad patch."""

from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from memconform.answer import REFUSALS, must_equal
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.explore import Explorer
from memconform.memory_api import Json, Memory, MemoryApi, path_of
from memconform.requirement import requirement
from memconform.scene.differences import must_match
from memconform.scene.eventually import settle
from memconform.scene.material import cut, depth, filled, json_bytes, material
from memconform.scene.optional_members import add_as_taken, as_taken
from memconform.scene.oracle import EXACT, difference
from memconform.scene.patches import must_be_as, must_be_next, patched
from memconform.scopes import Scopes
from memconform.verdict import NotMet

NAMES = st.sampled_from(["a", "b", "c", "é", "a/b", "~0", "a.b"])
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
LARGEST = 4 * 1024 * 1024


@requirement("UPDATE-01", requests=(0, 110, 1080))
def test_generated_patches_agree_with_a_model(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, explore: Explorer
) -> None:
    """Whatever metadata and patches Hypothesis invents, each patch makes of a memory what RFC 7396 says."""
    levels = min(capabilities.limit_or("metadata_depth", 3), 3)

    def check(example: tuple[dict[str, Json], list[dict[str, Json]]]) -> None:
        metadata, patches = example
        given: dict[str, Json] = {"metadata": metadata, "confidence": 0.5, "ext": {"com.example": 1}}
        added = record = add_as_taken(memory, "generated", scopes.fresh(), **given)
        for patch in (as_taken(added, each) for each in patches):
            model = patched(record, patch)
            if _fits(model["metadata"], capabilities) and _fits(metadata, capabilities):
                answer = memory.patch(record["id"], patch).must_be(200, because="the patch is within the limits")
                record = must_be_as(model, answer, "after a generated patch")
        settle(capabilities.staleness("get"))
        must_be_as(record, memory.get(record["id"]).must_be(200), "as GET reads it")

    objects = st.dictionaries(NAMES, _values(levels - 1), max_size=4)
    explore(st.tuples(objects, st.lists(_patches(levels), min_size=1, max_size=3)), check, examples=(0, 14, 180))


def _values(levels: int) -> st.SearchStrategy[Json]:
    scalars: st.SearchStrategy[Json] = st.none() | st.booleans() | st.integers(-EXACT, EXACT) | TEXTS
    scalars |= st.floats(-EXACT, EXACT, allow_nan=False)
    values = scalars
    for _ in range(levels):
        values = scalars | st.lists(values, max_size=2) | st.dictionaries(NAMES, values, max_size=3)
    return values


def _patches(levels: int) -> st.SearchStrategy[dict[str, Json]]:
    members: dict[str, st.SearchStrategy[Any]] = {
        "content": TEXTS,
        "metadata": st.none() | st.dictionaries(NAMES, _values(levels - 1), max_size=4),
        "confidence": st.none() | st.floats(0, 1),
        "ext": st.none() | st.fixed_dictionaries({"com.example": st.integers(0, 9)}),
    }
    return st.fixed_dictionaries({}, optional=members)


def _fits(metadata: Json, capabilities: Capabilities) -> bool:
    """Tell whether metadata is within the limits, with room for numbers that RFC 8785 may spell longer."""
    room = min(capabilities.limit_or("metadata_bytes", 4096), capabilities.limit_or("request_bytes", 4096) // 2)
    return json_bytes(metadata) * 2 <= room and depth(metadata) <= capabilities.limit_or("metadata_depth", 32)


@requirement("UPDATE-01", requests=(0, 40, 40))
def test_hostile_texts_come_back_from_patches(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities
) -> None:
    """Texts that servers like to tidy up come back code point for code point from a patch, and from GET."""
    memory_id = memory.add("tidy", scope)["id"]
    for each in material("hostile_texts"):
        text = cut(each["text"], capabilities.limit_or("content_bytes", 1000))
        answer = memory.patch(memory_id, {"content": text}).must_be(200, because=f"content ({each['name']})")
        must_match(text, answer.json.get("content"), f"patched content ({each['name']}):", answer)
        settle(capabilities.staleness("get"))
        read = memory.get(memory_id).control(200)
        must_match(text, read.json.get("content"), f"patched content ({each['name']}) read by id:", read)


@requirement("UPDATE-02", requests=(0, 16, 16))
def test_each_own_member_stays(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """A patch of any member of the server's own is refused and changes nothing; their present values are no change."""
    scope = scopes.fresh()
    record = memory.add("I use pnpm", scope, metadata={"keep": 1})
    for name, value in _other_values(record, scopes).items():
        answer = memory.patch(record["id"], {name: value, "metadata": {"mark": name}})
        answer.must_be_refused(because=f"{name} is the server's own")
    settle(capabilities.staleness("get"))
    read = memory.get(record["id"]).must_be(200, because="it was added")
    _must_be_unchanged(record, read.json, "patches of the server's own members")
    present = {name: record[name] for name in ("id", "version", "created_at", "updated_at")}
    same = memory.patch(record["id"], {**present, "scope": scope}).must_be(
        200, because="each member has its present value"
    )
    _must_be_unchanged(record, same.json, "a patch of the present values")


def _other_values(record: Memory, scopes: Scopes) -> dict[str, Json]:
    return {
        "id": f"{record['id']}0",
        "key": "editor",
        "scope": scopes.fresh(),
        "version": record["version"] + 7,
        "created_at": "2001-01-01T00:00:00Z",
        "updated_at": "2001-01-01T00:00:00Z",
        "superseded_by": f"{record['id']}0",
        "supersedes": [f"{record['id']}0"],
        "source": {"method": "inferred", "memory_ids": [], "message_ids": ["m1"]},
    }


def _must_be_unchanged(record: Memory, seen: Memory, what: str) -> None:
    name = difference(record, seen)
    if name is not None:
        raise NotMet(f"{name} unchanged by {what}: {record.get(name)!r}", f"{seen.get(name)!r}")


@requirement("UPDATE-03", requests=(0, 17, 91))
def test_many_changes_are_counted(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget
) -> None:
    """Each of many changes, as fast as they go, raises both; the same again and an empty patch raise neither."""
    added = record = add_as_taken(memory, "number 0", scope, confidence=0.5, ext={"y": 0})
    patches: list[dict[str, Json]] = [
        {"content": "changed"},
        {"confidence": 0.25},
        {"metadata": {"a": 1}},
        {"ext": {"x": 1}},
    ]
    patches += [{"metadata": {"a": number}} for number in range(2, budget.beyond_smoke(5, 40))]
    for patch in (each for each in patches if as_taken(added, each) == each):
        answer = memory.patch(record["id"], patch).control(200)
        changed = answer.control_object("id", str)
        must_be_next(record, changed, answer)
        record = changed
    for patch in (
        patches[-1],
        {},
        {"metadata": {}},
        {"metadata": {"never there": None}},
        {"content": record["content"]},
    ):
        answer = memory.patch(record["id"], patch).control(200)
        _must_be_unchanged(record, answer.control_object("id", str), f"the patch {patch}, which changes nothing")
    settle(capabilities.staleness("get"))
    must_equal(memory.fetch(record["id"]).get("version"), record["version"], "version in the end =")


@requirement("UPDATE-04", requests=(0, 34, 34))
def test_every_bad_patch_is_refused(memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities) -> None:
    """Patches that break the schema or a limit change nothing, an unknown id is 404, plain JSON is taken."""
    record = memory.add("I use pnpm", scope, metadata={"keep": 1})
    for what, patch in _bad_patches(capabilities):
        memory.patch(record["id"], patch).must_be(*REFUSALS, 413, because=f"the patch has {what}")
    for text in (b"{", b"null", b"[]", b'"x"', b"7", b""):
        headers = {"Content-Type": "application/merge-patch+json"}
        answer = memory.request("PATCH", path_of(record["id"]), content=text, headers=headers)
        answer.must_be_refused(because=f"the body is {text!r}")
    for media_type in ("text/plain", "application/json-patch+json", "application/xml"):
        answer = memory.patch(record["id"], {"content": "no"}, headers={"Content-Type": media_type})
        answer.must_be(415, because=f"the patch is sent as {media_type}")
    settle(capabilities.staleness("get"))
    read = memory.get(record["id"]).must_be(200, because="it was added")
    _must_be_unchanged(record, read.json, "patches that were refused")
    answer = memory.patch(record["id"], {"content": "I use npm"}, headers={"Content-Type": "application/json"})
    answer.must_be(200, because="application/json means the same as a merge patch")
    must_equal(answer.json.get("content"), "I use npm", "content after a patch as application/json =", answer)
    memory.delete(record["id"]).control(204)
    memory.patch(record["id"], {"content": "back"}).must_be(404, because="the memory was deleted")


def _bad_patches(capabilities: Capabilities) -> Iterator[tuple[str, dict[str, Json]]]:
    yield "empty content", {"content": ""}
    yield "content that is a number", {"content": 7}
    yield "content that is null", {"content": None}
    yield "metadata that are a string", {"metadata": "x"}
    yield "metadata that are an array", {"metadata": []}
    yield "a confidence above one", {"confidence": 1.5}
    yield "a negative confidence", {"confidence": -0.1}
    yield "a confidence that is a string", {"confidence": "high"}
    yield "ext that is an array", {"ext": []}
    yield "a valid_from that is no timestamp", {"valid_from": "yesterday"}
    room = min(capabilities.limit_or("request_bytes", LARGEST), LARGEST) - 200
    if (limit := capabilities.limit_or("content_bytes", room)) < room:
        yield "content above content_bytes", {"content": filled(limit + 1)}
    if (limit := capabilities.limit_or("metadata_bytes", room)) < room:
        yield "metadata above metadata_bytes", {"metadata": {"more": filled(limit)}}
    levels = capabilities.limit_or("metadata_depth", 64)
    if levels < 64 and 6 * levels + 20 < capabilities.limit_or("metadata_bytes", room):
        nested: Json = 1
        for _ in range(levels):
            nested = {"a": nested}
        yield "metadata that are too deep", {"metadata": {"a": nested}}
