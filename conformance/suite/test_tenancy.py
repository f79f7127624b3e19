"""Principals: who gets in, and that none ever meets another one's memories."""

from base64 import b64encode
from collections.abc import Iterator

from memconform.answer import Answer, control, must
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.memory_api import MemoryApi, path_of
from memconform.requirement import requirement
from memconform.scene.eventually import settle
from memconform.scene.listing import must_hold
from memconform.scene.neighbours import NEIGHBOURS, TEXT, neighbours
from memconform.scene.notebook import NOTEBOOK, notebook
from memconform.scene.operations import GoodRequest, good_requests
from memconform.scene.oracle import difference
from memconform.scene.ranking import ranking
from memconform.scene.without_noise import distinctions
from memconform.scopes import Scopes
from memconform.session import Session
from memconform.verdict import NotMet

GUARDED = {
    ("POST", "/v1/memories"),
    ("GET", "/v1/memories"),
    ("POST", "/v1/search"),
    ("POST", "/v1/erasures"),
    ("GET", "/v1/export"),
}
"""What the smallest budget tries without credentials: the ways to read, write and destroy a whole scope."""

GUESSABLE = 16
"""Shorter ids may be counted through: a changed one may be another memory's."""


@requirement("TENANCY-01", requests=(11, 42, 42))
def test_operations_refuse_missing_and_wrong_credentials(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities, budget: Budget
) -> None:
    """Each operation answers 401 with `WWW-Authenticate: Bearer` to no credentials and to an unknown key."""
    added, wrong = memory.add("I use pnpm, never npm", scope), "Bearer " + "no-such-key-" * 3
    requests = list(good_requests(capabilities.profiles, scope, added["id"]))
    if budget.size == "smoke":
        requests = [each for each in requests if (each.method, each.path.partition("?")[0]) in GUARDED] or requests[:2]
        requests.append(GoodRequest("DELETE", path_of(added["id"])))
    for number, request in enumerate(requests):
        _must_challenge(_sent(memory, request), "no credentials")
        if number == 0 or budget.size != "smoke":
            _must_challenge(_sent(memory, request, Authorization=wrong), "an unknown key")
    settle(capabilities.staleness("get"))
    memory.get(added["id"]).must_be(200, because="requests without good credentials have no effect")


@requirement("TENANCY-01", requests=(0, 10, 10))
def test_damaged_credentials_are_refused(memory: MemoryApi, scope: dict[str, str]) -> None:
    """Parts of a key, a key with more behind it, in another case or under another scheme are no credentials."""
    key = _key(memory)
    memory.list(scope).control(200)
    read = GoodRequest("GET", f"/v1/memories?user_id={scope['user_id']}")
    for what, value, malformed in _damaged(key):
        answer = _sent(memory, read, Authorization=value)
        if not (malformed and answer.status == 400):  # RFC 6750 section 3.1: a malformed request is 400
            _must_challenge(answer, what)


@requirement("TENANCY-02", requests=(8, 12, 12))
def test_credentials_count_only_in_the_authorization_header(
    memory: MemoryApi, scope: dict[str, str], budget: Budget, session: Session
) -> None:
    """A good key in the query, a cookie, another header field or the body does not let anybody in.

    A key must not end in a foreign access log: into the query it goes only on its way to this very machine.
    """
    key, path = _key(memory), f"/v1/memories?user_id={scope['user_id']}"
    memory.list(scope).control(200)
    names = ("api_key", "access_token", "key", "token") if session.local else ()
    queries = [GoodRequest("GET", f"{path}&{name}={key}") for name in names]
    fields = ["X-API-Key", "Cookie", "Proxy-Authorization", "X-Auth-Token", "Api-Key"]
    at_once = GoodRequest("GET", path + "".join(f"&{name}={key}" for name in names))
    everywhere = {name: value for field in fields for name, value in _field(field, key).items()}
    if budget.size == "smoke" and _sent(memory, at_once, **everywhere).status == 401:
        queries, fields = [], fields[:0]  # none of them lets anybody in
    body = {"content": "I use pnpm", "scope": scope, "api_key": key, "access_token": key}
    answers = [
        *((f"in the header field {name}", _sent(memory, GoodRequest("GET", path), **_field(name, key)))
          for name in fields[: budget.of(2, 9, 9)]),
        *(("in the query", _sent(memory, query)) for query in queries[: budget.of(2, 9, 9)]),
        ("in the body", _sent(memory, GoodRequest("POST", "/v1/memories", body))),
    ]  # fmt: skip
    for where, answer in answers:
        answer.must_be(401, 400, 422, because=f"the key is {where} and nowhere else")


@requirement("TENANCY-03", stories=(NEIGHBOURS,))
def test_another_principals_memory_is_not_there(
    memory: MemoryApi, other: MemoryApi, scopes: Scopes, capabilities: Capabilities
) -> None:
    """Get, delete (and update, history) of another principal's memory answer 404 and leave it as it was."""
    story = neighbours(memory, other, scopes, capabilities)
    for step in ("get", "patch", "history", "delete"):
        if step in story:
            story[step].must_be(404, because="it is another principal's memory")
    after = story["read after all"].must_be(200, because="another principal tried to change and delete it")
    name = difference(story.record("mine"), after.json)
    must(name is None, "the memory unchanged by another principal", f"another {name}", after)


@requirement("TENANCY-04", stories=(NEIGHBOURS,))
def test_equal_scopes_of_two_principals_are_disjoint(
    memory: MemoryApi, other: MemoryApi, scopes: Scopes, capabilities: Capabilities
) -> None:
    """Two principals with the same scope, and even the same text, each list what they added and nothing else."""
    story = neighbours(memory, other, scopes, capabilities)
    mine, theirs = (str(story.record(step)["id"]) for step in ("mine", "theirs"))
    must(mine != theirs, "different ids for two principals who add the same text", "the same id")
    must_hold(story.mine, {mine: TEXT}, "the first principal's list")
    must_hold(story.theirs, {theirs: TEXT}, "the second principal's list")


@requirement("TENANCY-04", stories=(NEIGHBOURS,), needs=("search",))
def test_search_stays_with_the_principal(
    memory: MemoryApi, other: MemoryApi, scopes: Scopes, capabilities: Capabilities
) -> None:
    """A principal finds its own memory by its text, and not the one that another keeps under the same scope."""
    story = neighbours(memory, other, scopes, capabilities)
    for step, own, foreign in (("search mine", "mine", "theirs"), ("search theirs", "theirs", "mine")):
        found = [each.id for each in ranking(story[step])]
        control(story.record(own)["id"] in found, f"a principal does not find {TEXT!r} by its own text")
        must(story.record(foreign)["id"] not in found, "only the caller's memories", "another's, too", story[step])


@requirement("TENANCY-06", requests=2, stories=(NOTEBOOK,))
def test_cursors_are_useless_to_another_principal(
    memory: MemoryApi, other: MemoryApi, scopes: Scopes, capabilities: Capabilities
) -> None:
    """A cursor that continues the first principal's walk is answered with 400 to the second, in the same scope."""
    story = notebook(memory, scopes, capabilities)
    control(story.cursor, f"a page with limit={story.limit} of a scope with several memories has no next_cursor")
    other.list(story.scope, limit=story.limit).control(200)
    other.list(story.scope, limit=story.limit, cursor=story.cursor).must_be(
        400, because="the cursor was given to another principal"
    )


@requirement("TENANCY-06", requests=(0, 6, 6), needs=("idempotency",))
def test_idempotency_keys_are_useless_to_another_principal(
    memory: MemoryApi, other: MemoryApi, scopes: Scopes, capabilities: Capabilities
) -> None:
    """Under a key that the first principal has used the second one adds a memory of its own."""
    scope, headers = scopes.fresh(), {"Idempotency-Key": scopes.value()}
    scopes.use(scope, principal="second")
    body = {"content": "I moved to Lisbon", "scope": scope}
    mine = memory.post(body, headers=headers).control(201).control_object("id", str)
    repeated = memory.post(body, headers=headers).control(201).control_object("id", str)
    control(mine["id"] == repeated["id"], "the first principal's repeat is no repeat: the key means nothing")
    theirs = other.post(body, headers=headers).must_be(201, because="the key is another principal's")
    must(theirs.control_object("id", str)["id"] != mine["id"], "a memory of the caller's own", "the other's id", theirs)
    settle(capabilities.staleness("get"))
    other.get(theirs.json["id"]).must_be(200, because="the caller added it")
    other.get(mine["id"]).must_be(404, because="it is another principal's memory")


@requirement("TENANCY-07", requests=(0, 13, 13), stories=(NEIGHBOURS,))
def test_not_yours_looks_like_not_there(
    memory: MemoryApi, other: MemoryApi, scopes: Scopes, capabilities: Capabilities
) -> None:
    """The answers for another principal's memory and for one that is not there do not differ."""
    story = neighbours(memory, other, scopes, capabilities)
    story["read after all"].control(200)
    yours = str(story.record("mine")["id"])
    nobodys = _id_of_nothing(other, yours, scopes)
    for method in ("GET", "DELETE"):
        known, there = story[method.lower()], other.request(method, path_of(nobodys))
        if distinctions([(known, yours)], [(there, nobodys)]):
            # In this order what merely alternates, as behind a load balancer, differs within each pair, not between.
            ids = (yours, nobodys, nobodys, yours)
            first, second, third, fourth = (other.request(method, path_of(memory_id)) for memory_id in ids)
            _must_look_alike(method, [(first, yours), (fourth, yours)], [(second, nobodys), (third, nobodys)])


def _must_look_alike(method: str, yours: list[tuple[Answer, str]], nobodys: list[tuple[Answer, str]]) -> None:
    for name, (not_yours, not_there) in distinctions(yours, nobodys).items():
        raise NotMet(
            f"the same {name} in answer to {method} of another principal's memory as of one that is not there",
            f"{not_yours!r}, and for one that is not there {not_there!r}",
            [yours[-1][0].exchange, nobodys[-1][0].exchange],
        )


def _id_of_nothing(other: MemoryApi, like: str, scopes: Scopes) -> str:
    """Return an id of the same shape behind which there is nothing.

    A short id with another last character may well be somebody's, and a server may refuse one that it would never have
    made: then it is that of a memory which the second principal itself has deleted.
    """
    at = max((at for at, character in enumerate(like) if character.isalnum()), default=0)
    altered = like[:at] + ("1" if like[at] != "1" else "2") + like[at + 1 :]
    if len(like) >= GUESSABLE and other.get(altered).status == 404:
        return altered
    deleted = str(other.add("I moved to Porto", scopes.fresh(principal="second"))["id"])
    other.delete(deleted).control(204)
    return deleted


def _added(principal: MemoryApi, scope: dict[str, str], *texts: str) -> dict[str, str]:
    return {principal.add(text, scope)["id"]: text for text in texts}


def _key(memory: MemoryApi) -> str:
    """Return the first principal's key; without one nothing can be proven."""
    control(memory.principal.token, f"tenancy needs an API key: set ${memory.principal.variable}")
    return str(memory.principal.token)


def _sent(memory: MemoryApi, request: GoodRequest, **headers: str) -> Answer:
    """Send a request without the principal's credentials, with these header fields."""
    fields = request.headers | {name.replace("_", "-"): value for name, value in headers.items()}
    return memory.request(request.method, request.path, headers=fields, credentials=False, **request.arguments)


def _field(name: str, key: str) -> dict[str, str]:
    value = {"Cookie": f"api_key={key}; access_token={key}", "Proxy-Authorization": f"Bearer {key}"}.get(name, key)
    return {name: value}


def _must_challenge(answer: Answer, credentials: str) -> None:
    answer.must_be(401, because=f"with {credentials}")
    challenges = answer.received.all("WWW-Authenticate")
    offered = any("bearer" in challenge.lower() for challenge in challenges)
    must(offered, "WWW-Authenticate: Bearer with the 401", ", ".join(challenges) or "no WWW-Authenticate", answer)


def _damaged(key: str) -> Iterator[tuple[str, str, bool]]:
    """Yield what is wrong, the value of the Authorization header field, and whether it is malformed altogether."""
    if len(key) > 1:
        yield "the key without its last character", f"Bearer {key[:-1]}", False
    yield "the key with a character more", f"Bearer {key}x", False
    yield "the key under the scheme Basic", f"Basic {b64encode(f'{key}:'.encode()).decode()}", False
    yield "the key without a scheme", key, False
    if key.swapcase() != key:
        yield "the key in another letter case", f"Bearer {key.swapcase()}", False
    yield "the key under the scheme Token", f"Token {key}", False
    yield "the scheme Bearer without a key", "Bearer", True
    yield "the key and another word", f"Bearer {key} more", True
    yield "a key that is no ASCII", "Bearer ключ", True
