"""Looking for the greatest rate at which the objectives are met: a geometric ramp, a bisection, a second look."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from memconform_load.capacity.evidence import Decision
from memconform_load.capacity.found import Capacity
from memconform_load.capacity.probe import Probe, Trial

Try: TypeAlias = Callable[[float, float], Trial]
"""Loads the server at a rate (arrivals a second) for so many seconds."""

LOWEST = 0.1
"""Arrivals a second below which nobody looks any more."""
_STEP = 2.0
_MOST_STAGES = 8
"""At one rate."""


@dataclass(frozen=True, slots=True)
class Search:
    """How to look."""

    start: float = 10.0
    most: float = math.inf
    """The greatest rate to try."""
    tolerance: float = 0.02
    """The answer is good to this share on either side."""
    ramp_s: float = 5.0
    stage_s: float = 10.0
    longest_s: float = 80.0
    """How long one rate is measured at most."""
    limit_s: float = math.inf
    """How long all of it may take."""


class TrialFailed(Exception):
    """A stage brought no result: the message says why. `exit_code` is what a command should end with."""

    def __init__(self, said: str, exit_code: int) -> None:
        super().__init__(said)
        self.exit_code = exit_code


class _OutOfTime(Exception):
    """The next stage would end too late."""


def find_capacity(
    trial: Try,
    search: Search = Search(),
    *,
    tell: Callable[[Probe], None] = lambda _probe: None,
    clock: Callable[[], float] = time.monotonic,
) -> Capacity:
    """Return the capacity. `tell` hears of each rate when a stage at it has ended.

    An interrupt (Ctrl-C), the end of the time and a stage that fails give what is known until then; `TrialFailed` is
    raised where that is nothing.
    """
    looking = _Looking(trial, search, tell, clock)
    try:
        looking.ramp()
        looking.bisect()
    except KeyboardInterrupt:
        return looking.found("It was interrupted before more was known.")
    except _OutOfTime:
        return looking.found("The time was up before more was known.")
    except TrialFailed as failed:
        if not looking.probes:
            raise
        return looking.found(f"The next stage failed: {failed}")
    return looking.found("")


class _Looking:
    def __init__(self, trial: Try, search: Search, tell: Callable[[Probe], None], clock: Callable[[], float]) -> None:
        self._trial, self._search, self._tell, self._clock = trial, search, tell, clock
        self._until = clock() + search.limit_s
        self._overhead = 0.0
        self.probes: dict[float, Probe] = {}

    def found(self, cut_short: str) -> Capacity:
        """Return what is known."""
        probes = [self.probes[rate] for rate in sorted(self.probes)]
        return Capacity.of(probes, self._search.most, self._search.tolerance, cut_short)

    def ramp(self) -> None:
        """Double the rate until it is too much; halve it where the first one is."""
        rate = min(self._search.start, self._search.most)
        step = _STEP
        while LOWEST <= rate <= self._search.most:
            good = self._looks_met(rate)
            if not good and rate == self._search.start:
                step = 1 / _STEP
            if good is (step < 1):
                return
            rate = min(rate * step, self._search.most) if rate < self._search.most else rate * step

    def _looks_met(self, rate: float) -> bool:
        probe = self._measured(rate, self._search.ramp_s)
        if probe.decision is Decision.OPEN and (probe.leaning is Decision.NOT_MET or not probe.valid):
            self._settled(rate, self._search.ramp_s)
        return probe.leaning is Decision.MET

    def bisect(self) -> None:
        """Halve what lies between, then look again at both ends, until nothing changes."""
        while True:
            low, high = self.found("").bracket
            doubtful = [rate for rate, probe in self.probes.items() if low < rate < high and self._unsettled(probe)]
            if doubtful:
                self._settled(max(doubtful), self._search.stage_s)
                continue
            if high <= LOWEST:
                return
            between = None if math.isinf(high) else self._next(low, high)
            if between is not None:
                self._settled(between, self._search.stage_s)
            elif not (self._confirmed(low) or self._confirmed(high)):
                return

    def _unsettled(self, probe: Probe) -> bool:
        """Return whether more stages may decide what looks good but is not proven."""
        return self._goes_on(probe) and probe.leaning is Decision.MET

    def _goes_on(self, probe: Probe) -> bool:
        few = len(probe.trials) < _MOST_STAGES and probe.seconds < self._search.longest_s
        return few and bool(probe.valid) and probe.decision is Decision.OPEN

    def _next(self, low: float, high: float) -> float | None:
        """Return the middle of the widest gap that is too wide; None where there is none."""
        known = sorted({low, high, *(rate for rate in self.probes if low < rate < high)})
        gaps = [(above / max(below, LOWEST), below, above) for below, above in pairwise(known)]
        widest, below, above = max(gaps)
        narrow = (1 + self._search.tolerance) / (1 - self._search.tolerance)
        return math.sqrt(max(below, LOWEST) * above) if widest > narrow else None

    def _confirmed(self, rate: float) -> bool:
        """Measure an end of the bracket once more, for longer; return whether that was still to be done."""
        probe = self.probes.get(rate)
        if probe is None or probe.invalid or len(probe.valid) > 1 or probe.seconds >= self._search.longest_s:
            return False
        self._measured(rate, 2 * self._search.stage_s)
        self._settled(rate, 2 * self._search.stage_s)
        return True

    def _settled(self, rate: float, seconds: float) -> None:
        """Measure until it is decided, each time for twice as long; an invalid stage is tried once more."""
        probe = self.probes.get(rate) or self._measured(rate, seconds)
        if probe.invalid and len(probe.trials) == 1:
            self._measured(rate, seconds)
        while self._goes_on(probe):
            seconds = min(2 * seconds, max(self._search.longest_s - probe.seconds, self._search.ramp_s))
            self._measured(rate, seconds)

    def _measured(self, rate: float, seconds: float) -> Probe:
        began = self._clock()
        if began + seconds + self._overhead > self._until:
            raise _OutOfTime
        done = self._trial(rate, seconds)
        self._overhead = max(self._clock() - began - seconds, 0.0)
        probe = self.probes.setdefault(rate, Probe(rate))
        probe.trials.append(done)
        self._tell(probe)
        return probe
