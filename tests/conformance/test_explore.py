"""Property tests over HTTP: repeatable by seed, bounded after a failure, honest about what proves nothing."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from memconform.budget import SIZES, Budget, Size
from memconform.explore import CANDIDATES, Explorer
from memconform.verdict import Inconclusive, NotMet

NUMBERS = st.lists(st.integers(0, 10_000), max_size=8)


def examples(seed: int, name: str = "test_x", size: Size = "smoke") -> list[list[int]]:
    """Return what an explorer tries."""
    tried: list[list[int]] = []
    Explorer(Budget(size), seed, name)(NUMBERS, tried.append, examples=(5, 20, 60))
    return tried


def test_one_seed_gives_the_same_examples() -> None:
    """The seed repeats a run exactly, also beyond what other tests drew before."""
    assert examples(3) == examples(3)


def test_seeds_and_names_give_other_examples() -> None:
    """Another seed, and another test of the same seed, see something else."""
    assert examples(3, size="standard") != examples(4, size="standard")
    assert examples(3, size="standard") != examples(3, "test_y", size="standard")


def test_the_budget_bounds_the_examples() -> None:
    """A property that holds is tried as often as announced, no more."""
    for size, most in zip(SIZES, (5, 20, 60), strict=True):
        assert 1 < len(examples(0, size=size)) <= most


def test_a_failure_costs_little_more_and_ends_small() -> None:
    """After a failure a fixed number of smaller candidates is tried, each once; the smallest failing one is told."""
    tried: list[list[int]] = []

    def check(numbers: list[int]) -> None:
        tried.append(numbers)
        if any(number >= 10 for number in numbers):
            raise NotMet("numbers below 10", str(numbers))

    with pytest.raises(NotMet) as finding:
        Explorer(Budget("standard"), 0, "test_x")(NUMBERS, check, examples=(20, 50, 50))
    first = next(index for index, numbers in enumerate(tried) if max(numbers, default=0) >= 10)
    assert len(tried) - first - 1 <= CANDIDATES
    failing = [str(numbers) for numbers in tried if max(numbers, default=0) >= 10]
    assert len(set(failing)) == len(failing) > 1
    assert finding.value.observed == min(failing, key=lambda text: (len(text), text))
    assert len(finding.value.observed) == len("[10]")


def test_a_failure_that_shrinks_slowly_is_bounded() -> None:
    """However much smaller an example could become, so many candidates are tried and no more."""
    tried: list[list[int]] = []

    def check(numbers: list[int]) -> None:
        tried.append(numbers)
        if sum(numbers) > 5_000 and len(numbers) > 3:
            raise NotMet("a small sum", str(sum(numbers)))

    strategy = st.lists(st.integers(0, 10**6), max_size=60)
    with pytest.raises(NotMet):
        Explorer(Budget("standard"), 0, "test_x")(strategy, check, examples=(20, 50, 50))
    first = next(index for index, numbers in enumerate(tried) if sum(numbers) > 5_000 and len(numbers) > 3)
    assert len(tried) - first - 1 == CANDIDATES


def test_a_failure_that_does_not_repeat_is_told_all_the_same() -> None:
    """A server that errs once cannot hide behind the shrinking."""
    erred: list[int] = []

    def check(number: int) -> None:
        if not erred and number > 3:
            erred.append(number)
            raise NotMet("no failure", str(number))

    with pytest.raises(NotMet) as finding:
        Explorer(Budget("standard"), 0, "test_x")(st.integers(0, 1000), check, examples=(20, 50, 50))
    assert finding.value.observed == str(erred[0])


@pytest.mark.parametrize("end", [Inconclusive("nothing to see"), RuntimeError("our own fault")])
def test_what_proves_nothing_stops_at_once(end: Exception) -> None:
    """An inconclusive example, or an error of ours, ends the property with that, after one example."""
    tried: list[int] = []

    def check(number: int) -> None:
        tried.append(number)
        raise end

    with pytest.raises(type(end)) as raised:
        Explorer(Budget("standard"), 0, "test_x")(st.integers(), check, examples=(20, 50, 50))
    assert raised.value is end
    assert len(tried) == 1


def test_a_failure_outweighs_what_comes_after_it() -> None:
    """A finding stays a finding when the requests run out while it is made smaller."""
    found: list[int] = []

    def check(number: int) -> None:
        if found:
            raise Inconclusive("the test needs more requests than it announced")
        if number > 3:
            found.append(number)
            raise NotMet("small numbers", str(number))

    with pytest.raises(NotMet):
        Explorer(Budget("standard"), 0, "test_x")(st.integers(0, 1000), check, examples=(20, 50, 50))
