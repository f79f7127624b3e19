"""Every change of a schema gives an example or a pinned member another verdict, or there is a reason why none can."""

from __future__ import annotations

import pytest

from .excuses import EXCUSES, stale, unexplained
from .killing import contract, examples, survivors
from .mutants import ANNOTATIONS, ASSERTIONS, mutants, subschemas
from .pattern_mutants import pattern_mutants


@pytest.mark.parametrize("name", contract())
def test_every_mutant_is_killed_or_excused(name: str) -> None:
    """The survivors among a schema's mutants are those that are listed, and every one that is listed survives."""
    count, alive = survivors(name, examples())
    assert count > 0
    found = mutants(contract()[name])
    assert unexplained(name, alive) == [], "add an example that tells them from the schema, or list them with a reason"
    assert stale(name, found, alive) == []


def test_excuses_are_whole() -> None:
    """Every row names a schema there is, and gives a sentence as its reason; no change is excused twice."""
    for excuse in EXCUSES:
        assert excuse.schema in {*contract(), "openapi"}
        assert excuse.why.endswith("."), excuse
    assert len({(excuse.schema, excuse.at, excuse.change) for excuse in EXCUSES}) == len(EXCUSES)


def test_every_keyword_is_mutated() -> None:
    """The schemas use no keyword that the mutants leave alone, so that none is proven by oversight."""
    used = {keyword for document in contract().values() for _, node in subschemas(document) for keyword in node}
    assert used - ANNOTATIONS <= ASSERTIONS


def changes(name: str) -> list[tuple[str, str]]:
    """Return place and change of every mutant of a schema."""
    return [(mutant.pointer, mutant.change) for mutant in mutants(contract()[name])]


@pytest.mark.parametrize("name", contract())
def test_mutants_differ(name: str) -> None:
    """Every mutant has a name of its own and differs from the schema."""
    found = changes(name)
    assert len(set(found)) == len(found)
    assert all(mutant.document != contract()[name] for mutant in mutants(contract()[name]))


def test_without_examples_every_mutant_survives() -> None:
    """It is the examples that kill: invalid ones what is looser, valid ones what is stricter, none nothing."""
    count, alive = survivors("scope", {})
    assert len(alive) == count
    for verdict, change in ((True, "minLength stricter"), (False, "drop minLength")):
        half = {name: [each for each in found if each[1] is not verdict] for name, found in examples().items()}
        left = {mutant.change for mutant in survivors("scope", half)[1]}
        assert change in left


def test_the_mutants_of_a_small_schema_are_pinned() -> None:
    """Types, bounds, members and items are each changed in both directions."""
    small = {"type": "object", "required": ["a"], "properties": {"a": {"type": ["integer", "null"], "minimum": 1}}}
    assert {f"{mutant.pointer} {mutant.change}" for mutant in mutants(small)} == {
        " drop type",
        " type with null",
        " type with boolean",
        " type with number",
        " type with string",
        " type with array",
        " do not require a",
        " drop member a",
        " refuse member a",
        " refuse other members",
        "/properties/a drop type",
        "/properties/a type without integer",
        "/properties/a type without null",
        "/properties/a type with boolean",
        "/properties/a type with string",
        "/properties/a type with array",
        "/properties/a type with object",
        "/properties/a type number for integer",
        "/properties/a drop minimum",
        "/properties/a minimum looser",
        "/properties/a minimum stricter",
    }


def test_the_mutants_of_a_pattern_are_pinned() -> None:
    """A pattern loses its anchors and alternatives one by one, and its bounds move by one."""
    assert {changed for _, changed in pattern_mutants("^(a|bc){1,2}x*$")} == {
        "(a|bc){1,2}x*$",
        "^(a|bc){1,2}x*",
        "^(bc){1,2}x*$",
        "^(a){1,2}x*$",
        "^(a|bc){0,2}x*$",
        "^(a|bc){2,2}x*$",
        "^(a|bc){1,1}x*$",
        "^(a|bc){1,3}x*$",
        "^(a|bc){1,2}x$",
    }
