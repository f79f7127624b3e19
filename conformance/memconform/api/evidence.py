"""The evidence in a result: findings, and the exchanges that show them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from memconform.contract import Level
from memconform.verdict import Outcome

Headers: TypeAlias = tuple[tuple[str, str], ...]

_TOLD = frozenset({Outcome.WARN, Outcome.INCONCLUSIVE, Outcome.ERROR, Outcome.FAIL})


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedExchange:
    """One request and what came back, as a result keeps it; secrets are replaced by the variable that holds them.

    `at` is in seconds since the run began, `seconds` how long the answer took. `status` is None where no answer came;
    `problem` says why then. Bodies are text, at most the first 2,000 bytes of each. `curl` is a command for bash that
    sends the request again. `answered_by` is `bridge` where a bridge answered for its provider, else None.

    >>> from memconform import check_server, reference_server
    >>> with reference_server(defect="second-delete-is-204") as url:
    ...     result = check_server(url, requirements=["CORE-13"], budget="smoke")
    >>> exchange = result.failures[0].findings[0].exchanges[-1]
    >>> exchange.method, exchange.status
    ('DELETE', 204)
    """

    method: str
    url: str
    request_headers: Headers = field(repr=False)
    request_body: str = field(repr=False)
    status: int | None
    response_headers: Headers = field(repr=False)
    response_body: str = field(repr=False)
    at: float
    seconds: float
    problem: str | None
    answered_by: str | None
    curl: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Why a requirement did not end well: what was expected and observed, the exchanges, the command to run again.

    `outcome` is `fail`, `warn`, `inconclusive` or `error`; the last two have a `reason` and hold nothing against the
    server. `test` is None where an exchange of any test broke a requirement about every exchange. `before` names what
    the test sent just before, oldest first. `script` is a bash script that repeats all that led to the finding, where
    there is one. `again` is the command that judges this requirement again. `str()` gives what a terminal shows.

    >>> from memconform import check_server, reference_server
    >>> with reference_server(defect="second-delete-is-204") as url:
    ...     result = check_server(url, requirements=["CORE-13"], budget="smoke")
    >>> (finding,) = result.findings
    >>> finding.requirement, finding.outcome.value
    ('CORE-13', 'fail')
    >>> print(str(finding).splitlines()[0])
    CORE-13 (MUST): DELETE MUST answer 204, after which GET and a second DELETE MUST answer 404.
    """

    requirement: str
    level: Level
    outcome: Outcome
    test: str | None
    promise: str | None
    expected: str | None
    observed: str | None
    reason: str | None
    before: tuple[str, ...]
    exchanges: tuple[RecordedExchange, ...] = field(repr=False)
    script: str | None = field(repr=False)
    again: str
    text: str = field(repr=False)

    def __str__(self) -> str:
        return self.text


def findings_of(document: Mapping[str, Any], row: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Return the findings behind the outcome of a requirement's row in a result; none where it ended well."""
    from memconform.report.evidence import again, evidence

    if row["outcome"] not in _TOLD:
        return ()
    return tuple(_finding(row, each, again(document, row["id"], each)) for each in evidence(document, row))


def _finding(row: Mapping[str, Any], record: Mapping[str, Any], again: str) -> Finding:
    from memconform.report.finding import finding_lines

    return Finding(
        requirement=row["id"],
        level=row["level"],
        outcome=Outcome(row["outcome"]),
        test=record.get("test"),
        promise=record.get("promise"),
        expected=record.get("expected"),
        observed=record.get("observed"),
        reason=record.get("reason"),
        before=tuple(record.get("before", ())),
        exchanges=tuple(_exchange(each) for each in record.get("exchanges", ())),
        script=record.get("script"),
        again=again,
        text="\n".join(finding_lines(record, row, again)),
    )


def _exchange(record: Mapping[str, Any]) -> RecordedExchange:
    request, response = record["request"], record["response"] or {}
    return RecordedExchange(
        method=request["method"],
        url=request["url"],
        request_headers=_headers(request),
        request_body=request["body"],
        status=response.get("status"),
        response_headers=_headers(response),
        response_body=response.get("body", ""),
        at=record["at_s"],
        seconds=record["seconds"],
        problem=record.get("problem"),
        answered_by=record.get("answered_by"),
        curl=record["curl"],
    )


def _headers(message: Mapping[str, Any]) -> Headers:
    return tuple((name, value) for name, value in message.get("headers", ()))
