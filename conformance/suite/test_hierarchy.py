"""What a session inherits from its user, its agent and its app; and what it never does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import combinations

from hypothesis import strategies as st

from memconform.answer import shown
from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.explore import Explorer
from memconform.memory_api import MemoryApi
from memconform.requirement import requirement
from memconform.scene.holding import inherits
from memconform.scene.oracle import selects
from memconform.scene.selection import Selection
from memconform.scopes import SCOPE_MEMBERS, Scopes
from memconform.verdict import NotApplicable

Scope = Mapping[str, str]
_TELLING = [("user_id",), ("session_id",), ("user_id", "session_id"), ("agent_id", "app_id"), ("app_id",)]


@dataclass
class _Family(Selection):
    """Memories in several scopes, searched from several."""

    where: dict[str, Scope] = field(default_factory=dict)
    """The scope that each memory was given, by its id; a server may spell out members that are absent."""

    def place(self, scopes: Scopes, where: Iterable[Scope]) -> None:
        """Add a memory in each scope, as many as one search can give."""
        for scope in where:
            if len(self.known) < self.most:
                self.where[self.add(scopes.use(scope))["id"]] = scope
        self.settle()

    def judge_inherited(self, query: Scope) -> None:
        """Search with `inherit`; require what the query inherits, and nothing else."""
        heirs = [each for each in self.known if inherits(query, self.where[each])]
        self.judge(heirs, f"what {shown(query)} inherits", query, inherit=True)

    def judge_alone(self, query: Scope, **members: bool) -> None:
        """Search without `inherit`; require what the law of scopes selects."""
        own = [each for each in self.known if selects(query, self.where[each])]
        self.judge(own, f"what {shown(query)} selects, without inherit", query, **members)


def _part(whole: Scope, members: Iterable[str]) -> dict[str, str]:
    return {member: whole[member] for member in members}


@requirement("HIERARCHY-01", requests=(5, 63, 63))
def test_scope_inherits_from_its_user_and_its_app(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, budget: Budget
) -> None:
    """With `inherit` a scope selects what its user, agent and app know too, and never what another user does."""
    whole = {member: scopes.value() for member in SCOPE_MEMBERS}
    stranger = {**whole, "user_id": scopes.value()}
    every = [members for size in range(1, 5) for members in combinations(SCOPE_MEMBERS, size)]
    smoke = budget.size == "smoke"
    order = [*_TELLING, *(members for members in every if members not in _TELLING)]
    placed = [_part(whole, members) for members in (_TELLING[:3] if smoke else order)]
    strangers = [] if smoke else [_part(stranger, members) for members in order if "user_id" in members]
    scene = _Family(memory, capabilities, {})
    scene.place(scopes, [*placed[:4], *strangers[:1], *placed[4:], *strangers[1:]])
    scene.judge_inherited(_part(whole, ("user_id", "session_id")))
    for members in () if smoke else every:
        scene.judge_inherited(_part(whole, members))
    for members in () if smoke else every[::3]:
        scene.judge_alone(_part(whole, members))
        scene.judge_inherited(_part(stranger, members))
    if not smoke:
        scene.judge_alone(whole, inherit=False)
        scene.judge_inherited({**whole, "session_id": scopes.value()})
    scene.judge_recall()


@requirement("HIERARCHY-01", requests=(0, 56, 400))
def test_inheritance_agrees_with_a_model(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, explore: Explorer
) -> None:
    """Whatever scopes there are, `inherit` selects what the model says."""
    scene = _Family(memory, capabilities, {})

    def check(example: tuple[list[dict[str, str]], list[dict[str, str]]]) -> None:
        first = scopes.value()
        letters = {"a": first, "b": first + "b"}
        placed, queries = ([{m: letters[v] for m, v in shape.items()} for shape in shapes] for shapes in example)
        scene.known = {}
        scene.place(scopes, placed)
        for query in queries:
            scene.judge_inherited(query)

    explore(st.tuples(_SHAPES, _SHAPES), check, examples=(0, 6, 40))
    scene.judge_recall()


@requirement("HIERARCHY-01", requests=(0, 6, 6))
def test_scope_values_are_inherited_as_they_are(
    memory: MemoryApi, scopes: Scopes, capabilities: Capabilities, budget: Budget
) -> None:
    """A user whose id only begins like another's, or differs in case, inherits nothing of the other."""
    if budget.size == "smoke":
        raise NotApplicable("this test needs a larger budget than smoke")
    value, session = scopes.value(), {"session_id": scopes.value()}
    scene = _Family(memory, capabilities, {})
    users = [value + "x", value + "X", value + "xx"]
    scene.place(scopes, [{"user_id": user} for user in users])
    for user in users:
        scene.judge_inherited({"user_id": user, **session})


_SHAPES = st.lists(
    st.fixed_dictionaries({}, optional={member: st.sampled_from("ab") for member in SCOPE_MEMBERS}).filter(bool),
    min_size=3,
    max_size=5,
    unique_by=lambda scope: tuple(sorted(scope.items())),
)
