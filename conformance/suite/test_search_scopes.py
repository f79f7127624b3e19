"""Search obeys the scope law: it finds what the query's scope selects, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

from hypothesis import strategies as st

from memconform.answer import control, must, shown
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.explore import Explorer
from memconform.memory_api import MemoryApi
from memconform.requirement import requirement
from memconform.scene.oracle import selects
from memconform.scene.places import PLACES, places
from memconform.scene.ranking import certainly_below, ranking
from memconform.scene.search_scene import SearchScene, ladders
from memconform.scopes import SCOPE_MEMBERS, Scopes

Scope = Mapping[str, str]
NEAR = "red boat in the harbour"
FARTHER = "red boat in the harbour, behind the office that opens at nine"


class _Population:
    """Memories in many scopes, all of the same text; searches of one scope after another are held to the law."""

    def __init__(self, memory: MemoryApi, capabilities: Capabilities, text: str, where: Mapping[str, Scope]) -> None:
        self.memory, self.capabilities, self.text = memory, capabilities, text
        self.stored = list(where.items())
        self.found = self.wanted = 0
        SearchScene(memory, capabilities, {}).settle()

    @classmethod
    def added(
        cls, memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, where: Sequence[Scope]
    ) -> _Population:
        """Add a memory in each of the scopes."""
        text = ladders(capabilities, 1)[0].texts[0]
        placed = {str(memory.add(text, scopes.use(scope))["id"]): scope for scope in where}
        return cls(memory, capabilities, text, placed)

    def judge(self, query: Scope) -> None:
        """Search one scope: nothing beyond the selection, and all of it where search is exact and has room."""
        scene = SearchScene(self.memory, self.capabilities, query)
        results = scene.rank(self.text)
        selected = [memory_id for memory_id, scope in self.stored if selects(query, scope)]
        strangers = [result for result in results if result.id not in selected]
        must(
            not strangers,
            f"only memories that the scope {shown(query)} selects",
            f"one of the scope {shown(strangers[0].memory.get('scope')) if strangers else ''}",
        )
        expected = min(len(selected), scene.widest)
        self.wanted += expected
        found = len({result.id for result in results})
        self.found += found
        if self.capabilities.exact:
            must(
                found >= expected,
                f"{expected} memories, all of one text, that the scope {shown(query)} selects",
                f"{found} of them",
            )

    def judge_recall(self) -> None:
        """Judge how many of all that were selected were found; for servers whose search is not exact."""
        control(self.wanted, "no scope selected anything")
        must(
            not certainly_below(0.9, self.found, self.wanted),
            f"the {self.wanted} memories that the scopes select",
            f"{self.found} of them",
        )


@requirement("SEARCH-08", requests=3, stories=(PLACES,))
def test_search_finds_users_and_sessions(memory: MemoryApi, scopes: Scopes, capabilities: Capabilities) -> None:
    """A user's search finds those of all sessions, that of a session no others; a look-alike user's finds nothing."""
    story = places(memory, scopes, capabilities)
    population = _Population(memory, capabilities, story.text, story.where)
    for query in story.queries:
        population.judge(query)
    population.judge_recall()
    user = story.queries[0]["user_id"]
    _must_find_nothing(memory, story.text, user.upper(), user)


@requirement("SEARCH-08", requests=(0, 34 + 5 * 8, 34 + 45 * 8))
def test_search_finds_what_the_scope_selects(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, explore: Explorer
) -> None:
    """A search finds the memories whose scope has every pair of the query's scope, and no others."""
    whole = {member: scopes.value() for member in SCOPE_MEMBERS}
    other = {**whole, "user_id": scopes.value()}
    subsets = [dict(each) for size in range(1, 5) for each in combinations(whole.items(), size)]
    foreign = _part(other, "user_id", "session_id")
    few, queries = [*subsets, foreign], [*subsets, _part(other, "user_id", "agent_id"), foreign, other]
    population = _Population.added(memory, scopes, capabilities, few)
    for query in queries:
        population.judge(query)
    population.judge_recall()

    def check(example: tuple[list[dict[str, str]], list[dict[str, str]]]) -> None:
        base = scopes.value()
        where, queries = ([{key: base + value for key, value in scope.items()} for scope in part] for part in example)
        population = _Population.added(memory, scopes, capabilities, where)
        for query in queries:
            population.judge(query)

    explore(st.tuples(_SCOPES, _SCOPES), check, examples=(0, 3, 45))


_SCOPES = st.lists(
    st.fixed_dictionaries({}, optional={member: st.sampled_from("xy") for member in SCOPE_MEMBERS}).filter(bool),
    min_size=2,
    max_size=4,
    unique_by=lambda scope: tuple(sorted(scope.items())),
)


def _part(scope: Scope, *members: str) -> Scope:
    return {member: scope[member] for member in members}


@requirement("SEARCH-08", requests=(0, 9, 9))
def test_search_takes_scope_values_as_they_are(
    memory: MemoryApi, scope: dict[str, str], capabilities: Capabilities
) -> None:
    """A search in a scope whose value only looks like another finds nothing of the other."""
    scene, text = SearchScene(memory, capabilities, scope), ladders(capabilities, 1)[0].texts[0]
    (added,) = scene.stock([text])
    control(added["id"] in [each.id for each in scene.rank(text)], "its own text did not find the memory")
    value, limit = scope["user_id"], capabilities.limit_or("scope_value_bytes", 256)
    twins = [
        value[:-1],
        value.upper(),
        value[:-1] + "*",
        value[:-1] + "%",
        value + " ",
        "_" + value[1:],
        value + "\u200b",
    ]
    for twin in [each for each in twins if each != value and len(each.encode()) <= limit]:
        _must_find_nothing(memory, text, twin, value)


@requirement("SEARCH-08", requests=(0, 15, 65))
def test_nearer_memories_elsewhere_take_no_place(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, budget: Budget
) -> None:
    """A user's memories in two sessions are found by a search with room for both, whatever lies nearer elsewhere."""
    user, other = scopes.fresh(), scopes.fresh()
    scene = SearchScene(memory, capabilities, user)
    places = [scopes.use({**user, "session_id": scopes.value()}) for _ in range(min(2, scene.widest))]
    own = {str(memory.add(FARTHER, scope)["id"]) for scope in places}
    scene.settle()
    room = len(own)
    control({each.id for each in scene.rank(NEAR, top_k=room)} == own, "a search does not find what it has room for")
    for number in range(budget.beyond_smoke(11, 60)):
        memory.add(f"{NEAR}, {number}", other)
    scene.settle()
    found = {each.id for each in scene.rank(NEAR, top_k=room)}
    missing = len(own - found)
    lost = missing if capabilities.exact else certainly_below(0.9, room - missing, room)
    wanted = f"the {room} memories of the scope {shown(user)}, with top_k {room}, as before nearer ones lay elsewhere"
    must(not lost, wanted, f"{len(found)} results, {missing} of the memories missing")


def _must_find_nothing(memory: MemoryApi, text: str, twin: str, value: str) -> None:
    """Require no result; a refusal widens nothing and is left to CORE-19."""
    answer = memory.search(text, {"user_id": twin}).must_be(200, 400, 422)
    results = ranking(answer) if answer.status == 200 else []
    observed = f"the memory of user_id {shown(value)}"
    must(not results, f"no result for user_id {shown(twin)}, where nothing was stored", observed, answer)
