"""The advertised limits: the limit itself is accepted, one more is refused and leaves nothing."""

import json
from typing import Any

from memconform.answer import REFUSALS, Answer
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.memory_api import Memory, MemoryApi
from memconform.requirement import requirement
from memconform.scene.differences import must_match
from memconform.scene.holdings import must_hold_only
from memconform.scene.material import filled
from memconform.scene.refusals import ALL_REFUSED, refusals
from memconform.scopes import Scopes
from memconform.verdict import NotApplicable

LARGEST = 4 * 1024 * 1024
"""Bodies of more bytes are not sent: proving a larger limit would cost the server more than it tells us."""

DEEPEST = 400
TOO_LARGE = (413, *REFUSALS)
LIMITS = ("content_bytes", "metadata_bytes", "metadata_depth", "scope_value_bytes", "request_bytes")
ROOM = 300
OVER = "a body above request_bytes"
WALK = 5
"""Requests that a list of one memory may take where pages are short or empty."""


@requirement("CORE-08", requests=5 + WALK)
def test_all_limits_at_once(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """A memory at every limit at once is stored whole; one more byte, or level, of any of them is refused."""
    limit = {name: capabilities.limit(name) for name in LIMITS}
    scope = scopes.use({"user_id": filled(limit["scope_value_bytes"], scopes.value())})
    above = scopes.use({**scope, "agent_id": filled(limit["scope_value_bytes"] + 1, scopes.value())})
    full = {"content": filled(limit["content_bytes"]), "scope": scope, "metadata": _metadata(limit)}
    body = json.dumps(full, ensure_ascii=False).encode()
    if not len(body) < limit["request_bytes"] - ROOM <= LARGEST or limit["scope_value_bytes"] < len(scopes.value()):
        raise NotApplicable("the limits leave no room for a memory at all of them at once")
    kept = _stored(
        memory.request("POST", "/v1/memories", content=body.ljust(limit["request_bytes"])),
        f"it is at the limits, and above none: {limit}",
    )
    must_match(full["content"], kept.get("content"), "content at the limit")
    over: dict[str, dict[str, Any]] = {
        "content_bytes": {"content": filled(limit["content_bytes"] + 1)},
        "metadata_bytes": {"metadata": _metadata({**limit, "metadata_bytes": limit["metadata_bytes"] + 1})},
        "metadata_depth": {"metadata": _nested(limit["metadata_depth"] + 1)},
        "scope_value_bytes": {"scope": above},
    }
    for name, members in over.items():
        answer = memory.post({"content": "b", "scope": scope, **members})
        answer.must_be(*TOO_LARGE, because=f"{name} is one more than the limit of {limit[name]}")
    must_hold_only(memory, scope, [kept], capabilities, refused="what is above a limit")


@requirement("CORE-08", stories=(ALL_REFUSED,))
def test_body_above_the_limit(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """A body of one byte more than `request_bytes` is 413, even if most of it is blanks, and nothing is stored."""
    story = refusals(memory, scopes, capabilities)
    if OVER not in story:
        raise NotApplicable(f"no body was refused: one above limits.request_bytes or {LARGEST} bytes was not sent")
    story.must_refuse(OVER, 413)


@requirement("CORE-08", requests=(0, 2 + WALK, 2 + WALK))
def test_content_bytes(memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities) -> None:
    """Content of exactly `content_bytes` bytes of multi-byte text is stored whole; one byte more is refused."""
    limit = _provable("content_bytes", capabilities, {"content": "", "scope": scope})
    text = filled(limit)
    kept = _accepted(memory, {"content": text, "scope": scope}, f"{limit} bytes of content")
    must_match(text, kept.get("content"), "content at the limit")
    over = memory.post({"content": filled(limit + 1), "scope": scope})
    over.must_be(*TOO_LARGE, because=f"{limit + 1} bytes of content, and limits.content_bytes is {limit}")
    must_hold_only(memory, scope, [kept], capabilities, refused="content above the limit")


@requirement("CORE-08", requests=(0, 2 + WALK, 2 + WALK))
def test_metadata_bytes(memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities) -> None:
    """Metadata of exactly `metadata_bytes` bytes in canonical form is accepted; one byte more is refused."""
    sent = {"content": "a", "scope": scope, "metadata": {"m": ""}}
    limit = _provable("metadata_bytes", capabilities, sent)
    frame = len('{"m":""}')
    if limit <= frame:
        raise NotApplicable(f"limits.metadata_bytes is {limit}, too small for a member")
    kept = _accepted(memory, {**sent, "metadata": {"m": filled(limit - frame)}}, f"{limit} bytes of metadata")
    over = memory.post({**sent, "content": "b", "metadata": {"m": filled(limit - frame + 1)}})
    over.must_be(*TOO_LARGE, because=f"{limit + 1} bytes of metadata, and limits.metadata_bytes is {limit}")
    must_hold_only(memory, scope, [kept], capabilities, refused="metadata above the limit")


@requirement("CORE-08", requests=(0, 2 + WALK, 2 + WALK))
def test_metadata_depth(memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities) -> None:
    """Metadata of exactly `metadata_depth` levels is accepted, where `{}` has one; one level more is refused."""
    limit = capabilities.limit("metadata_depth")
    room = min(capabilities.limit("metadata_bytes"), capabilities.limit("request_bytes") - 300)
    if limit > DEEPEST or len(json.dumps(_nested(limit + 1), separators=(",", ":"))) > room:
        raise NotApplicable(f"limits.metadata_depth is {limit}: no body within the other limits reaches it")
    sent = {"content": "a", "scope": scope, "metadata": _nested(limit)}
    kept = _accepted(memory, sent, f"metadata {limit} deep")
    over = memory.post({"content": "b", "scope": scope, "metadata": _nested(limit + 1)})
    over.must_be(*TOO_LARGE, because=f"metadata {limit + 1} deep, and limits.metadata_depth is {limit}")
    must_hold_only(memory, scope, [kept], capabilities, refused="metadata that is too deep")


@requirement("CORE-08", requests=(0, 2 + WALK, 2 + WALK))
def test_scope_value_bytes(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """A scope value of exactly `scope_value_bytes` bytes is accepted and listed; one byte more is refused."""
    user, longer = scopes.value(), scopes.value()
    limit = _provable("scope_value_bytes", capabilities, {"content": "a", "scope": {"user_id": "", "agent_id": user}})
    if limit < len(user):
        raise NotApplicable(f"limits.scope_value_bytes is {limit}, too small for the judge's own scopes")
    within = scopes.use({"user_id": filled(limit, user)})
    kept = _accepted(memory, {"content": "a", "scope": within}, f"a scope value of {limit} bytes")
    # The user is the common part: where the long value is cut or dropped, the list of the user shows what was stored.
    above = scopes.use({"user_id": filled(limit, user), "agent_id": filled(limit + 1, longer)})
    over = memory.post({"content": "b", "scope": above})
    over.must_be(*TOO_LARGE, because=f"a scope value of {limit + 1} bytes, limits.scope_value_bytes is {limit}")
    must_hold_only(memory, within, [kept], capabilities, refused="a scope value above the limit")


@requirement("CORE-08", requests=(0, 2 + WALK, 2 + WALK))
def test_request_bytes(memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities) -> None:
    """A body of exactly `request_bytes` bytes is accepted, even if most of it is blanks; one byte more is 413."""
    limit = capabilities.limit("request_bytes")
    body = json.dumps({"content": "a", "scope": scope}).encode()
    if not len(body) < limit <= LARGEST:
        raise NotApplicable(f"limits.request_bytes is {limit}; the judge sends {len(body)} to {LARGEST} bytes")
    full = memory.request("POST", "/v1/memories", content=body.ljust(limit))
    kept = _stored(full, f"a body of {limit} bytes, limits.request_bytes")
    over = memory.request("POST", "/v1/memories", content=body.replace(b'"a"', b'"b"').ljust(limit + 1))
    over.must_be(413, because=f"a body of {limit + 1} bytes, and limits.request_bytes is {limit}")
    must_hold_only(memory, scope, [kept], capabilities, refused="a body above the limit")


@requirement("CORE-08", requests=(0, 2, 2), needs=("search",))
def test_query_bytes(memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget) -> None:
    """A query of exactly `query_bytes` bytes of multi-byte text is answered; one byte more is refused."""
    limit = _provable("query_bytes", capabilities, {"query": "", "scope": scope})
    memory.search(filled(limit, unit="thé "), scope).must_be(200, because=f"a query of {limit} bytes, the limit")
    if budget.size == "smoke":
        return
    over = memory.search(filled(limit + 1, unit="thé "), scope)
    over.must_be(*TOO_LARGE, because=f"a query of {limit + 1} bytes, and limits.query_bytes is {limit}")


def _provable(name: str, capabilities: Capabilities, rest: Any) -> int:
    """Return a limit that a request can reach within `request_bytes`, the rest of its body being that."""
    limit = capabilities.limit(name)
    room = min(capabilities.limit("request_bytes"), LARGEST) - len(json.dumps(rest)) - 64
    if limit > room:
        raise NotApplicable(f"limits.{name} is {limit}: no body that the judge may send reaches it")
    return limit


def _accepted(memory: MemoryApi, body: Any, what: str) -> Memory:
    return _stored(memory.post(body), f"{what} is within the limits")


def _stored(answer: Answer, because: str) -> Memory:
    return answer.must_be(201, because=because).control_object("id", str)


def _metadata(limit: dict[str, int]) -> dict[str, Any]:
    """Return metadata of exactly so many bytes in canonical form, and of exactly so many levels."""
    empty: dict[str, Any] = {"a": _nested(limit["metadata_depth"] - 1)} if limit["metadata_depth"] > 1 else {}
    rest = limit["metadata_bytes"] - len(json.dumps({**empty, "m": ""}, separators=(",", ":")))
    if limit["metadata_depth"] > DEEPEST or rest < 0:
        raise NotApplicable("limits.metadata_bytes and limits.metadata_depth cannot both be reached")
    return {**empty, "m": filled(rest)}


def _nested(levels: int) -> dict[str, Any]:
    return {} if levels == 1 else {"a": _nested(levels - 1)}
