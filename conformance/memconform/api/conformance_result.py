"""The verdict on a server, with the evidence, as objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from memconform.api.judged import Judged
from memconform.api.parts import (
    Measure,
    ProfileResult,
    RequirementResult,
    RunInfo,
    ServerInfo,
    measures_of,
    profile_results,
    requirement_results,
    run_of,
    server_of,
)
from memconform.baseline.comparing import exit_code
from memconform.verdict import Conformance

if TYPE_CHECKING:
    import os


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class ConformanceResult(Judged):
    """The verdict on a server: from `check_server`, or a file of `memconform check --json`.

    `badge` is the highest badge that was earned, None where none was, or where requirements were left out.
    `left_behind` names what the run created on the server and could not delete, and why: one object each. `str()` gives
    what a terminal shows; `document` has everything there is.

    >>> from memconform import check_server, reference_server
    >>> with reference_server(defect="second-delete-is-204") as url:
    ...     result = check_server(url, requirements=["CORE-13"], budget="smoke")
    >>> result.conformant, result.exit_code, result.partial, result.badge
    (False, 1, True, None)
    >>> [row.id for row in result.failures]
    ['CORE-13']
    >>> try:
    ...     result.assert_conformant()
    ... except AssertionError as error:
    ...     print(str(error).splitlines()[2])
    FAIL CORE-13 (MUST): DELETE MUST answer 204, after which GET and a second DELETE MUST answer 404.
    """

    badge: Literal["core", "standard", "full"] | None
    profiles: tuple[ProfileResult, ...]
    measures: tuple[Measure, ...]
    run: RunInfo
    server: ServerInfo
    left_behind: tuple[Mapping[str, Any], ...]

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> ConformanceResult:
        """Return the result in a file; raise `UsageError` for what cannot be read, or is none of a server."""
        from memconform.result_file import CONFORMANCE, read_result

        return cls.from_json(read_result(Path(path), CONFORMANCE))

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> ConformanceResult:
        """Return the result that a document of `schemas/results/conformance.schema.json` holds; it is not checked."""
        verdict = document["verdict"]
        return cls(
            conformance=Conformance(verdict["conformance"]),
            exit_code=exit_code(document),
            partial=verdict["partial"],
            contract=document["contract"],
            requirements=requirement_results(document),
            document=document,
            badge=verdict["badge"],
            profiles=profile_results(document),
            measures=measures_of(document),
            run=run_of(document),
            server=server_of(document),
            left_behind=tuple(document["leaks"]),
        )

    def profile(self, name: str) -> ProfileResult:
        """Return the verdict on the profile `name`, in any case; raise `LookupError` where the result has none."""
        found = next((profile for profile in self.profiles if profile.name == name.lower()), None)
        if found is None:
            raise LookupError(f"the result has no profile {name!r}; memconform.profiles() lists them")
        return found

    def regressions(self, before: ConformanceResult) -> tuple[RequirementResult, ...]:
        """Return the requirements that are judged worse than in an earlier result, in the order of the contract.

        Worse is what `memconform diff` calls a regression; what was not tested in both of them is none.
        """
        from memconform.difference import requirement_rows

        rows = requirement_rows(before.document["requirements"], self.document["requirements"])
        worse = {row.requirement for row in rows if row.regressed}
        return tuple(row for row in self.requirements if row.id in worse)

    @property
    def _subject(self) -> str:
        return self.server.url

    def __str__(self) -> str:
        from click import unstyle

        from memconform.report.terminal import verdict_lines

        return "\n".join(unstyle(line) for line in verdict_lines(self.document))
