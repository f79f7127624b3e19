"""The answer: so many arrivals a second, how exactly that is known, and the curve that it comes from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from memconform_load.capacity.evidence import Decision
from memconform_load.capacity.probe import Probe


@dataclass(frozen=True, slots=True)
class Capacity:
    """What was found. `bracket`: the greatest rate that is met, the least that is not; 0 and infinity if unknown."""

    bracket: tuple[float, float]
    probes: tuple[Probe, ...]
    limit: tuple[str, ...] = ()
    """Why nothing is known above: the generator's limit; () where it is the server's."""
    tolerance: float = 0.02
    most: float = math.inf
    cut_short: str = ""

    @classmethod
    def of(cls, probes: Sequence[Probe], most: float, tolerance: float, cut_short: str = "") -> Capacity:
        """Return what rates in ascending order say."""
        refused = [probe for probe in probes if probe.decision is Decision.NOT_MET or probe.invalid]
        high = refused[0].rate if refused else math.inf
        met = [probe.rate for probe in probes if probe.rate < high and probe.decision is Decision.MET]
        limit = refused[0].invalid if refused else ()
        return cls((max(met, default=0.0), high), tuple(probes), limit, tolerance, most, cut_short)

    @property
    def rate(self) -> float | None:
        """The capacity, the middle of the bracket; None where one end is not known."""
        low, high = self.bracket
        return None if low == 0 or math.isinf(high) or self.limit else (low + high) / 2

    @property
    def margin(self) -> float | None:
        """By which share the capacity may be more or less."""
        low, high = self.bracket
        return None if self.rate is None else (high - low) / (high + low)

    @property
    def exit_code(self) -> int:
        """0 where it is known, 1 where the server meets the objectives at no rate, 3 where it is not known."""
        if self.rate is not None and not self.cut_short:
            return 0
        low, high = self.bracket
        return 1 if low == 0 and high < math.inf and not self.limit and not self.cut_short else 3

    def said(self) -> str:
        """Return it in a sentence or two."""
        return f"{self._answer()} {self.cut_short}".rstrip()

    def _answer(self) -> str:
        low, high = self.bracket
        if self.rate is not None and self.margin is not None:
            margin = max(self.margin * 100, 0.1)
            return (
                f"{self.rate:.4g} arrivals a second, ± {margin:.2g} %: every objective is met at {low:.4g}"
                f"{self._calls(low)}, not at {high:.4g}."
            )
        if self.limit:
            known = f"At least {low:.4g} arrivals a second" if low else "Unknown"
            return (
                f"{known}: at {high:.4g} this generator is the limit, not the server ({self.limit[0]}). Try --workers."
            )
        if math.isinf(high):
            known = f"At least {low:.4g} arrivals a second" if low else "Unknown"
            return f"{known}: no rate was found at which the objectives are not met." + (
                f" --max-rate is {self.most:g}." if self.most < math.inf else ""
            )
        return f"None: the objectives are not met even at {high:.4g} arrivals a second."

    def _calls(self, rate: float) -> str:
        """Return how many calls a second the arrivals of a rate made, in brackets; nothing where that is not known."""
        probe = next(each for each in self.probes if each.rate == rate)
        seen = probe.trials[-1].figures.get("calls_per_s") if probe.trials else None
        return f" ({seen:.4g} calls a second)" if seen else ""

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values; rates are arrivals a second."""
        low, high = self.bracket
        return {
            "format": "memconform.capacity/1",
            "rate": self.rate and round(self.rate, 3),
            "margin": self.margin and round(self.margin, 5),
            "met_at": low or None,
            "not_met_at": None if math.isinf(high) or self.limit else high,
            "limit_of_the_generator": list(self.limit),
            "cut_short": self.cut_short or None,
            "exit_code": self.exit_code,
            "said": self.said(),
            "curve": [probe.as_json() for probe in self.probes],
        }
