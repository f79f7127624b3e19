"""The schemas of the toolkit's own result files refuse what a careless writer would produce."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from memconform.contract import reference_validator, schema, validator


def altered(name: str, path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    """Return the example of a schema with one member replaced, or removed when the value is `...`."""
    document: dict[str, Any] = copy.deepcopy(schema(name)["examples"][0])
    node: Any = document
    for step in path[:-1]:
        node = node[step]
    if value is ...:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return document


def found(name: str, path: tuple[str | int, ...], value: Any) -> list[set[tuple[str, str]]]:
    """Return keyword and pointer of each error in an altered example, as both validators find them."""
    document = altered(name, path, value)
    return [
        {(error.keyword, error.pointer) for error in judge.errors(document)}
        for judge in (validator(name), reference_validator(name))
    ]


@pytest.mark.parametrize(
    ("path", "value", "keyword", "pointer"),
    [
        (("format",), "memconform.conformance/2", "const", "/format"),
        (("run", "seed"), ..., "required", "/run"),
        (("run", "sede"), 1, "additionalProperties", "/run"),
        (("run", "budget"), "huge", "enum", "/run/budget"),
        (("run", "started_at"), "2026-01-01 00:00", "format", "/run/started_at"),
        (("verdict", "badge"), "gold", "enum", "/verdict/badge"),
        (("verdict", "exit_code"), 5, "maximum", "/verdict/exit_code"),
        (("verdict", "conformance"), "not tested", "enum", "/verdict/conformance"),
        (("requirements", 0, "outcome"), "xfail", "enum", "/requirements/0/outcome"),
        (("tests", 0, "outcome"), "not_run", "enum", "/tests/0/outcome"),
        (("tests", 0, "observed"), ..., "required", "/tests/0"),
        (("tests", 0, "exchanges", 0, "response", "status"), "200", "type", "/tests/0/exchanges/0/response/status"),
        (("tests", 0, "exchanges", 0, "request", "headers", 0), ["Accept"], "minItems", None),
    ],
)
def test_a_careless_result_is_refused(
    path: tuple[str | int, ...], value: Any, keyword: str, pointer: str | None
) -> None:
    """A wrong member of a result is found, where it is and for what it is, by both validators."""
    for errors in found("conformance", path, value):
        assert keyword in {word for word, place in errors if pointer is None or place == pointer}


@pytest.mark.parametrize(
    ("path", "value", "keyword", "pointer"),
    [
        (("format",), "memconform.conformance/1", "const", "/format"),
        (("contract",), "2.0", "pattern", "/contract"),
        (("tool", "name"), "another", "const", "/tool/name"),
        (("client", "identity"), ..., "required", "/client"),
        (("client", "secret"), "k", "additionalProperties", "/client"),
        (("client", "deadline_s"), 0, "exclusiveMinimum", "/client/deadline_s"),
        (("client", "tools"), [], "minItems", "/client/tools"),
        (("client", "tools", 0, "parameters"), {}, "additionalProperties", "/client/tools/0"),
        (("client", "deaths"), 1, "type", "/client/deaths"),
        (("run", "started_at"), "2026-01-01 00:00", "format", "/run/started_at"),
        (("run", "calls"), -1, "minimum", "/run/calls"),
        (("run", "budget"), "smoke", "additionalProperties", "/run"),
        (("run", "selection"), "CLIENT-04", "type", "/run/selection"),
        (("verdict", "conformance"), "not tested", "enum", "/verdict/conformance"),
        (("verdict", "counts", "pass"), 0, "minimum", "/verdict/counts/pass"),
        (("verdict", "badge"), "core", "additionalProperties", "/verdict"),
        (("requirements", 0, "id"), "client-4", "pattern", "/requirements/0/id"),
        (("requirements", 0, "tests"), ..., "required", "/requirements/0"),
        (("tests", 0, "expected"), ..., "required", "/tests/0"),
        (("tests", 0, "exchanges", 0, "response", "status"), "200", "type", "/tests/0/exchanges/0/response/status"),
    ],
)
def test_a_careless_result_of_a_client_is_refused(
    path: tuple[str | int, ...], value: Any, keyword: str, pointer: str
) -> None:
    """A wrong member is found, also in what the schema shares with that of servers."""
    assert all((keyword, pointer) in errors for errors in found("client", path, value))


@pytest.mark.parametrize(
    ("path", "value", "keyword", "pointer"),
    [
        (("format",), "memconform.client/1", "const", "/format"),
        (("contract",), 1.0, "type", "/contract"),
        (("tool", "packages"), ..., "required", "/tool"),
        (("headers",), [], "additionalProperties", ""),
        (("added_s",), ..., "required", ""),
        (("proxy", "seconds"), -0.1, "minimum", "/proxy/seconds"),
        (("proxy", "key"), "k", "additionalProperties", "/proxy"),
        (("verdict", "client"), "conformant", "enum", "/verdict/client"),
        (("verdict", "server"), ..., "required", "/verdict"),
        (("client", "requests"), "3", "type", "/client/requests"),
        (("client", "requirements"), [], "minItems", "/client/requirements"),
        (("client", "requirements", 0, "outcome"), "not seen", "enum", "/client/requirements/0/outcome"),
        (("client", "requirements", 0, "findings"), 0, "minimum", "/client/requirements/0/findings"),
        (("client", "requirements", 1, "findings"), 1, "maximum", "/client/requirements/1/findings"),
        (("client", "requirements", 1, "findings"), ..., "required", "/client/requirements/1"),
        (("client", "requirements", 3, "level"), "MAY", "enum", "/client/requirements/3/level"),
        (("client", "requirements", 2, "said"), "", "minLength", "/client/requirements/2/said"),
        (("client", "not_judged", 0), "CLIENT-3", "pattern", "/client/not_judged/0"),
        (("server", "answers_not_judged"), ..., "required", "/server"),
        (("server", "requirements", 0, "tests"), [], "additionalProperties", "/server/requirements/0"),
        (("findings", 0, "count"), 0, "minimum", "/findings/0/count"),
        (("findings", 0, "first", "url"), "/v1/memories?user=ann", "additionalProperties", "/findings/0/first"),
        (("findings", 0, "first", "request"), 0, "minimum", "/findings/0/first/request"),
        (("findings", 0, "first", "brief"), "GET /v1/memories", "pattern", "/findings/0/first/brief"),
        (("further_findings",), None, "type", "/further_findings"),
        (("operations", "addMemory"), {}, "minProperties", "/operations/addMemory"),
        (("operations", "addMemory", "201"), 0, "minimum", "/operations/addMemory/201"),
        (("added_s",), {"samples": 1}, "required", "/added_s"),
        (("added_s", "p42"), 0.001, "additionalProperties", "/added_s"),
        (("added_s", "samples"), 0, "minimum", "/added_s/samples"),
    ],
)
def test_a_careless_result_of_a_proxy_is_refused(
    path: tuple[str | int, ...], value: Any, keyword: str, pointer: str
) -> None:
    """A wrong member is found; a failure needs findings, and nothing else has any."""
    assert all((keyword, pointer) in errors for errors in found("proxy", path, value))


@pytest.mark.parametrize(
    ("path", "value", "keyword", "pointer"),
    [
        (("format",), "memconform.load/2", "const", "/format"),
        (("command",), ..., "required", ""),
        (("token",), "k", "additionalProperties", ""),
        (("run_id",), "load-1", "pattern", "/run_id"),
        (("model",), "ajar", "enum", "/model"),
        (("started_at",), "2026-01-01 00:00", "format", "/started_at"),
        (("environment", "hostname"), "h", "additionalProperties", "/environment"),
        (("environment", "load_average"), [1, 1, 1, 1], "maxItems", "/environment/load_average"),
        (("target", "service", "version"), ..., "required", "/target/service"),
        (("plan", "api_key"), "k", "additionalProperties", "/plan"),
        (("plan", "drivers"), ["pigeon"], "enum", "/plan/drivers/0"),
        (("plan", "drivers"), ["direct", "direct"], "uniqueItems", "/plan/drivers"),
        (("plan", "schedule", "kind"), "uniform", "enum", "/plan/schedule/kind"),
        (("plan", "schedule", "stages", 0, "seconds"), 0, "exclusiveMinimum", "/plan/schedule/stages/0/seconds"),
        (("verdict", "exit_code"), 2, "enum", "/verdict/exit_code"),
        (("verdict", "exit_code"), 1, "const", "/verdict/exit_code"),
        (("verdict", "word"), "passed", "enum", "/verdict/word"),
        (("slo", 0, "decided"), ..., "required", "/slo/0"),
        (("slo", 0, "limit"), None, "type", "/slo/0/limit"),
        (("validity", 0, "ok"), "yes", "type", "/validity/0/ok"),
        (("counts", "intended"), 1.5, "type", "/counts/intended"),
        (("counts", "dropped"), -1, "minimum", "/counts/dropped"),
        (("operations", 0, "operation"), "Search all", "pattern", "/operations/0/operation"),
        (("operations", 0, "driver"), "grpc", "enum", "/operations/0/driver"),
        (("operations", 0, "hops", "queue"), {}, "additionalProperties", "/operations/0/hops"),
        (("operations", 0, "hops", "latency", "p95_ms"), "12", "type", "/operations/0/hops/latency/p95_ms"),
        (("operations", 0, "hops", "latency", "p98_ms"), 1, "additionalProperties", "/operations/0/hops/latency"),
        (("operations", 0, "hops", "latency", "hdr"), "not base64", "pattern", "/operations/0/hops/latency/hdr"),
        (("violations", "found"), [{"law": "lost write"}], "required", "/violations/found/0"),
        (("timeline", 0, "second"), 0.5, "type", "/timeline/0/second"),
        (("timeline", 0, "operations", "search direct", "p90_ms"), 1, "additionalProperties", None),
        (("workers", 0, "state"), "dead", "enum", "/workers/0/state"),
        (("plugins", 0, "processes"), 0, "minimum", "/plugins/0/processes"),
        (("timeline_width_s",), 0, "minimum", "/timeline_width_s"),
        (("warnings",), None, "type", "/warnings"),
    ],
)
def test_a_careless_result_of_a_load_test_is_refused(
    path: tuple[str | int, ...], value: Any, keyword: str, pointer: str | None
) -> None:
    """A wrong member is found; word and exit code belong together; no key and no host name finds its way in."""
    for errors in found("load", path, value):
        assert keyword in {word for word, place in errors if pointer is None or place == pointer}


@pytest.mark.parametrize("name", ["search", "search pigeon", "Search direct", " direct", "search direct "])
def test_series_of_a_timeline_have_an_operation_and_a_driver(name: str) -> None:
    """Any other name of a series is refused; the validators name the keyword differently."""
    series = schema("load")["examples"][0]["timeline"][0]["operations"]["search direct"]
    for errors in found("load", ("timeline", 0, "operations"), {name: series}):
        assert [place for _, place in errors] == ["/timeline/0/operations"]


@pytest.mark.parametrize("status", ["created", "20", "2010", "099", "None", "201 "])
def test_requests_are_counted_by_status(status: str) -> None:
    """What is neither a status code nor `no answer` is refused; the validators name the keyword differently."""
    for errors in found("proxy", ("operations", "addMemory", status), 1):
        assert [place for _, place in errors] == ["/operations/addMemory"]


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("conformance", ("server", "capabilities"), {"anything": [1]}),
        ("conformance", ("tool", "packages", "another"), "1.0"),
        ("conformance", ("leaks",), [{"scope": {"user_id": "u1"}, "why": "500"}]),
        ("conformance", ("tests", 0, "exchanges", 0, "response"), None),
        ("conformance", ("run", "stopped"), "the server stopped answering"),
        ("client", ("tool", "packages", "another"), "1.0"),
        ("client", ("client", "deaths"), ["it wrote a line of more than 5,242,880 bytes"]),
        ("client", ("run", "stopped"), "interrupted"),
        ("client", ("tests", 0, "exchanges", 0, "response"), None),
        ("proxy", ("tool", "packages", "another"), "1.0"),
        ("proxy", ("server", "profiles"), ["core", "x-telepathy"]),
        ("proxy", ("operations", "(none of the document)"), {"404": 2, "no answer": 1}),
        ("proxy", ("findings",), []),
        ("proxy", ("added_s",), None),
        ("load", ("tool", "packages", "another"), "1.0"),
        ("load", ("target", "service"), None),
        ("load", ("target", "profiles"), ["core", "x-telepathy"]),
        ("load", ("plan", "schedule"), None),
        ("load", ("plan", "parameters"), {"anything": [1]}),
        ("load", ("scenario", "parameters"), {"anything": {"at": "all"}}),
        ("load", ("slo", 0, "observed"), None),
        ("load", ("validity", 0, "limit"), None),
        ("load", ("operations", 0, "hops"), {}),
        ("load", ("overhead", 0, "p50_ms"), -0.2),
        ("load", ("violations", "checked"), {"reads": 3}),
        ("load", ("timeline", 0, "lag_p99_ms"), None),
        ("load", ("timeline", 0, "server_rss_mb"), 120.5),
        ("load", ("timeline_width_s",), 10),
        ("load", ("workers", 0, "pid"), None),
        ("load", ("figures", 0, "value"), None),
    ],
)
def test_what_varies_is_open(name: str, path: tuple[str | int, ...], value: Any) -> None:
    """What comes from outside, such as names and documents, may be anything; what may be missing may be missing."""
    assert found(name, path, value) == [set(), set()]
