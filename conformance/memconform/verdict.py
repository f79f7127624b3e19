"""What a test can conclude, and what conclusions add up to.

A test ends in one `Outcome`. It says so by returning (pass) or by raising one of

- `NotMet`: the server broke the requirement (fail; warn where the requirement is a SHOULD);
- `Inconclusive`: the positive control did not hold, so nothing is proven either way;
- `NotApplicable`: the requirement's condition does not hold for this server (skip);
- `Unanswered`: the network or the server gave no answer; see `memconform.unanswered`.

Any other exception is an error of the harness and is never held against the server.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

from memconform.exchange import Exchange


class Outcome(StrEnum):
    """How one test, one requirement or one profile ended; from harmless to grave.

    `skip`: it does not apply to this server, or was not to be tried. `pass`: met. `warn`: a SHOULD is not met.
    `inconclusive`: a control did not hold, so nothing is proven. `error`: the judge failed. `fail`: a MUST is not met.

    >>> from memconform import Outcome
    >>> Outcome("fail") is Outcome.FAIL, Outcome.FAIL == "fail"
    (True, True)
    """

    SKIP = "skip"
    PASS = "pass"  # noqa: S105 - an outcome, no password
    WARN = "warn"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"
    FAIL = "fail"


_GRAVITY = {outcome: rank for rank, outcome in enumerate(Outcome)}


def gravest(outcomes: Iterable[Outcome]) -> Outcome:
    """Return the gravest outcome; SKIP when there is none."""
    return max(outcomes, key=_GRAVITY.__getitem__, default=Outcome.SKIP)


class NotMet(Exception):
    """The server did not do what the requirement says: what was expected and observed, and where to look."""

    def __init__(
        self, expected: str, observed: str, see: Sequence[Exchange] = (), *, requirement: str | None = None
    ) -> None:
        """Keep the evidence; `see` are the exchanges that show it, in order.

        `requirement` is the id of what is broken where that is not the test's own; `script` repeats all that led to it.
        """
        super().__init__(f"expected {expected}; observed {observed}")
        self.expected = expected
        self.observed = observed
        self.see = tuple(see)
        self.requirement = requirement
        self.script: str | None = None


class Inconclusive(Exception):
    """Nothing was proven: `reason` says which control did not hold."""

    def __init__(self, reason: str, see: Sequence[Exchange] = ()) -> None:
        """Keep the reason and the exchanges that show it."""
        super().__init__(reason)
        self.reason = reason
        self.see = tuple(see)
        self.led: tuple[Exchange, ...] = ()
        """What was sent before, the exchanges of `see` among it; empty where nobody has said."""

    def after(self, exchanges: Sequence[Exchange]) -> Inconclusive:
        """Keep what was sent before, unless it is known already, and return itself."""
        self.led = self.led or tuple(exchanges)
        return self


class NotApplicable(Exception):
    """The requirement does not apply to this server: `str()` says why."""


class Conformance(StrEnum):
    """The verdict on a profile or on the whole server.

    `incomplete`: no MUST failed, but one was left open. A whole server is conformant, not conformant or incomplete.

    >>> from memconform import Conformance
    >>> Conformance("conformant") is Conformance.CONFORMANT
    True
    """

    CONFORMANT = "conformant"
    NOT_CONFORMANT = "not conformant"
    INCOMPLETE = "incomplete"
    NOT_DECLARED = "not declared"
    NOT_TESTED = "not tested"


def conclude(musts: Iterable[Outcome]) -> Conformance:
    """Return what the outcomes of the MUSTs that were tested say together."""
    seen = set(musts)
    if Outcome.FAIL in seen:
        return Conformance.NOT_CONFORMANT
    if seen & {Outcome.INCONCLUSIVE, Outcome.ERROR}:
        return Conformance.INCOMPLETE
    if Outcome.PASS in seen:
        return Conformance.CONFORMANT
    return Conformance.NOT_TESTED


CONCLUDED = 100
"""What the run adds to its exit code for `memconform check`: whatever else a process ends with is no verdict."""


class ExitCode:
    """What `memconform check` ends with."""

    CONFORMANT = 0
    NOT_CONFORMANT = 1
    USAGE = 2
    UNREACHABLE = 3
    HARNESS = 4
