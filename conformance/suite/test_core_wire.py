"""The shape of answers, above all of refusals. The engine judges every exchange of CORE-27 and CORE-28 by itself."""

from memconform.answer import Answer, control, must, must_equal
from memconform.capabilities import Capabilities
from memconform.explore import Explorer
from memconform.memory_api import MEMORIES, MemoryApi
from memconform.requirement import requirement
from memconform.scene.generated_bodies import valid_bodies
from memconform.scene.one_life import ONE_LIFE, one_life
from memconform.scene.provocations import unusual
from memconform.scene.refusals import ALL_REFUSED, refusals
from memconform.scopes import Scopes

PROBLEM = "application/problem+json"


@requirement("CORE-04", stories=(ALL_REFUSED,))
def test_errors_are_problems(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """Every error, of whatever kind, is a problem document whose `status` is the HTTP status."""
    seen = sum(_must_be_problem(what, answer) for what, answer in refusals(memory, scopes, capabilities).steps)
    control(seen >= 3, f"only {seen} of the requests were refused: too few errors to look at")


@requirement("CORE-04", requests=(0, 16, 16))
def test_unusual_errors_are_problems(memory: MemoryApi, scope: dict[str, str]) -> None:
    """Errors from odd corners of a server, its decoders, parsers and cursors, are problem documents, too."""
    seen = sum(_must_be_problem(what, answer) for what, answer in unusual(memory, scope))
    control(seen >= 3, f"only {seen} of the requests were refused: too few errors to look at")


def _must_be_problem(what: str, answer: Answer) -> bool:
    """Require an error to be a problem; return whether it was an error at all."""
    if answer.status < 400 or answer.status in (414, 431, 502, 504):
        return False
    must_equal(answer.media_type, PROBLEM, f"media type of the {answer.status} for {what}", answer)
    must(isinstance(answer.json, dict), f"a problem object for {what}", answer.observed(), answer)
    status = answer.json.get("status")
    exact = status == answer.status and isinstance(status, (int, float))
    must(exact, f"`status` {answer.status} in the problem for {what}", f"`status` {status!r}", answer)
    return True


@requirement("CORE-25", stories=(ALL_REFUSED,))
def test_another_method_is_405_with_allow(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """PUT on the memories is 405, and `Allow` names GET and POST."""
    _must_allow(refusals(memory, scopes, capabilities)["another method"], "PUT", {"GET", "POST"})


@requirement("CORE-25", requests=(0, 6, 6))
def test_other_methods_are_405_with_allow(memory: MemoryApi, scope: dict[str, str]) -> None:
    """Another method on a known path is 405, and `Allow` names the methods that the path has."""
    one = f"{MEMORIES}/{memory.add('x', scope)['id']}"
    # Never DELETE on the collection: a server that takes it might empty somebody's store.
    tries = [("POST", one, {"GET", "DELETE"}), ("POST", "/v1/health", {"GET"})]
    tries += [
        ("PATCH", MEMORIES, {"GET", "POST"}),
        ("PUT", one, {"GET", "DELETE"}),
        ("PUT", "/v1/capabilities", {"GET"}),
    ]
    for method, path, served in tries:
        _must_allow(memory.request(method, path, body={}), method, served)


def _must_allow(answer: Answer, method: str, served: set[str]) -> None:
    answer.must_be(405, because="the path has no such method")
    allowed = {token.strip() for value in answer.received.all("Allow") for token in value.split(",")}
    wanted = f"Allow with {' and '.join(sorted(served))} and without {method}"
    must(served <= allowed and method not in allowed, wanted, f"Allow: {answer.header('Allow')}", answer)


@requirement("CORE-27", stories=(ALL_REFUSED,), last=True)
def test_refusals_keep_the_insides_inside(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """No problem and no header of the whole run shows a stack trace, SQL, a file path or credentials."""
    refused = sum(answer.status >= 400 for _, answer in refusals(memory, scopes, capabilities).steps)
    control(refused >= 2, f"only {refused} of the requests were refused: too few errors to look at")


@requirement("CORE-28", stories=(ONE_LIFE,), last=True)
def test_responses_match_the_document(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """Every response of the whole run has a documented status, its headers, media type and a valid body."""
    life = one_life(memory, scopes, capabilities)
    control(life.acknowledged("added", "bare"), "no memory could be added: too few answers to look at")


@requirement("CORE-28", requests=(0, 40, 140), last=True)
def test_responses_to_generated_memories_match_the_document(
    memory: MemoryApi,
    scopes: Scopes,
    scope: dict[str, str],
    capabilities: Capabilities,
    explore: Explorer,
) -> None:
    """Responses to generated memories have a documented status, its headers, media type and a valid body."""
    added = memory.post({"content": "x", "scope": scope})
    memory.post({"content": "y", "scope": scope, "metadata": {"a": [1, None]}, "confidence": 0.5, "ext": {"org.x": {}}})
    memory.list(scope, limit=1)
    memory.list(scope)
    if "search" in capabilities.profiles:
        memory.search("x", scope)
    if added.status == 201 and isinstance(added.json, dict) and isinstance(added.json.get("id"), str):
        memory.get(added.json["id"])
        memory.delete(added.json["id"])
    memory.request("GET", "/v1/health")
    memory.request("GET", "/v1/capabilities")

    def check(body: dict[str, object]) -> None:
        memory.post({**body, "scope": scopes.fresh()})

    explore(valid_bodies("POST", MEMORIES), check, examples=(0, 15, 130))
