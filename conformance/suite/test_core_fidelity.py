"""What was said comes back as it was said: content (CORE-06) and metadata (CORE-07)."""

import json
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from memconform.answer import REFUSALS, Answer, must, shortened
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.explore import Explorer
from memconform.memory_api import Memory, MemoryApi
from memconform.requirement import requirement
from memconform.scene.differences import EXACT, exact_json, must_match
from memconform.scene.eventually import settle
from memconform.scene.holdings import must_hold_only
from memconform.scene.material import cut, depth, filled, json_bytes, material
from memconform.scene.refusals import ALL_REFUSED, refusals
from memconform.scopes import Scopes
from memconform.verdict import NotApplicable

LONGEST = 2000
"""How long generated texts are at most, in bytes of UTF-8."""

LONE_SURROGATES = (r"a\ud800b", r"\udc00", r"\udc00\ud800", r"\ud83d\ud83d\ude80", r"end \udbff")


@requirement("CORE-06", requests=2)
def test_tidied_up_texts_would_show(memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities) -> None:
    """Everything that servers like to tidy up comes back in one long text: as it is and as JSON escapes, by id, too."""
    parts = [each["text"] for each in material("hostile_texts")]
    mixed = "\ufeff" + "".join(parts) + " <B>&amp;</B> \t\r\n"
    half = cut(mixed, _longest(capabilities) // 6)
    text = half + filled(_longest(capabilities) - 2 * len(half.encode()), unit="na\u00efve ") + half
    escaped = f'"{json.dumps(text[: len(text) // 2], ensure_ascii=False)[1:-1]}{json.dumps(text[len(text) // 2 :])[1:]}'
    if len(escaped.encode()) > capabilities.limit_or("request_bytes", 1 << 20) - 500:
        escaped = json.dumps(text, ensure_ascii=False)
    answer = memory.request("POST", "/v1/memories", content=_raw(scope, escaped))
    must_match(text, answer.must_be(201).json.get("content"), "content (hostile and long)", answer)
    settle(capabilities.staleness("get"))
    read = memory.get(answer.control_object("id", str)["id"]).control(200)
    must_match(text, read.json.get("content"), "content (hostile and long) read by id", read)


@requirement("CORE-06", requests=(0, 44, 44))
def test_hostile_texts_come_back(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget
) -> None:
    """Texts that servers like to tidy up come back code point for code point: in the answer, by id and in the list."""
    limit = capabilities.limit_or("content_bytes", 1000)
    chosen = material("hostile_texts")[: budget.of(9, 15, 15)]
    texts = {"a long text": filled(_longest(capabilities), "long: ", "naïve ")}
    texts |= {each["name"]: text for each in chosen if (text := cut(each["text"], limit))}
    kept = {name: _kept(memory, text, scope, name) for name, text in texts.items()}
    settle(max(map(capabilities.staleness, ("get", "list"))))
    for name in list(texts)[: budget.of(1, len(texts), len(texts))]:
        read = memory.get(kept[name]["id"]).control(200)
        must_match(texts[name], read.json["content"], f"content ({name}) read by id", read)
    listed = {item.get("id"): item.get("content") for item in memory.walk(scope)}
    for name, text in texts.items():
        must_match(text, listed.get(kept[name]["id"], text), f"content ({name}) in the list")


@requirement("CORE-06", requests=(0, 30, 800))
def test_generated_texts_come_back(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, explore: Explorer
) -> None:
    """Any text that Hypothesis invents comes back code point for code point."""
    limit = min(capabilities.limit_or("content_bytes", LONGEST), capabilities.limit_or("request_bytes", 4096) // 8)
    texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=limit // 4)

    def check(text: str) -> None:
        kept = _kept(memory, text, scopes.fresh(), "generated")
        settle(capabilities.staleness("get"))
        must_match(text, memory.fetch(kept["id"]).get("content"), "content read by id")

    explore(texts, check, examples=(0, 15, 400))


@requirement("CORE-06", requests=(0, 1, 1))
def test_escapes_mean_their_characters(memory: MemoryApi, scope: dict[str, str]) -> None:
    """Characters that the request writes as JSON escapes are those characters, surrogate pairs and NUL among them."""
    answer = memory.request("POST", "/v1/memories", content=_raw(scope, r'"\u00e9\ud83d\ude80\/\u0041\u0000\\u0042"'))
    must_match("é🚀/A\0\\u0042", answer.must_be(201).json.get("content"), "content", answer)


@requirement("CORE-06", stories=(ALL_REFUSED,))
def test_empty_and_broken_content_is_refused(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """Empty content and half of a surrogate pair are refused, and nothing of them is stored."""
    story = refusals(memory, scopes, capabilities)
    story.must_refuse("empty content")
    story.must_refuse("half of a surrogate pair")


@requirement("CORE-06", requests=(0, 13, 13))
def test_empty_content_and_lone_surrogates_are_refused(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget
) -> None:
    """Empty content and halves of surrogate pairs are refused, and nothing of them is stored."""
    control = memory.add("all is well", scope)
    for escaped in ("", *LONE_SURROGATES[: budget.of(1, 5, 5)]):
        answer = memory.request("POST", "/v1/memories", content=_raw(scope, f'"{escaped}"'))
        answer.must_be_refused(because=f'the content is "{escaped}"')
    must_hold_only(memory, scope, [control], capabilities, refused="empty content and lone surrogates")


@requirement("CORE-07", requests=2)
def test_converted_metadata_would_show(memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities) -> None:
    """Types, nesting, fractions, null and hostile keys come back as the same JSON, all in one object, by id, too."""
    sent: dict[str, Any] = {}
    members: list[str] = []
    for text in (each["json"] for each in material("hostile_metadata")):  # as much of it as the limits take
        more = exact_json(text)
        if not more.keys() & sent.keys() and _fits(sent | more, capabilities):
            sent, members = sent | more, [*members, text[1:-1]]
    raw = "{" + ",".join(members) + "}"
    answer = memory.request("POST", "/v1/memories", content=_raw(scope, '"hostile metadata"', raw))
    kept = _matched(sent, answer.must_be(201, because="the metadata is within the limits"), "hostile")
    settle(capabilities.staleness("get"))
    _matched(sent, memory.get(kept["id"]).control(200), "hostile, read by id")


@requirement("CORE-07", requests=(0, 30, 30))
def test_hostile_metadata_comes_back(memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities) -> None:
    """Types, nesting, fractions, null and hostile keys come back as the same JSON: in the answer, by id, in a list."""
    sent = {each["name"]: exact_json(each["json"]) for each in material("hostile_metadata")}
    sent = {name: value for name, value in sent.items() if _fits(value, capabilities)}
    if not sent:
        raise NotApplicable("limits.metadata_bytes and limits.metadata_depth leave no room for the material")
    kept = {}
    for each in material("hostile_metadata"):
        if (name := each["name"]) in sent:
            answer = memory.request("POST", "/v1/memories", content=_raw(scope, json.dumps(name), each["json"]))
            kept[name] = _matched(sent[name], answer.must_be(201, because=f"metadata with {name}"), name)
    settle(max(map(capabilities.staleness, ("get", "list"))))
    for name in list(sent):
        _matched(sent[name], memory.get(kept[name]["id"]).control(200), f"{name}, read by id")
    for item in memory.walk(scope):
        name = next((name for name in sent if kept[name]["id"] == item.get("id")), None)
        if name is not None:
            must_match(sent[name], item.get("metadata"), f"metadata ({name}, in the list)")


@requirement("CORE-07", requests=(0, 30, 800))
def test_generated_metadata_comes_back(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, explore: Explorer
) -> None:
    """Any JSON object that Hypothesis invents within the limits comes back as the same JSON."""
    shallow = max(0, capabilities.limit_or("metadata_depth", 6) - 1)

    def check(metadata: dict[str, Any]) -> None:
        if not _fits(metadata, capabilities):
            return
        answer = memory.post({"content": "generated", "scope": scopes.fresh(), "metadata": metadata}).must_be(201)
        kept = _matched(metadata, answer, "generated")
        settle(capabilities.staleness("get"))
        _matched(metadata, memory.get(kept["id"]).control(200), "generated, read by id")

    explore(_objects(shallow), check, examples=(0, 15, 400))


@requirement("CORE-07", requests=(0, 8, 8))
def test_big_numbers_are_kept_or_refused(memory: MemoryApi, scope: dict[str, str], budget: Budget) -> None:
    """An integer beyond 2^53 comes back with all its digits, or the request is refused; it is never altered."""
    for literal in material("numbers")["kept_or_refused"][: budget.of(1, 8, 8)]:
        metadata = f'{{"n":{literal}}}'
        answer = memory.request("POST", "/v1/memories", content=_raw(scope, json.dumps(literal), metadata))
        if answer.must_be(201, *REFUSALS, because=f"the number {literal}").status == 201:
            _matched(exact_json(metadata), answer, f"the number {literal}")


@requirement("CORE-07", stories=(ALL_REFUSED,))
def test_infinite_number_is_refused(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """A number that binary64 cannot hold is refused, and nothing is stored."""
    refusals(memory, scopes, capabilities).must_refuse("an infinite number in the metadata")


@requirement("CORE-07", requests=(0, 10, 10))
def test_infinite_numbers_are_refused(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget
) -> None:
    """A number that binary64 cannot hold is refused, and nothing is stored."""
    control = memory.add("all is well", scope)
    for literal in material("numbers")["refused"][: budget.of(2, 3, 3)]:
        answer = memory.request("POST", "/v1/memories", content=_raw(scope, '"x"', f'{{"n":{literal}}}'))
        answer.must_be_refused(because=f"the number {shortened(literal, 24)} is not finite in binary64")
    must_hold_only(memory, scope, [control], capabilities, refused="metadata with an infinite number")


def _longest(capabilities: Capabilities) -> int:
    """Return how many bytes of content fit a request, up to 64 KiB."""
    room = capabilities.limit_or("request_bytes", 1 << 20) - 500
    return max(8, min(capabilities.limit_or("content_bytes", 1 << 16), room))


def _kept(memory: MemoryApi, text: str, scope: dict[str, str], name: str) -> Memory:
    answer = memory.post({"content": text, "scope": scope}).must_be(201, because=f"content ({name})")
    must(isinstance(answer.json, dict), "the stored record as a JSON object", answer.observed(), answer)
    must_match(text, answer.json.get("content"), f"content ({name})", answer)
    return answer.control_object("id", str)


def _matched(sent: Any, answer: Answer, name: str) -> Memory:
    """Require the metadata of an answered record to equal what was sent, digit for digit where that counts."""
    record = answer.control_object("id", str)
    must_match(sent, exact_json(answer.received.body).get("metadata"), f"metadata ({name})", answer)
    return record


def _raw(scope: dict[str, str], content: str, metadata: str = "{}") -> bytes:
    """Return the body of an add, content and metadata as the JSON texts given."""
    return f'{{"content":{content},"scope":{json.dumps(scope)},"metadata":{metadata}}}'.encode()


def _fits(metadata: Any, capabilities: Capabilities) -> bool:
    """Tell whether metadata is within the limits; four bytes more for each number that RFC 8785 may spell longer."""
    room = min(capabilities.limit_or("metadata_bytes", 4096), capabilities.limit_or("request_bytes", 4096) // 2)
    size = json_bytes(metadata) + 4 * _fractions(metadata)
    return size <= room and depth(metadata) <= capabilities.limit_or("metadata_depth", 32)


def _fractions(value: Any) -> int:
    if isinstance(value, (dict, list)):
        return sum(map(_fractions, value.values() if isinstance(value, dict) else value))
    return isinstance(value, (float, Decimal))


def _objects(shallow: int) -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy of objects whose members nest at most `shallow` deep."""
    texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
    fractions = st.floats(-EXACT, EXACT, allow_nan=False)
    values: st.SearchStrategy[Any] = st.none() | st.booleans() | st.integers(-EXACT, EXACT) | fractions | texts
    for _ in range(min(shallow, 3)):
        values |= st.lists(values, max_size=3) | st.dictionaries(texts, values, max_size=3)
    return st.dictionaries(texts, values, max_size=5)
