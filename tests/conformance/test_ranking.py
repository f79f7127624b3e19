"""What it means that two rankings agree."""

from __future__ import annotations

import pytest

from memconform.scene.ranking import Ranked, certainly_below, change, is_score, missed, prefix_breach, thresholds


def ranked(**scores: float) -> list[Ranked]:
    """Return results of these ids and scores."""
    return [Ranked(name, score, {"id": name}) for name, score in scores.items()]


@pytest.mark.parametrize("value", [0, 1, 0.5, 0.0, 1.0, 1e-300])
def test_scores_are_numbers_from_zero_to_one(value: object) -> None:
    """Both ends belong to it, however they are written."""
    assert is_score(value)


@pytest.mark.parametrize("value", [None, True, "0.5", -1e-9, 1.0000001, float("nan"), float("inf"), [0.5], 2])
def test_nothing_else_is_a_score(value: object) -> None:
    """A truth value, a text, what is not finite and what lies outside are none."""
    assert not is_score(value)


def test_change_names_the_first_difference() -> None:
    """Another id, another score, another number of results; not another spelling of a score."""
    one = ranked(a=0.9, b=0.5)
    assert change(one, ranked(a=0.9, b=0.5 + 1e-12)) is None
    assert "place 2" in str(change(one, ranked(a=0.9, c=0.5)))
    assert "0.4" in str(change(one, ranked(a=0.9, b=0.4)))
    assert "1 results instead of 2" in str(change(one, ranked(a=0.9)))


LONG = ranked(a=0.9, b=0.7, c=0.7, d=0.5, e=0.1)


@pytest.mark.parametrize(
    ("short", "k"),
    [
        (ranked(a=0.9), 1),
        (ranked(a=0.9, b=0.7), 2),
        (ranked(a=0.9, c=0.7), 2),
        (ranked(a=0.9, c=0.7, b=0.7), 3),
        (ranked(a=0.9, b=0.7, c=0.7, d=0.5, e=0.1), 9),
    ],
)
def test_a_prefix_is_one_in_any_order_of_equals(short: list[Ranked], k: int) -> None:
    """Ties may be broken differently inside the cut and at it."""
    assert prefix_breach(short, LONG, k) is None
    assert missed(short, LONG, k) == []


@pytest.mark.parametrize(
    ("short", "k"),
    [
        (ranked(), 1),
        (ranked(b=0.9), 1),
        (ranked(a=0.9, d=0.7), 2),
        (ranked(a=0.8, b=0.7), 2),
        (ranked(b=0.9, a=0.7), 2),
        (ranked(a=0.9, x=0.7), 2),
        (ranked(a=0.9, b=0.7, c=0.7), 2),
    ],
)
def test_no_other_results_are_a_prefix(short: list[Ranked], k: int) -> None:
    """Too few or too many, a stranger, a score of another or an order of another."""
    assert prefix_breach(short, LONG, k)


def test_a_tie_may_go_on_where_the_list_ends() -> None:
    """Whoever has the score of the last results may be one of those that the longer list had no room for."""
    assert missed(ranked(z=0.7), ranked(a=0.7, b=0.7), 1) == []
    assert missed(ranked(z=0.8), ranked(a=0.7, b=0.7), 1) == ["z"]


def test_thresholds_lie_between_scores() -> None:
    """The widest gap comes first; gaps that rounding closes and what lies below all scores are left out."""
    assert thresholds([0.9, 0.8, 0.8, 0.2]) == [pytest.approx(0.5), pytest.approx(0.85)]
    assert thresholds([0.5, 0.5 + 1e-9]) == [pytest.approx(0.75)]
    assert thresholds([0.004, 0.0039]) == [pytest.approx(0.00395)]
    assert thresholds([0.0]) == [0.5]
    assert thresholds([1.0, 1.0]) == []
    assert thresholds([]) == []


def test_bad_luck_is_no_proof() -> None:
    """Only a share that chance does not explain is certainly below nine in ten."""
    assert not certainly_below(0.9, 0, 0)
    assert not certainly_below(0.9, 8, 10)
    assert not certainly_below(0.9, 83, 100)
    assert certainly_below(0.9, 5, 10)
    assert certainly_below(0.9, 70, 100)
