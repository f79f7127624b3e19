"""Bad input: refused, with nothing stored, by a server that stays up and quick."""

import json
from itertools import islice
from statistics import median
from typing import Any

from memconform.answer import REFUSALS, Answer, must, shown
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.explore import Explorer
from memconform.http import TimedOut, Unanswered
from memconform.memory_api import MEMORIES, MemoryApi
from memconform.requirement import requirement
from memconform.scene.cases import Cases
from memconform.scene.differences import must_match
from memconform.scene.generated_bodies import invalid_bodies
from memconform.scene.holdings import must_hold_only
from memconform.scene.material import material
from memconform.scene.refusals import ALL_REFUSED, refusals
from memconform.scopes import SCOPE_MEMBERS, Scopes
from memconform.verdict import NotMet

REFUSED = (*REFUSALS, 413)
FLOOR_S = 2.0
"""An answer that takes no longer than this, in seconds, is never held against the server."""
SLOWER = 50
"""How many times longer than good input of its size bad input may take."""
BAD_INPUT_BYTES = 256 * 1024
OTHER_PROFILES = {
    "filter": "filters",
    "inherit": "hierarchy",
    "as_of": "temporal",
    "valid_from": "temporal",
    "valid_to": "temporal",
    "expires_at": "lifecycle",
    "supersedes": "supersession",
}
"""Members that a server without the profile may not know, and may ignore."""


@requirement("CORE-09", stories=(ALL_REFUSED,))
def test_malformed_and_broken_bodies_are_refused(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """Malformed JSON is 400, a body that breaks the schema 422 or 400, and nothing of either is stored."""
    story = refusals(memory, scopes, capabilities)
    story.must_refuse("two documents in one body", 400)
    story.must_refuse("NaN in the metadata")
    story.must_refuse("content that is a number")
    story.must_refuse("a confidence above 1")


@requirement("CORE-09", requests=(0, 27, 27))
def test_malformed_json_is_400(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget
) -> None:
    """JSON that is none is answered with 400, and nothing is stored."""
    control = memory.add("all is well", scope)
    with Cases() as case:
        for each in material("malformed_json")[: budget.of(4, 15, 15)]:
            body = each["body"].replace("@", json.dumps(scope))
            with case(each["name"]):
                answer = memory.request("POST", MEMORIES, content=body.encode())
                answer.must_be(400, because=f"malformed JSON: {each['name']}")
        for name, raw in islice(_doubtful(scope).items(), budget.of(2, 4, 4)):
            with case(name):
                memory.request("POST", MEMORIES, content=raw).must_be_refused(because=f"the body has {name}")
    must_hold_only(memory, scope, [control], capabilities, refused="malformed JSON")


def _doubtful(scope: dict[str, str]) -> dict[str, bytes]:
    """Return bodies that are malformed to one reader and invalid to another: either refusal will do."""
    start = f'{{"scope":{json.dumps(scope)},"content":'.encode()
    return {
        "NaN in it": start + b'"x","metadata":{"n":NaN}}',
        "bytes that are no UTF-8": start + b'"\xff\xfe\x80"}',
        "nothing in it": b"",
        "UTF-16 in the place of UTF-8": json.dumps({"content": "in UTF-16", "scope": scope}).encode("utf-16"),
    }


@requirement("CORE-09", requests=(0, 34, 34))
def test_broken_memories_are_refused(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget
) -> None:
    """Bodies that break the schema of a new memory in one point are refused with 422 or 400, and nothing is stored."""
    control = memory.add("all is well", scope)
    with Cases() as case:
        for each in material("broken_memories")[: budget.of(5, 24, 24)]:
            with case(each["name"]):
                answer = memory.post({"content": "x", "scope": scope, **each["members"]})
                answer.must_be_refused(because=f"{each['name']}: {shown(each['members'])}")
        with case("no content"):
            memory.post({"scope": scope}).must_be_refused(because="there is no content")
        with case("an array"):
            memory.request("POST", MEMORIES, content=b'["x"]').must_be_refused(because="the body is an array")
    must_hold_only(memory, scope, [control], capabilities, refused="bodies that break the schema")


@requirement("CORE-09", requests=(0, 5, 5), needs=("search",))
def test_broken_searches_are_refused(memory: MemoryApi, scope: dict[str, str], budget: Budget) -> None:
    """Malformed JSON is 400 for a search, too, and a body that breaks the schema of a search 422 or 400."""
    malformed = f'{{"query":"x","scope":{json.dumps(scope)},}}'.encode()
    memory.request("POST", "/v1/search", content=malformed).must_be(400, because="malformed JSON: a trailing comma")
    broken: list[Any] = [{"scope": scope}, {"query": 7, "scope": scope}]
    broken += [{"query": "x", "scope": scope, "top_k": "many"}, {"query": "x", "scope": scope, "min_score": "low"}]
    with Cases() as case:
        for body in broken[: budget.of(2, 4, 4)]:
            with case(shown(body)):
                memory.request("POST", "/v1/search", body=body).must_be_refused(because=f"the body {shown(body)}")


@requirement("CORE-09", requests=(0, 38, 200))
def test_generated_broken_memories_are_refused(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, explore: Explorer
) -> None:
    """Bodies that Schemathesis derives from the schema of a new memory, each breaking it, are refused."""
    explore(invalid_bodies("POST", MEMORIES), _Refused(memory, MEMORIES, scope, capabilities), examples=(0, 30, 190))
    control = memory.add("all is well", scope)
    must_hold_only(memory, scope, [control], capabilities, refused="generated bodies that break the schema")


@requirement("CORE-09", requests=(0, 20, 120), needs=("search",))
def test_generated_broken_searches_are_refused(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, explore: Explorer
) -> None:
    """Bodies that Schemathesis derives from the schema of a search, each breaking it, are refused."""
    refused = _Refused(memory, "/v1/search", scope, capabilities)
    explore(invalid_bodies("POST", "/v1/search"), refused, examples=(0, 20, 120))


class _Refused:
    """Sends generated bodies, each once, with the test's own scope where theirs could be somebody's."""

    def __init__(self, memory: MemoryApi, path: str, scope: dict[str, str], capabilities: Capabilities) -> None:
        self._memory, self._path, self._scope = memory, path, scope
        self._ignored = {name for name, profile in OTHER_PROFILES.items() if profile not in capabilities.profiles}
        self._name = "memory-create" if path == MEMORIES else "search-request"
        self._sent: set[str] = set()

    def __call__(self, body: Any) -> None:
        from memconform.contract import validator

        if isinstance(body, dict):
            body = {name: value for name, value in body.items() if name not in self._ignored}
            if isinstance(body.get("scope"), dict):
                body["scope"] = self._own(body["scope"])
        text = json.dumps(body)
        errors = validator(self._name).errors(body)
        if not errors or text in self._sent:
            return
        self._sent.add(text)
        answer = self._memory.request("POST", self._path, content=text.encode())
        answer.must_be(*REFUSED, because=f"at {errors[0].pointer or 'the root'}: {errors[0].message}")

    def _own(self, scope: dict[str, Any]) -> dict[str, Any]:
        def own(name: str, value: Any) -> Any:
            return self._scope["user_id"] if name in SCOPE_MEMBERS and isinstance(value, str) and value else value

        return {name: own(name, value) for name, value in scope.items()}


@requirement("CORE-10", stories=(ALL_REFUSED,))
def test_plain_text_is_415(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """A good JSON text under the media type text/plain is 415, and nothing is stored."""
    refusals(memory, scopes, capabilities).must_refuse("the media type text/plain", 415)


@requirement("CORE-10", requests=(0, 15, 15))
def test_other_media_types_are_415(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget
) -> None:
    """A good JSON text under another media type is 415, and nothing is stored; a charset does no harm."""
    named = memory.post({"content": "all is well", "scope": scope}, headers=_type("application/json; charset=utf-8"))
    kept = named.must_be(201, because="the media type is application/json").control_object("id", str)
    others = ("text/plain", "application/x-www-form-urlencoded", "application/xml", "multipart/form-data; boundary=x")
    with Cases() as case:
        for media_type in (*others, "application/octet-stream", "text/html")[: budget.of(2, 6, 6)]:
            with case(media_type):
                answer = memory.post({"content": "x", "scope": scope}, headers=_type(media_type))
                answer.must_be(415, because=f"Content-Type: {media_type}")
    if "search" in capabilities.profiles:
        search = {"query": "x", "scope": scope}
        answer = memory.request("POST", "/v1/search", body=search, headers=_type("text/plain"))
        answer.must_be(415, because="Content-Type: text/plain")
    must_hold_only(memory, scope, [kept], capabilities, refused="bodies of another media type")


def _type(media_type: str) -> dict[str, str]:
    return {"Content-Type": media_type}


@requirement("CORE-24", requests=(0, 4, 4))
def test_unknown_members_are_refused_or_ignored(
    memory: MemoryApi, scopes: Scopes, scope: dict[str, str], capabilities: Capabilities, budget: Budget
) -> None:
    """Members that the contract does not know are refused or ignored, and harm neither the record nor a search."""
    metadata = {"topic": "home"}
    body = {"content": "The cat is called Miau", "scope": scope, "metadata": metadata}
    unknown = {"x_memconform": 1, "colour": "red", "embedding": [0.1, None], "nested": {"a": [{}]}, "": True}
    answer = memory.post(body | unknown).must_be(201, *REFUSALS, because="the body has unknown members")
    if answer.status == 201:
        must_match("The cat is called Miau", answer.json.get("content"), "content", answer)
        must_match(metadata, answer.json.get("metadata"), "metadata beside unknown members", answer)
    if budget.size != "smoke":
        one = memory.post({"content": "y", "scope": scopes.fresh(), "priority": "high"})
        one.must_be(201, *REFUSALS, because="the body has the unknown member `priority`")
    if "search" in capabilities.profiles:
        found = memory.search("Miau", scope, rerank=True, colour="red")
        found.must_be(200, *REFUSALS, because="the search has unknown members")


@requirement("CORE-29", requests=(0, 17, 17))
def test_bad_input_is_answered_in_bounded_time(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget
) -> None:
    """Deep nesting, duplicate keys, huge numbers and long strings take no longer than good input of their size."""
    size = min(capabilities.limit_or("request_bytes", BAD_INPUT_BYTES), BAD_INPUT_BYTES)
    good = json.dumps({"content": "a", "scope": scope}).encode().ljust(size)
    for name, body in islice(_costly(scope, size, capabilities).items(), budget.of(1, 7, 7)):
        seconds = _seconds(memory, body, name)
        if seconds <= FLOOR_S:
            continue
        seconds = median([seconds, _seconds(memory, body, name), _seconds(memory, body, name)])
        usual = median(_seconds(memory, good, "good input") for _ in range(3))
        allowed = max(FLOOR_S, SLOWER * usual)
        must(
            seconds <= allowed,
            f"an answer within {allowed:.1f} s to {len(body)} bytes with {name} (as much good input: {usual:.3f} s)",
            f"{seconds:.1f} s",
        )


def _costly(scope: dict[str, str], size: int, capabilities: Capabilities) -> dict[str, bytes]:
    start, end = f'{{"content":"x","scope":{json.dumps(scope)},"metadata":'.encode(), b"}"
    room = max(0, size - len(start) - 64)
    deep = room // 7
    longer = min(room, capabilities.limit_or("content_bytes", room) + 1)
    each = max(0, room - longer) // 8
    several = b'{"n":' + b"7" * each + b',"d":{' + b",".join([b'"a":1'] * (each // 6)) + b'},"l":' + b"[" * each
    text = json.dumps({"content": " " * (longer - 1) + "x", "scope": scope}).encode()
    return {
        "a long string, a huge number, duplicate keys and deep nesting at once": (
            text[:-1]
            + b',"metadata":'
            + several
            + b"]" * each
            + b',"o":'
            + b'{"a":' * (each // 6)
            + b"{}"
            + b"}" * (each // 6)
            + b"}}"
        ),
        "a long string": text,
        "deep arrays": start + b'{"a":' + b"[" * (room // 2) + b"]" * (room // 2) + b"}" + end,
        "duplicate keys": start + b"{" + b",".join([b'"a":1'] * (room // 6)) + b"}" + end,
        "a huge number": start + b'{"n":' + b"7" * room + b"}" + end,
        "deep objects": start + b'{"a":' * deep + b"{}" + b"}" * deep + end,
        "a string of escapes": start + b'{"s":"' + b"\\u0020" * (room // 6) + b'"}' + end,
    }


def _seconds(memory: MemoryApi, body: bytes, name: str) -> float:
    """Return how long the answer to a body takes; no answer, while health still answers, is the server's fault."""
    try:
        answer: Answer = memory.request("POST", MEMORIES, content=body)
    except TimedOut as late:
        try:
            memory.request("GET", "/v1/health", credentials=False)
        except Unanswered:
            raise late from None
        raise NotMet(f"an answer to {len(body)} bytes with {name}", late.detail, [late.exchange]) from None
    return answer.exchange.seconds
