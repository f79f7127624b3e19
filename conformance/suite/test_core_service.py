"""What a server says about itself, and whether it is true."""

from memconform.answer import must, must_equal, shown
from memconform.capabilities import Capabilities
from memconform.contract import Operation, validator
from memconform.contract.openapi import openapi
from memconform.memory_api import MemoryApi
from memconform.requirement import requirement
from memconform.scene.eventually import settle
from memconform.scene.material import cut
from memconform.session import Session

NOT_SERVED = (404, 405, 501)


@requirement("CORE-01", requests=1)
def test_health_answers_ok_without_credentials(memory: MemoryApi) -> None:
    """GET /v1/health without credentials answers 200 and {"status": "ok"}."""
    answer = memory.request("GET", "/v1/health", credentials=False).must_be(200)
    must(isinstance(answer.json, dict), "a JSON object", answer.observed(), answer)
    must_equal(answer.json.get("status"), "ok", "`status`", answer)


@requirement("CORE-02", requests=1)
def test_capabilities_are_public_and_valid(memory: MemoryApi) -> None:
    """GET /v1/capabilities without credentials answers 200 and a valid document whose profiles include core."""
    answer = memory.request("GET", "/v1/capabilities", credentials=False).must_be(200)
    profiles = answer.json.get("profiles") if isinstance(answer.json, dict) else None
    must(
        isinstance(profiles, list) and "core" in profiles,
        "`core` in `profiles`",
        f"`profiles` {shown(profiles)}",
        answer,
    )
    wrong = next(iter(validator("capabilities").errors(answer.json)), None)
    must(
        wrong is None,
        "a document that is valid against capabilities.schema.json",
        "" if wrong is None else f"at {wrong.pointer or 'the root'}: {wrong.message}",
        answer,
    )


@requirement("CORE-03", requests=20, last=True)
def test_declared_operations_are_served(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, session: Session
) -> None:
    """Every operation of a declared profile was done in this run, or is at least not answered with 404, 405 or 501."""
    declared = [op for _, op in openapi().operations if op.profile in capabilities.profiles | {"core"}]
    declared = [op for op in declared if (op.method, op.path) not in session.served]
    if not declared:
        return
    added = memory.add("The dentist is on Harbour Street", scope)
    settle(capabilities.staleness("get"))
    for operation in sorted(declared, key=lambda op: op.method == "DELETE"):
        path = _harmless(operation, added["id"])
        if path is None:
            continue
        body: dict[str, str] | None = None if operation.method in ("GET", "DELETE") else {}
        answer = memory.request(operation.method, path, body=body)
        must(
            answer.status not in NOT_SERVED,
            f"{operation.method} {operation.path} to be served, for the profile {operation.profile} is declared",
            answer.observed(),
            answer,
        )


def _harmless(operation: Operation, memory_id: str) -> str | None:
    """Return a path on which 404 means that the operation is not served; None where no request would be harmless."""
    path = operation.path.replace("/v1/memories/{id}", f"/v1/memories/{memory_id}")
    return None if "{" in path or (operation.method == "DELETE" and memory_id not in path) else path


@requirement("CORE-03", requests=(0, 1, 1))
def test_largest_page_is_accepted(memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities) -> None:
    """A list takes a `limit` of exactly `limits.page_size`."""
    size = capabilities.limit("page_size")
    memory.list(scope, limit=size).must_be(200, because=f"limits.page_size is {size}")


@requirement("CORE-03", requests=(0, 1, 1), needs=("search",))
def test_largest_top_k_is_accepted(memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities) -> None:
    """A search takes a `top_k` of exactly `search.max_top_k`."""
    largest = capabilities.max_top_k
    query = cut("sugar", capabilities.limit_or("query_bytes", 64))
    memory.search(query, scope, top_k=largest).must_be(200, because=f"search.max_top_k is {largest}")


@requirement("CORE-03", requests=(0, 6, 6))
def test_reads_lag_no_more_than_declared(memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities) -> None:
    """What was added is there by id and in the list after no more than the declared lag."""
    added = memory.add("The spare key is under the blue pot", scope)
    settle(capabilities.staleness("get"))
    memory.get(added["id"]).must_be(200, because=f"consistency.get promises {_promise(capabilities, 'get')}")
    settle(capabilities.staleness("list"))
    listed = memory.ids(scope)
    promised = f"consistency.list promises {_promise(capabilities, 'list')}"
    must(added["id"] in listed, f"the added memory in the list ({promised})", f"a list of {len(listed)} without it")


def _promise(capabilities: Capabilities, read: str) -> str:
    lag = capabilities.staleness(read)
    return f"a lag of {lag:g} s at most" if lag else "strong reads"
