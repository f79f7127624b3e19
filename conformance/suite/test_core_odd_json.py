"""JSON that readers take and then cannot handle: a server refuses it or keeps it, and answers all the same."""

from __future__ import annotations

import json

from memconform.answer import REFUSALS, control
from memconform.capabilities import Capabilities
from memconform.memory_api import MEMORIES, Json, MemoryApi
from memconform.requirement import requirement
from memconform.scene.cases import Cases
from memconform.scene.eventually import settle
from memconform.scene.holdings import must_hold_only
from memconform.scene.listing import listed
from memconform.scene.refusals import ALL_REFUSED, refusals
from memconform.scopes import Scopes

WALK = 8
"""Requests that a list of a few memories may take where pages are short or empty."""
HALF = "\ud800"
"""Half of a surrogate pair: it can be written as an escape of JSON, and is no Unicode text."""
DEPTHS = (950, 20_000)
"""More than many readers, writers and validators have room for on their stacks, and more than any of them has."""
REFUSED = (*REFUSALS, 413)


@requirement("CORE-09", requests=(0, 7 + WALK, 7 + WALK))
def test_half_a_surrogate_pair_spoils_nothing(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities
) -> None:
    """Half of a surrogate pair beside the content is 400 or 422, or taken; never 5xx, and its scope stays readable."""
    kept = memory.add("all is well", scope)
    with Cases() as case:
        for where, members in _halves(scope).items():
            body = json.dumps({"content": f"half of a pair: {where}", "scope": scope, **members}).encode()
            with case(where):
                answer = memory.request("POST", MEMORIES, content=body)
                answer.must_be(201, *REFUSALS, because=f"half of a surrogate pair, {ascii(HALF)[1:-1]}, is {where}")
    settle(capabilities.staleness("list"))
    ids = [item.get("id") for item in listed(memory, scope)]
    control(kept["id"] in ids, "the list does not hold the memory that was added before")


def _halves(scope: dict[str, str]) -> dict[str, dict[str, Json]]:
    """Return members of a body by where in it half of a surrogate pair is."""
    return {
        "a value in ext": {"ext": {"com.example": {"a": HALF}}},
        "a name in ext": {"ext": {"com.example": {HALF: 1}}},
        "in source.message_ids": {"source": {"message_ids": [HALF]}},
        "a value in the metadata": {"metadata": {"a": [HALF]}},
        "a name in the metadata": {"metadata": {HALF: 1}},
        "a scope value": {"scope": {**scope, "agent_id": HALF}},
    }


@requirement("CORE-09", requests=(0, 7 + WALK, 7 + WALK))
def test_deep_nesting_is_refused(memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities) -> None:
    """A body that nests a thousand deep and more, and cannot be right, is 400, 413 or 422; nothing of it is stored."""
    kept = memory.add("all is well", scope)
    with Cases() as case:
        for what, body in _deep(scope, capabilities).items():
            with case(what):
                memory.request("POST", MEMORIES, content=body).must_be(*REFUSED, because=f"the body has {what}")
        if "search" in capabilities.profiles:
            what = f"a query that is {DEPTHS[0]} arrays, one in the other"
            body = f'{{"scope":{json.dumps(scope)},"query":{_arrays(DEPTHS[0])}}}'.encode()
            with case(what):
                memory.request("POST", "/v1/search", content=body).must_be(*REFUSED, because=f"the body has {what}")
    must_hold_only(memory, scope, [kept], capabilities, refused="bodies that nest a thousand deep and more")


def _deep(scope: dict[str, str], capabilities: Capabilities) -> dict[str, bytes]:
    """Return bodies that nest deep and break their schema, the declared depth of metadata, or the syntax of JSON."""
    start = f'{{"scope":{json.dumps(scope)},"content":'
    bodies = {
        f"content that is {DEPTHS[0]} arrays, one in the other": f"{start}{_arrays(DEPTHS[0])}}}",
        f"{DEPTHS[0]} arrays that do not end": f"{start}{'[' * DEPTHS[0]}",
    }
    for depth in DEPTHS:
        if capabilities.limit_or("metadata_depth", depth) < depth:
            more = f'{start}"x","metadata":{{"a":'
            bodies[f"metadata of {depth} arrays, one in the other"] = f"{more}{_arrays(depth)}}}}}"
            bodies[f"metadata of {depth} objects, one in the other"] = more + '{"a":' * depth + "1" + "}" * (depth + 2)
    room = capabilities.limit_or("request_bytes", 1 << 20)
    return {what: body.encode() for what, body in bodies.items() if len(body) <= room}


def _arrays(depth: int) -> str:
    return "[" * depth + "]" * depth


@requirement("CORE-09", stories=(ALL_REFUSED,), last=True)
def test_malformed_bodies_are_no_server_errors(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """No body of the whole run that is no JSON, or breaks its schema, is answered with 5xx, whichever test sent it."""
    refused = sum(answer.status in REFUSED for _, answer in refusals(memory, scopes, capabilities).steps)
    control(refused >= 2, f"only {refused} of the requests were refused: too few errors to look at")
