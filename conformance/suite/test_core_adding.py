"""Adding a memory: the answer, the location, the stored record."""

from urllib.parse import urljoin, urlsplit

from memconform.answer import Answer, control, must, shown
from memconform.capabilities import Capabilities
from memconform.memory_api import Memory, MemoryApi
from memconform.requirement import requirement
from memconform.scene.differences import must_match
from memconform.scene.eventually import settle
from memconform.scene.one_life import ONE_LIFE, one_life
from memconform.scene.oracle import difference
from memconform.scopes import Scopes
from memconform.verdict import NotMet


@requirement("CORE-05", requests=(0, 2, 2))
def test_added_memory_is_answered_and_found_at_its_location(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities
) -> None:
    """POST answers 201 with a Location and the record of what was sent; GET of the location returns the same record."""
    sent = {"content": "My sister's name is Inês", "scope": scope, "metadata": {"topic": "family"}, "confidence": 0.75}
    answer = memory.post(sent).must_be(201)
    must(isinstance(answer.json, dict), "the stored record as a JSON object", answer.observed(), answer)
    for member, value in sent.items():
        must_match(value, _told(answer.json.get(member)), f"`{member}` of the answer", answer)
    settle(capabilities.staleness("get"))
    found = memory.request("GET", _location(memory, answer)).must_be(200, because="the Location of a 201 led there")
    _must_be_same_record(answer.json, found)


@requirement("CORE-05", stories=(ONE_LIFE,))
def test_bare_memory_is_stored_with_defaults(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """A memory with nothing but content and scope is kept with `metadata` {}, and the list holds the same record."""
    life = one_life(memory, scopes, capabilities)
    for step in ("added with all members", "bare with all members"):
        life[step].must_be(201, because="content, scope, metadata and confidence are members of a memory")
    added = life["bare"]
    must_match({}, added.json.get("metadata"), "`metadata` when none was given", added)
    listed = life.listed(0, "bare")
    control(listed, "the list does not hold the memory that was added")
    _must_equal_record(added.json, listed or {}, added)


def _told(value: object) -> object:
    """Return a member of a record without nulls, which in a scope mean the same as absent members."""
    return {key: each for key, each in value.items() if each is not None} if isinstance(value, dict) else value


def _location(memory: MemoryApi, answer: Answer) -> str:
    """Return the path of the Location below the server's base; its host may be another name of the same server."""
    location = answer.header("Location")
    if location is None:
        raise NotMet("a Location header", "none", [answer.exchange])
    base = urlsplit(memory.wire.target.url).path.rstrip("/")
    target = urlsplit(urljoin(answer.exchange.sent.url, location))
    inside = target.path.startswith(base + "/")
    must(inside, f"a Location below {base}/", f"Location: {shown(location)}", answer)
    return target.path.removeprefix(base) + (f"?{target.query}" if target.query else "")


def _must_be_same_record(record: Memory, found: Answer) -> None:
    must(isinstance(found.json, dict), "the stored record as a JSON object", found.observed(), found)
    _must_equal_record(record, found.json, found)


def _must_equal_record(record: Memory, other: Memory, see: Answer) -> None:
    name = difference(record, other)
    must(
        name is None,
        f"the record that POST answered: {name} = {shown(record.get(name or ''))}",
        f"{name} = {shown(other.get(name or ''))}",
        see,
    )
