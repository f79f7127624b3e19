"""The members of every body, pinned: which there are, of which type, which are required and which may be null."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from memconform.contract import content_root, schema, schemas, validator

MEMBERS = {
    "answered-scope": "user_id:s? agent_id:s? app_id:s? session_id:s?",
    "batch-operation": "op:s!",
    "batch-operation/delete-if-match-any": "if_match:s?",
    "batch-operation/update-if-match-any": "if_match:s?",
    "batch-request": "operations:a!",
    "batch-response": """results:a! results.0:o= results.0.index:i! results.0.status:i! results.0.memory:o?
        results.0.etag:s? results.0.problem:o?""",
    "capabilities": """contract:s! service:o! service.name:s! service.version:s! profiles:a! profiles.0:s=
        consistency:o! consistency.get:so! consistency.list:so! consistency.search:o! consistency.search.model:s!
        consistency.search.max_staleness_ms:i! search:o! search.deterministic:b! search.exact:b!
        search.max_top_k:i! search.filter_operators:a! search.filter_operators.0:s= search.mode:s!
        write:o! write.dedupe:s? write.idempotency_window_s:i! limits:o! limits.request_bytes:i!
        limits.import_bytes:i! limits.content_bytes:i! limits.metadata_bytes:i! limits.metadata_depth:i!
        limits.scope_value_bytes:i! limits.key_bytes:i! limits.query_bytes:i! limits.page_size:i! limits.batch:i!
        limits.messages:i! limits.requests_per_minute:i? lifecycle:o! lifecycle.expiry_granularity_ms:i!
        events:o! events.retention_s:i! auth:a?""",
    "capabilities/limits-of-one": """profiles.1:s= consistency.search:o? search:o? search.max_top_k:i-
        search.filter_operators:a? write:o? write.idempotency_window_s:i? limits.import_bytes:i? limits.key_bytes:i?
        limits.query_bytes:i? limits.batch:i? limits.messages:i? lifecycle:o? events:o?""",
    "capabilities/tenancy-among-other-ways": "auth.0:s=",
    "consistency": "model:s! max_staleness_ms:i!",
    "consistency/strong-with-bound": "max_staleness_ms:i?",
    "embedded-problem": """type:s? title:s? status:i? detail:s? instance:s? errors:a? line:i?""",
    "embedded-problem/greatest-status": "errors.0.pointer:s? errors.0.parameter:s?",
    "erasure-receipt": """scope:o! requested_at:s! completed_at:s! counts:o! counts.memories:i! counts.versions:i!
        counts.operations:i! derived:a! derived.0:s=""",
    "erasure-request": "scope:o!",
    "event": """specversion:s! id:s! source:s! type:s! subject:s! time:s! data:o! data.memory_id:s! data.version:i!
        data.operation:s!""",
    "event/delete-with-version": "data.version:i?",
    "export-manifest": "type:s! contract:s! scope:o! count:i! sha256:s! exported_at:s!",
    "filter": "op:s! filters:a!",
    "filter/exists": "op:s! field:s! value:b!",
    "filter/in-repeated-values": "value:a!",
    "health": "status:s!",
    "history-entry": "version:i! operation:s! at:s! content:s! metadata:o!",
    "history-page": "items:a! items.0:o= next_cursor:s?",
    "import-receipt": """count:i! counts:o! counts.created:i! counts.overwritten:i! counts.skipped:i! records:a!
        records.0:o= records.0.line:i! records.0.id:s! records.0.status:s!""",
    "ingestion-request": "scope:o! messages:a! messages.0:o= metadata:o?",
    "ingestion-result": "memories:a! memories.0:o= memories.0.id:s! memories.0.action:s!",
    "keyed-put": "content:s! metadata:o? confidence:n? expires_at:s? ext:o?",
    "memory": """id:s! content:s! scope:o! metadata:o! key:s? confidence:n? created_at:s! updated_at:s! expires_at:s?
        valid_from:s? valid_to:s? supersedes:a? supersedes.0:s= superseded_by:s? source:o? source.method:s?
        source.memory_ids:a? source.message_ids:a? source.message_ids.0:s= ext:o? version:i!""",
    "memory-create": """content:s! scope:o! metadata:o? confidence:n? expires_at:s? valid_from:s? valid_to:s?
        supersedes:a? supersedes.0:s= source:o? ext:o? id:? key:? created_at:? updated_at:? version:?
        superseded_by:?""",
    "memory-page": "items:a! items.0:o= next_cursor:s?",
    "memory-patch": "content:s- metadata:o? confidence:n? expires_at:s? valid_from:s? valid_to:s? ext:o?",
    "message": "id:s? role:s! content:s! created_at:s?",
    "operation": """id:s! kind:s! status:s! created_at:s! completed_at:s! result:o! result.memories:a! error:o?""",
    "operation/running": "completed_at:s? result:o? error:o?",
    "problem": "type:s? title:s? status:i! detail:s? instance:s? errors:a? errors.0:o= errors.0.detail:s! line:i?",
    "scope": "user_id:s- agent_id:s- app_id:s- session_id:s-",
    "scopes-page": "items:a! items.0:o= items.0.scope:o! items.0.memories:i! next_cursor:s?",
    "search-request": """query:s! scope:o! top_k:i? min_score:n? filter:o? filter.op:s! filter.field:s! inherit:b?
        as_of:s?""",
    "search-response": "results:a! results.0:o= results.0.memory:o! results.0.score:n!",
    "source": "method:s? memory_ids:a? message_ids:a?",
    "summary-request": "scope:o! max_chars:i? inherit:b?",
    "summary-response": "summary:s! sources:a! sources.0:s= scope:o! created_at:s!",
}
"""For every schema of an object, or for one of its shipped examples, its members as path:types and

`!` required; `?` optional, null meaning absent; `-` optional, never null; `=` an item of a list, never null. Types are
those of JSON by their first letter, i for whole numbers; none: always null.
"""

SAMPLES: dict[str, list[Any]] = {
    "s": ["text"],
    "n": [-0.25],
    "i": [-7],
    "b": [True, False],
    "a": [[{}], [[]]],
    "o": [{"text": 1}],
}
NO_OBJECTS: list[Any] = [None, "text", 7, True, [], [{}]]
BOUNDS: dict[str, dict[str, tuple[list[Any], list[Any]]]] = {
    "answered-scope": {"agent_id app_id session_id": ([""], ["x", "*"])},
    "batch-response": {
        "results.0.status": ([99, 199, 600], [200, 404, 599]),
        "results.0.etag": ([""], ['"1"']),
    },
    "capabilities": {
        "service.name service.version profiles.0 auth.0": ([""], []),
        "auth": ([["bearer", "bearer"], ["bearer", 7]], [["mtls", "bearer"]]),
        "search.filter_operators": ([["eq", "eq"]], [[], ["eq", "near"]]),
        "search.max_top_k write.idempotency_window_s limits.page_size limits.content_bytes": ([0], [1]),
        "limits.request_bytes limits.import_bytes limits.metadata_bytes limits.metadata_depth": ([0], [1]),
        "limits.scope_value_bytes limits.key_bytes limits.query_bytes limits.batch": ([0], [1]),
        "limits.messages limits.requests_per_minute": ([0], [1, 10**9]),
        "lifecycle.expiry_granularity_ms events.retention_s": ([-1], [0]),
        "consistency.search": (["strong"], [{"model": "strong"}]),
    },
    "embedded-problem": {
        "status": ([99, 600], [100, 599]),
        "type instance": (["a b"], ["", "/errors/9", "about:blank"]),
        "errors": ([[{"detail": "x", "pointer": 7}], [{"detail": "x", "parameter": 7}]], [[{"detail": "x"}]]),
    },
    "erasure-receipt": {"counts.memories counts.versions counts.operations": ([-1, 0.5], [0])},
    "event": {"data.version": ([0], [1]), "source": (["", "a b"], ["urn:x", "/"]), "id": ([""], ["1"])},
    "export-manifest": {"count": ([-1], [0]), "contract": (["2.0", "1", "v1.0"], ["1.0", "1.10"])},
    "history-entry": {"content": ([""], [" "])},
    "import-receipt": {"count counts.created counts.overwritten counts.skipped": ([-1], [0])},
    "keyed-put": {"content": ([""], ["\n"]), "confidence": ([-0.01, 1.01], [0, 1])},
    "memory": {"confidence": ([-0.01, 1.01], [0, 0.0, 1]), "key": ([""], [" "])},
    "memory-create": {"confidence": ([-0.01, 1.01], [0, 1]), "content": ([""], ["\0", "\ufeff"])},
    "memory-patch": {"confidence": ([-0.01, 1.01], [0, 1]), "content": ([""], [" "])},
    "message": {"id": ([""], ["1"])},
    "operation": {"kind": ([""], ["ingestion"])},
    "scope": {"user_id agent_id app_id session_id": ([""], [" ", "%", "*"])},
    "search-request": {"top_k": ([0, -1, 1.5], [1, 10**6]), "min_score": ([], [-1, 0, 1, 2])},
    "summary-response": {"sources": ([["a", "a"]], [[]])},
}
"""For members with bounds what is refused and what is accepted, at the edge."""

CASES = [(name, member) for name, members in MEMBERS.items() for member in members.split()]


def schema_of(name: str) -> str:
    """Return the schema of a row: its name up to that of a shipped example, if it has one."""
    return name.partition("/")[0]


def file_of(name: str) -> Any:
    """Return the shipped valid example of a row that names one."""
    return json.loads((content_root() / f"schemas/v1/examples/valid/{name}.json").read_bytes())


def base(name: str, path: list[str]) -> Any:
    """Return the last valid example of the schema that has the parent of the member."""
    for example in [file_of(name)] if "/" in name else reversed(schema(name)["examples"]):
        node: Any = copy.deepcopy(example)
        found = node
        try:
            for step in path[:-1]:
                found = found[int(step) if isinstance(found, list) else step]
            if not isinstance(found, list) or found:
                return node
        except (KeyError, IndexError, TypeError):
            continue
    raise AssertionError(f"no example of {name} has {'.'.join(path[:-1])}")


def with_member(name: str, path: list[str], *value: Any) -> Any:
    """Return the example with the member replaced, or removed when no value is given."""
    document = base(name, path)
    node = document
    for step in path[:-1]:
        node = node[int(step) if isinstance(node, list) else step]
    if value:
        node[int(path[-1]) if isinstance(node, list) else path[-1]] = value[0]
    elif isinstance(node, dict):
        node.pop(path[-1], None)
    return document


def samples(name: str, member: str) -> list[Any]:
    """Return the row's example with the member replaced by values of every type that it does not have."""
    dotted, _, rest = member.partition(":")
    kinds = rest[:-1] + "i" * ("n" in rest)
    return [
        with_member(name, dotted.split("."), value)
        for kind, values in SAMPLES.items()
        for value in values
        if kind not in kinds
    ]


def test_every_body_is_pinned() -> None:
    """Every schema of an object or of a choice with objects is in the table, and every member of its root."""
    without_members = {"id", "timestamp", "instant", "metadata", "filter-field"}
    contract = {name for name, each in schemas().items() if "/v1/" in each["$id"]}
    assert {name for name in MEMBERS if "/" not in name} == contract - without_members
    for name in contract - without_members:
        pinned = {member.partition(":")[0] for member in MEMBERS[name].split()}
        assert set(schema(name).get("properties", {})) <= pinned, name


@pytest.mark.parametrize(("name", "member"), CASES, ids=[f"{name} {member}" for name, member in CASES])
def test_a_member_is_what_the_contract_says(name: str, member: str) -> None:
    """A member is required or not, nullable or not, and refuses every value of another type."""
    dotted, _, rest = member.partition(":")
    path, mark = dotted.split("."), rest[-1]
    judge = validator(schema_of(name))
    assert judge.is_valid(base(name, path))
    if mark != "=":
        assert judge.is_valid(with_member(name, path)) is (mark != "!")
    assert judge.is_valid(with_member(name, path, None)) is (mark == "?")
    for sample in samples(name, member):
        assert not judge.is_valid(sample), f"{dotted} is of another type than the contract says: {sample}"


@pytest.mark.parametrize("name", sorted(name for name in MEMBERS if "/" not in name and name != "consistency"))
def test_a_body_is_an_object(name: str) -> None:
    """A body that is a text, a number, a list or nothing is refused."""
    for value in NO_OBJECTS:
        assert not validator(name).is_valid(value)


@pytest.mark.parametrize("name", sorted(BOUNDS))
def test_bounds_hold_at_the_edge(name: str) -> None:
    """A value just outside its bounds is refused, one just inside accepted."""
    for members, (refused, accepted) in BOUNDS[name].items():
        for member in members.split():
            path = member.split(".")
            for values, verdict in ((refused, False), (accepted, True)):
                for value in values:
                    assert validator(name).is_valid(with_member(name, path, value)) is verdict, (member, value)


@pytest.mark.parametrize("op", ["eq", "ne", "gt", "gte", "lt", "lte", "in", "contains", "exists"])
def test_a_comparison_is_complete_and_closed(op: str) -> None:
    """A comparison has a field that there is, a value and nothing else."""
    value: Any = [1] if op == "in" else op == "exists"
    good = {"op": op, "field": "/metadata/a", "value": value}
    judge = validator("filter")
    assert judge.is_valid(good)
    for wrong in (
        {"op": op, "value": value},
        {"op": op, "field": "/metadata/a"},
        {**good, "field": "/content"},
        {**good, "filters": []},
        {**good, "note": "x"},
    ):
        assert not judge.is_valid(wrong), wrong


@pytest.mark.parametrize(("op", "member"), [("and", "filters"), ("or", "filters"), ("not", "filter")])
def test_a_junction_is_complete_and_closed(op: str, member: str) -> None:
    """A junction has its operands, well-formed, and nothing else."""
    leaf = {"op": "exists", "field": "/key", "value": True}
    operands: Any = [leaf] if member == "filters" else leaf
    judge = validator("filter")
    assert judge.is_valid({"op": op, member: operands})
    broken: Any = [{"op": "exists"}] if member == "filters" else {"op": "exists"}
    for wrong in ({"op": op}, {"op": op, member: broken}, {"op": op, member: operands, "note": "x"}):
        assert not judge.is_valid(wrong), wrong


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "update", "patch": {}},
        {"op": "update", "id": "a/b", "patch": {}},
        {"op": "update", "id": "a", "patch": []},
        {"op": "update", "id": "a", "patch": {}, "if_match": 1},
        {"op": "update", "id": "a", "patch": {}, "if_match": ""},
        {"op": "delete", "id": "a/b"},
        {"op": "delete", "id": "a", "if_match": 1},
        {"op": "delete", "id": "a", "if_match": ""},
    ],
)
def test_an_item_of_a_batch_is_complete(operation: dict[str, Any]) -> None:
    """An update or delete names its memory by a good id, and a condition is a text."""
    assert not validator("batch-operation").is_valid(operation)


def test_an_operation_that_erased_has_a_receipt() -> None:
    """An erasure that succeeded carries its receipt; what has not ended has neither a time nor a result."""
    receipt = schema("erasure-receipt")["examples"][0]
    times = {"created_at": receipt["requested_at"], "completed_at": receipt["completed_at"]}
    done = {"id": "a", "kind": "erasure", "status": "succeeded", **times, "result": receipt}
    judge = validator("operation")
    assert judge.is_valid(done)
    assert not judge.is_valid({**done, "result": {}})
    assert not judge.is_valid({**done, "result": None})
    assert not judge.is_valid({name: member for name, member in done.items() if name != "result"})
    running = {**done, "status": "running", "result": None, "completed_at": None}
    assert judge.is_valid(running)
    assert not judge.is_valid({**running, "result": "text"})
    assert not judge.is_valid({**running, "completed_at": "soon"})
