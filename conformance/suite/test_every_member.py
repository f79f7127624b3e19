"""Every member of a memory survives every way in which the memory is changed, replaced, copied and moved."""

from __future__ import annotations

from memconform.answer import REFUSALS, Answer, control, must, must_equal, shown
from memconform.capabilities import Capabilities
from memconform.memory_api import Json, Memory, MemoryApi, Scope
from memconform.requirement import requirement
from memconform.scene.eventually import settle
from memconform.scene.export_file import sealed
from memconform.scene.life import entries_of, history_pages
from memconform.scene.optional_members import add_as_taken, as_taken
from memconform.scene.oracle import difference, instant
from memconform.scopes import Scopes
from memconform.session import Session
from memconform.verdict import NotApplicable

FAR = "2199-01-01T00:00:00Z"

SECONDS = 5.0
"""How far the time of an entry may be from the memory's own, as for all timestamps."""


@requirement("CORE-05", requests=(0, 2, 2))
def test_every_member_is_stored(memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities) -> None:
    """Every optional member, a confidence of 0 among them, is in the answer to an add and in what is read."""
    given = {**_given(capabilities), "confidence": 0}
    answer = memory.post({"content": "I use pnpm", "scope": scope, **given}).must_be(201, because="it is well-formed")
    name = _lost(answer.control_object("id", str), given)
    said = f"{name} {shown(given.get(str(name)))} in the stored record"
    must(name is None, said, shown(answer.json.get(str(name))), answer)
    settle(capabilities.staleness("get"))
    read = memory.get(str(answer.json["id"])).must_be(200, because="it was added")
    _must_agree(read.json, answer.json, "GET", read)


@requirement("UPDATE-01", requests=(0, 9, 9))
def test_a_patch_leaves_every_other_member(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities
) -> None:
    """Patches of one member each change this one alone, also to 0 and from 1 to true, and so it is read."""
    seen = _stored(memory, scope, capabilities, metadata={"flag": 1})
    patches: list[dict[str, Json]] = [{"content": "I use yarn"}, {"metadata": {"flag": True}}, {"confidence": 0}]
    for patch in [patch for patch in patches if as_taken(seen, patch)]:
        answer = memory.patch(seen["id"], patch).must_be(200, because=f"the patch {shown(patch)}")
        _must_agree(answer.json, {**seen, **patch}, f"the answer to a patch of {next(iter(patch))}", answer)
        seen = answer.control_object("id", str)
    settle(capabilities.staleness("get"))
    read = memory.get(seen["id"]).must_be(200, because="it was added")
    _must_agree(read.json, seen, "GET after patches", read)
    for memory_id in seen.get("supersedes") or ():
        hidden = memory.fetch(memory_id)
        control(hidden.get("superseded_by") == seen["id"], "what is superseded does not say by what")
        answer = memory.patch(memory_id, {"content": "I used npm"})
        if answer.status == 200:
            _must_agree(answer.json, {**hidden, "content": "I used npm"}, "the answer to a patch", answer)


@requirement("KEYED-01", requests=(0, 4, 4))
def test_put_replaces_every_member(memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities) -> None:
    """What a PUT does not name is gone, and one that differs in its confidence alone is a change."""
    kept = {name: value for name, value in _given(capabilities).items() if name in ("confidence", "ext", "expires_at")}
    first = _kept_as_taken(memory, scope, {"content": "vim", "metadata": {"since": 1999}, **kept})
    kept = as_taken(first, kept)
    _control_given(first, kept)
    bodies: list[dict[str, Json]] = [{"content": "nano"}, {"content": "nano", "confidence": 0.75}]
    answers = []
    for body in bodies if "confidence" in kept else bodies[:1]:
        answer = memory.set("editor", scope, body).must_be(200, because="the key is set")
        bare = {name: value for name, value in first.items() if name not in kept}
        _must_agree(answer.json, {**bare, "metadata": {}, **body}, f"the answer to the PUT of {shown(body)}", answer)
        answers.append(answer)
    settle(capabilities.staleness("get"))
    read = memory.get_keyed("editor", scope).must_be(200, because="the key is set")
    _must_agree(read.json, answers[-1].json, "GET of the key", read)


@requirement("BATCH-02", requests=(0, 10, 10))
def test_a_batch_adds_every_member(memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities) -> None:
    """A memory added in a batch has every member that one added alone has; it supersedes, too."""
    alone = _stored(memory, scope, capabilities)
    given = as_taken(alone, _given(capabilities))
    if alone.get("supersedes"):
        given["supersedes"] = [alone["id"]]
    item = {"op": "add", "memory": {"content": "I use yarn", "scope": scope, **given}}
    answer = memory.batch([item]).control(200)
    settle(max(capabilities.staleness(read) for read in ("get", "list")))
    ids = [str(item["id"]) for item in memory.walk(scope) if item.get("content") == "I use yarn"]
    control(ids, "what the batch added is not listed", answer)
    read = memory.get(ids[0]).must_be(200, because="a batch added it")
    own = ("id", "content", "created_at", "supersedes")
    expected = {**alone, **{name: read.json.get(name) for name in own}}
    if "supersedes" in given:
        expected["supersedes"] = given["supersedes"]
        by = memory.fetch(alone["id"]).get("superseded_by")
        must_equal(by, ids[0], "superseded_by of what a memory in a batch supersedes =", answer)
    _must_agree(read.json, expected, "a memory that a batch added", answer, read)


@requirement("PORTABILITY-02", requests=(0, 20, 20), needs=("tenancy",))
def test_an_import_keeps_every_member(
    memory: MemoryApi, session: Session, scopes: Scopes, capabilities: Capabilities
) -> None:
    """What moves to another principal has every member and is found there; imported over, it has those alone."""
    if session.first.token is None or session.second.token is None:
        raise NotApplicable("there is no second principal to move to")
    other = session.client(memory.recorder, session.second)
    scope = scopes.fresh()
    scopes.use(scope, principal=session.second.label)
    record = _stored(memory, scope, capabilities, confidence=0, metadata={"topic": "tools"})
    settle(max(capabilities.staleness(read) for read in ("get", "list")))
    manifest, records = memory.exported(scope)
    for each in records:
        memory.delete(str(each["id"])).control(204)
    answer = other.import_([manifest, *records])
    if answer.status >= 300:
        raise NotApplicable("the file is not taken in, which is judged by itself")
    for each in records:
        read = _read_again(other, str(each["id"]), capabilities)
        _must_agree(read.json, each, "an imported memory", answer, read)
    _must_be_found(other, capabilities, record, scope)
    bare = {name: record[name] for name in ("id", "scope", "created_at", "updated_at", "version")}
    over: Memory = {**bare, "content": "It came back otherwise", "metadata": {}}
    answer = other.import_(sealed(manifest, [over]).bytes, "overwrite").control(200)
    read = _read_again(other, record["id"], capabilities)
    _must_agree(read.json, over, "a memory that an import replaced", answer, read)
    _must_be_found(other, capabilities, over, scope)


@requirement("HISTORY-02", requests=(0, 6, 6), needs=("portability",))
def test_what_is_imported_over_has_its_history(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities
) -> None:
    """The last entry of a memory that an import replaced is the memory as it is, and tells when it was replaced."""
    record = memory.add("It went", scope)
    settle(max(capabilities.staleness(read) for read in ("get", "list")))
    manifest, _ = memory.exported(scope)
    over = {**record, "content": "It came back", "created_at": "2001-01-01T00:00:00Z"}
    if memory.import_(sealed(manifest, [over]).bytes, "overwrite").status != 200:
        raise NotApplicable("a record with another created_at is not taken in")
    read = _read_again(memory, record["id"], capabilities)
    control(read.json.get("content") == "It came back", "the import has replaced nothing", read)
    pages = history_pages(memory, record["id"])
    last = entries_of(pages)[-1]
    for name in ("version", "content"):
        must_equal(last.get(name), read.json.get(name), f"{name} of the last entry =", *pages)
    apart = abs(float(instant(last.get("at")) - instant(read.json.get("updated_at"))))
    must(apart <= SECONDS, f"the last entry at {shown(read.json.get('updated_at'))}", shown(last.get("at")), *pages)


def _given(capabilities: Capabilities) -> dict[str, Json]:
    """Return every optional member that a client may give, as far as the server declares them."""
    given: dict[str, Json] = {
        "confidence": 0.25,
        "valid_from": "2001-01-01T00:00:00Z",
        "valid_to": FAR,
        "source": {"method": "inferred", "message_ids": ["message-one"]},
        "ext": {"com.example": {"kept": [True, 1.5]}},
    }
    return {**given, "expires_at": FAR} if "lifecycle" in capabilities.profiles else given


def _stored(memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, **members: Json) -> Memory:
    """Add a memory with every optional member that is taken, in place of another one; it must have all the others."""
    given = {**_given(capabilities), **members}
    if "supersession" in capabilities.profiles:
        given["supersedes"] = [memory.add("I use npm", scope)["id"]]
    record = add_as_taken(memory, "I use pnpm", scope, **given)
    _control_given(record, as_taken(record, given))
    return record


def _kept_as_taken(memory: MemoryApi, scope: dict[str, str], body: dict[str, Json]) -> Memory:
    """Set a key to a memory with those optional members that the server takes and return the stored record."""
    answer = memory.set("editor", scope, body)
    if answer.status in REFUSALS:
        answer = memory.set("editor", scope, as_taken({}, body))
    return answer.control(200, 201).control_object("id", str)


def _control_given(record: Memory, given: Memory) -> None:
    name = _lost(record, given)
    control(name is None, f"the answer does not have the {name} that was given, which is judged as CORE-05")


def _lost(record: Memory, given: Memory) -> str | None:
    """Return the name of a given member that a record does not have; a server may say more of the source."""
    source = record.get("source") or {}
    told = {name: source.get(name) for name in given.get("source") or {}}
    return difference({**record, **given}, {**record, "source": told} if "source" in given else record)


def _read_again(memory: MemoryApi, memory_id: str, capabilities: Capabilities) -> Answer:
    settle(capabilities.staleness("get"))
    return memory.get(memory_id).must_be(200, because="an import brought it")


def _must_be_found(memory: MemoryApi, capabilities: Capabilities, record: Memory, scope: Scope) -> None:
    if "search" not in capabilities.profiles or not capabilities.exact:
        return
    settle(capabilities.staleness("search"))
    answer = memory.search(str(record["content"]), scope).control(200)
    first = [(hit.get("memory") or {}).get("id") for hit in answer.control_object("results", list)["results"]]
    must(record["id"] in first, "an imported memory among the results for its own text", f"{len(first)} others", answer)


def _must_agree(seen: Json, expected: Memory, what: str, *see: Answer) -> None:
    """Require a record to be the expected one, version and `updated_at` apart."""
    record = seen if isinstance(seen, dict) else {}
    name = difference({**expected, "version": 0, "updated_at": None}, {**record, "version": 0, "updated_at": None})
    must(name is None, f"{what} with {name} {shown(expected.get(str(name)))}", f"{shown(record.get(str(name)))}", *see)
