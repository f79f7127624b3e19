"""What the results of servers and of clients have in common."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from memconform.api.evidence import Finding
from memconform.api.parts import RequirementResult
from memconform.verdict import Conformance, ExitCode, Outcome

if TYPE_CHECKING:
    import os

Form: TypeAlias = Literal["json", "html", "markdown", "junit", "sarif", "badge", "badge-json"]
"""The forms of a result: the options of `memconform report`, and JSON, from which all others are made."""

_GRAVE = (Outcome.FAIL, Outcome.ERROR, Outcome.INCONCLUSIVE, Outcome.WARN)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class Judged:
    """A result: the verdict, each requirement, the evidence."""

    conformance: Conformance
    exit_code: int
    """What the command would have ended with: 0 conformant, or as the baseline expects it; 1 not; 2 incomplete."""
    partial: bool
    """Whether requirements were left out by the arguments."""
    contract: str
    """The version of the contract, such as "1.0"."""
    requirements: tuple[RequirementResult, ...]
    document: Mapping[str, Any] = field(repr=False)
    """The whole result as its schema in `schemas/results/` describes it; do not change it."""

    @property
    def conformant(self) -> bool:
        """Whether every MUST that was tested is met, and none is open."""
        return self.conformance is Conformance.CONFORMANT

    @property
    def failures(self) -> tuple[RequirementResult, ...]:
        """The requirements that are not met, in the order of the contract; those that are not scored are left out."""
        return tuple(row for row in self.requirements if row.outcome is Outcome.FAIL and row.scored)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything that did not end well, the gravest first: failures, errors, inconclusive tests, warnings."""
        scored = [row for row in self.requirements if row.scored]
        return tuple(each for outcome in _GRAVE for row in scored if row.outcome is outcome for each in row.findings)

    def requirement(self, name: str) -> RequirementResult:
        """Return what came of the requirement `name`, in any case; raise `LookupError` where the result has none."""
        found = next((row for row in self.requirements if row.id == name.upper()), None)
        if found is None:
            raise LookupError(f"the result has no requirement {name!r}; memconform.requirements() lists them")
        return found

    def assert_conformant(self) -> None:
        """Raise `AssertionError`, with the findings as a terminal shows them, unless everything is as it should be.

        That is exit code 0: conformant, or what the baseline expects where one was given. An incomplete result raises.
        """
        __tracebackhide__ = True
        if self.exit_code != ExitCode.CONFORMANT:
            raise AssertionError(f"{self._subject} is {self.conformance}\n\n{self}")

    def to_json(self) -> dict[str, Any]:
        """Return a copy of the whole result as JSON values."""
        return copy.deepcopy(dict(self.document))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the result as JSON, whole or not at all, and return the path; raise `OSError` where that cannot be."""
        return self.write(path)

    def write(self, path: str | os.PathLike[str], form: Form = "json", *, specification: str | None = None) -> Path:
        """Write the result in one of its forms and return the path; raise `OSError` where that cannot be.

        `html` is one self-contained page, `markdown` a summary for CI, which is appended to `$GITHUB_STEP_SUMMARY`,
        `badge` an SVG file. `specification` is the address or folder of the specification site that failures link to.
        Raises `UsageError` for a form that there is not.
        """
        from memconform.report.files import write_json
        from memconform.report.forms import FORMS
        from memconform.settings import UsageError

        file = Path(path)
        if form == "json":
            write_json(file, self.document)
            return file
        forms = {each.option.removeprefix("--"): each for each in FORMS}
        if form not in forms:
            raise UsageError(f"{form!r} is no form of a result; there are json, {', '.join(forms)}")
        return forms[form].write(file, self.document, specification)

    @property
    def _subject(self) -> str:
        """What was judged, in a few words."""
        raise NotImplementedError

    def __repr__(self) -> str:
        failed = f", {len(self.failures)} failed" if self.failures else ""
        return f"<{type(self).__name__} of {self._subject}: {self.conformance}{failed}>"
