"""Tables of cases: every case is tried, the first failure is the finding, and the others are named behind it."""

from __future__ import annotations

import pytest

from memconform.scene.cases import Cases
from memconform.verdict import Inconclusive, NotMet


def tried(*names: str, wrong: str) -> list[str]:
    """Try the cases, those whose first letter is among `wrong` in vain; return those that were tried to the end."""
    done = []
    with Cases() as case:
        for name in names:
            with case(name):
                if name[0] in wrong:
                    raise NotMet(f"400 for {name}", "201")
                done.append(name)
    return done


def test_good_cases_say_nothing() -> None:
    """Without a failure the loop goes on behind the cases."""
    assert tried("a", "b", wrong="") == ["a", "b"]


@pytest.mark.parametrize(
    ("wrong", "expected", "observed"),
    [
        ("b", "400 for b", "201"),
        ("bd", "400 for b", "201 (and 1 more case: d)"),
        ("abcde", "400 for a", "201 (and 4 more cases: b; c; d; …)"),
    ],
)
def test_first_failure_names_the_others(wrong: str, expected: str, observed: str) -> None:
    """What was expected is that of the first failure, so that a baseline knows it whatever comes after."""
    with pytest.raises(NotMet) as found:
        tried(*"abcde", wrong=wrong)
    assert (found.value.expected, found.value.observed) == (expected, observed)


def test_failure_goes_before_what_ended_the_loop() -> None:
    """A control that does not hold hides no failure before it; without a failure it is what comes of the test."""
    with pytest.raises(NotMet, match="400 for a"):
        _broken_off("a", Inconclusive("no control"))
    with pytest.raises(Inconclusive):
        _broken_off("", Inconclusive("no control"))
    with pytest.raises(KeyboardInterrupt):
        _broken_off("a", KeyboardInterrupt())


def _broken_off(failing: str, end: BaseException) -> None:
    with Cases() as case:
        for name in failing:
            with case(name):
                raise NotMet(f"400 for {name}", "201")
        raise end
