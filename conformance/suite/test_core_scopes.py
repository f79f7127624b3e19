"""The scope law: what a scope selects, which scopes are refused, and that their values are opaque."""

from itertools import combinations

from hypothesis import strategies as st

from memconform.answer import REFUSALS, must, shown
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.explore import Explorer
from memconform.memory_api import MEMORIES, Json, MemoryApi
from memconform.requirement import requirement
from memconform.scene.cases import Cases
from memconform.scene.eventually import settle
from memconform.scene.listing import listed, must_hold
from memconform.scene.material import material
from memconform.scene.oracle import selects
from memconform.scene.places import PLACES, places
from memconform.scene.refusals import ALL_REFUSED, refusals
from memconform.scopes import SCOPE_MEMBERS, Scopes

SUBSETS = [chosen for size in range(1, 5) for chosen in combinations(SCOPE_MEMBERS, size)]
LOOKED_FOR = "*\u00e9a%"
LOOK_ALIKES = ("*\u00e9a%\u00e9a%", "*\u00e9a% ", "*\u00e9A%", "*e\u0301a%")
"""What a glob, a LIKE pattern and a prefix match; what is the same but for blanks, case, normal form."""

REPLACEMENT = "\ufffd"
"""What lenient decoders put in the place of bytes that are no UTF-8."""

SHAPES = st.dictionaries(st.sampled_from(SCOPE_MEMBERS), st.sampled_from("abc"), min_size=1)


@requirement("CORE-17", requests=6, stories=(PLACES,))
def test_scope_selects_users_and_sessions(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """A user's list holds those of all sessions, that of a session neither the user's others nor another user's."""
    story = places(memory, scopes, capabilities)
    for query in story.queries:
        expected = {key: f"one of {shown(scope)}" for key, scope in story.where.items() if selects(query, scope)}
        must_hold(listed(memory, query), expected, f"the list of {shown(query)}")


@requirement("CORE-17", requests=(0, 100, 100))
def test_scope_selects_what_has_all_its_pairs(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """Memories in all subsets of the four members are listed under exactly the subsets of their scope."""
    value = {member: scopes.value() for member in SCOPE_MEMBERS}
    placed = [{member: value[member] for member in subset} for subset in (SUBSETS)]
    session, stranger = {"session_id": value["session_id"]}, {"session_id": scopes.value()}
    queries = [*placed, session, {"user_id": value["user_id"]} | stranger, value | stranger]
    placed += [{"user_id": value["agent_id"]}, {"user_id": value["user_id"] + "x", "agent_id": value["agent_id"]}]
    _must_agree(memory, scopes, capabilities, placed, queries)


@requirement("CORE-17", requests=(0, 90, 650))
def test_scopes_agree_with_a_model(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, explore: Explorer
) -> None:
    """Whatever memories there are, each query scope lists exactly those that the law selects."""

    def check(example: tuple[list[dict[str, str]], list[dict[str, str]]]) -> None:
        first = scopes.value()
        letters = {"a": first, "b": first + "b", "c": scopes.value()}
        placed, queries = ([{m: letters[v] for m, v in shape.items()} for shape in shapes] for shapes in example)
        _must_agree(memory, scopes, capabilities, placed, queries)

    explore(
        st.tuples(st.lists(SHAPES, min_size=1, max_size=5), st.lists(SHAPES, min_size=1, max_size=3)),
        check,
        examples=(1, 12, 100),
    )


@requirement("CORE-18", stories=(ALL_REFUSED,))
def test_scope_that_is_none_is_refused(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """An empty, wrongly typed, unknown or repeated scope is 400 or 422 wherever it is given, and nothing is stored."""
    story = refusals(memory, scopes, capabilities)
    for name in ("an empty scope", "a scope that is a string", "a scope value that is a number"):
        story.must_refuse(name)
    story.must_refuse("an unknown scope member")
    for name in ("a list without a scope", "a list of an empty user_id", "a list of two values of user_id"):
        story[name].must_be_refused(because=f"it is {name}")
    if "search" in capabilities.profiles:
        story["a search without a scope"].must_be_refused(because="it is a search without a scope")


@requirement("CORE-18", requests=(0, 20, 20))
def test_added_scope_is_refused_unless_whole(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, budget: Budget
) -> None:
    """A memory with a missing, empty, unknown or wrongly typed scope is answered with 400 or 422 and not stored."""
    scope = scopes.fresh()
    kept = memory.add("kept", scope)
    with Cases() as case:
        for what, members in _refused_scopes(scope["user_id"])[: budget.of(6, 99, 99)]:
            with case(what):
                memory.post({"content": "not to be kept", **members}).must_be_refused(because=what)
    settle(capabilities.staleness("list"))
    must_hold(listed(memory, scope), {kept["id"]: "kept"}, "the list after the refused adds")


@requirement("CORE-18", requests=(0, 12, 12))
def test_listed_scope_is_refused_unless_whole(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, budget: Budget
) -> None:
    """A list with a missing, empty, unknown or repeated scope parameter is answered with 400 or 422, never widened."""
    scope = scopes.fresh()
    kept = memory.add("kept", scope)
    settle(capabilities.staleness("list"))
    must_hold(listed(memory, scope), {kept["id"]: "kept"}, "the list of the whole scope")
    with Cases() as case:
        for what, parameters in _refused_parameters(scope["user_id"], scopes.value())[: budget.of(4, 99, 99)]:
            with case(what):
                answer = memory.list(parameters)
                taken = answer.status == 200
                observed = f"200 with {len(answer.json.get('items', ()))} memories" if taken else answer.observed()
                must(answer.status in REFUSALS, f"400 or 422 for a list with {what}", observed, answer)


@requirement("CORE-18", requests=(0, 3, 3))
def test_listed_scope_that_is_no_text_is_refused(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """A scope value of a list that is not UTF-8 is 400 or 422: it is no string, nor the one a decoder makes of it."""
    value = scopes.value()
    scope = scopes.use({"user_id": f"{value}{REPLACEMENT}"})
    memory.post({"content": "of somebody with a replacement character in the name", "scope": scope})
    settle(capabilities.staleness("list"))
    memory.list(scope).control(200)
    answer = memory.request("GET", f"{MEMORIES}?user_id={value}%ff")
    answer.must_be_refused(because="the value of user_id is not UTF-8 when percent-decoded")


@requirement("CORE-18", requests=(0, 18, 18), needs=("search",))
def test_searched_scope_is_refused_unless_whole(memory: MemoryApi, scope: dict[str, str], budget: Budget) -> None:
    """A search with a missing, empty, unknown or wrongly typed scope is answered with 400 or 422."""
    memory.search("kept", scope).control(200)
    cases = _refused_scopes(scope["user_id"])
    with Cases() as case:
        for what, members in cases[:1] + cases[5:6] if budget.size == "smoke" else cases:
            with case(what):
                refused = memory.request("POST", "/v1/search", body={"query": "kept", **members})
                refused.must_be_refused(because=what)


@requirement("CORE-19", requests=11)
def test_look_alike_values_are_other_values(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """A list of a value with wildcards in it holds nothing of look-alikes: other case, blanks, normal form, matches."""
    _control_two_members(memory, scopes)
    here, value = scopes.value(), LOOKED_FOR
    alike = [each for each in LOOK_ALIKES if len(each.encode()) <= capabilities.limit_or("scope_value_bytes", 64)]
    placed = {text: scopes.use({"user_id": text, "agent_id": here}) for text in [value, *alike]}
    added = {text: _added(memory, text, scope) for text, scope in placed.items()}
    settle(capabilities.staleness("list"))
    must_hold(listed(memory, placed[value]), {added[value]: _content(value)}, f"the list of user_id {value!a}")


@requirement("CORE-19", requests=(0, 69, 163))
def test_scope_values_are_opaque(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, budget: Budget) -> None:
    """Scopes whose values differ in case, blanks, normal form, or look like patterns hold one memory each."""
    _control_two_members(memory, scopes)
    here, room = scopes.value(), capabilities.limit_or("scope_value_bytes", 64)
    values = [text for text in material("scope_values") if len(text.encode()) <= room][: budget.beyond_smoke(18, 99)]
    placed = {text: scopes.use({"user_id": text, "agent_id": here}) for text in values}
    added = {text: _added(memory, text, scope) for text, scope in placed.items()}
    settle(capabilities.staleness("list"))
    for text, scope in placed.items():
        must_hold(listed(memory, scope), {added[text]: _content(text)}, f"the list of user_id {text!a}")


def _control_two_members(memory: MemoryApi, scopes: Scopes) -> None:
    """Show that a list by two members works with ordinary values; where it does not, CORE-17 says so."""
    memory.list(scopes.fresh("user_id", "agent_id")).control(200)


def _must_agree(
    memory: MemoryApi,
    scopes: Scopes,
    capabilities: Capabilities,
    placed: list[dict[str, str]],
    queries: list[dict[str, str]],
) -> None:
    """Add a memory in each of the scopes; require the list of each query to hold what the law selects."""
    where = {}
    for number, scope in enumerate(placed):
        where[memory.add(f"memory {number}", scopes.use(scope))["id"]] = scope
    settle(capabilities.staleness("list"))
    for query in queries:
        expected = {memory_id: f"one of {shown(scope)}" for memory_id, scope in where.items() if selects(query, scope)}
        must_hold(listed(memory, query), expected, f"the list of {shown(query)}")


def _added(memory: MemoryApi, text: str, scope: dict[str, str]) -> str:
    answer = memory.post({"content": _content(text), "scope": scope})
    answer.must_be(201, because=f"user_id {text!a} is an ordinary value")
    return str(answer.control_object("id", str)["id"])


def _content(text: str) -> str:
    return f"of user {text!a}"


def _refused_scopes(value: str) -> list[tuple[str, dict[str, Json]]]:
    """Return members of a body whose scope must be refused, with what is wrong, the commonest mistakes first."""
    cases: list[tuple[str, Json]] = [
        ("the scope is an empty object", {}),
        ("the scope is a string", value),
        ("a scope value is a number", {"user_id": 7}),
        ("a scope value is empty", {"user_id": ""}),
        ("the scope has an unknown member besides user_id", {"user_id": value, "tenant_id": value}),
        ("the scope is null", None),
        ("the scope is an array", [{"user_id": value}]),
        ("the scope is a number", 7),
        ("the scope is true", True),
        ("the only scope value is null", {"user_id": None}),
        ("a scope value is an array", {"user_id": [value]}),
        ("a scope value is an object", {"user_id": {"eq": value}}),
        ("a scope value is true", {"user_id": value, "agent_id": True}),
        ("a scope value is empty besides one that is not", {"user_id": value, "agent_id": ""}),
        ("a scope value is null besides one that is not", {"user_id": value, "agent_id": None}),
        ("the scope has no known member", {"User_ID": value}),
    ]
    return [("the scope is missing", {}), *((what, {"scope": scope}) for what, scope in cases)]


def _refused_parameters(value: str, other: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return query parameters that must be refused, with what is wrong, the commonest mistakes first."""
    return [
        ("no scope", []),
        ("an empty user_id", [("user_id", "")]),
        ("two values of user_id", [("user_id", value), ("user_id", other)]),
        ("a misspelt user_id and nothing else", [("userid", value)]),
        ("user_id given twice with one value", [("user_id", value), ("user_id", value)]),
        ("an empty agent_id besides user_id", [("user_id", value), ("agent_id", "")]),
        ("User_ID and nothing else", [("User_ID", value)]),
        ("user_id[] and nothing else", [("user_id[]", value)]),
        ("a limit and no scope", [("limit", "1")]),
    ]
