"""Baselines: which failure an entry is about, what makes it stale, and what the whole comes to."""

from __future__ import annotations

import copy
from datetime import date
from typing import Any

import pytest

from memconform.baseline.comparing import compare, covering, exit_code
from memconform.baseline.entry import Entry
from memconform.baseline.failures import failures
from memconform.baseline.file import Baseline
from memconform.baseline.gist import gist
from memconform.baseline.telling import headline, lines
from memconform.baseline.updating import update
from memconform.contract import schema, validator
from memconform.report.terminal import verdict_lines
from memconform.verdict import Outcome

TODAY = date(2026, 11, 27)
LATER, EARLIER = date(2027, 2, 25), date(2026, 11, 26)
GONE, BEHAVED = "test_core_deleting.py::test_deleted_memory_is_gone", "test_core_deleting.py::test_another"
BODY = "a body of POST /v1/search 200 that is valid against search-response.schema.json"


def record(requirement: str, outcome: str, test: str = GONE, **more: Any) -> dict[str, Any]:
    """Return the record of a test."""
    said = {"expected": "404", "observed": "204"} if outcome in ("fail", "warn") else {}
    base = {"test": test, "promise": "p", "requirement": requirement, "outcome": outcome, "seconds": 0.1}
    return {**base, "requests": 1, "wire": [], **said, **more}


def finding(expected: str, observed: str = "nothing", requirement: str = "CORE-28") -> dict[str, Any]:
    """Return what an exchange broke."""
    return {"requirement": requirement, "expected": expected, "observed": observed, "exchanges": []}


def result(
    *records: dict[str, Any], exit_code: int = 1, budget: str = "smoke", partial: bool = False, **rows: str
) -> dict[str, Any]:
    """Return a result of these tests; `rows` gives outcomes of requirements that no record is about."""
    document: dict[str, Any] = copy.deepcopy(schema("conformance")["examples"][0])
    gravity = ("skip", "pass", "warn", "inconclusive", "error", "fail")
    outcomes: dict[str, str] = {name.replace("_", "-"): outcome for name, outcome in rows.items()}
    for each in records:
        for name, outcome in [
            (each["requirement"], each["outcome"]),
            *((w["requirement"], "fail") for w in each["wire"]),
        ]:
            outcomes[name] = max(outcomes.get(name, "skip"), outcome, key=gravity.index)
    template = document["requirements"][0]
    levels = {"CORE-25": "SHOULD"}
    document["requirements"] = [
        {**template, "id": name, "level": levels.get(name, "MUST"), "outcome": outcome, "tests": []}
        for name, outcome in outcomes.items()
    ]
    conformance = {0: "conformant", 1: "not conformant"}.get(exit_code, "incomplete")
    counts = {outcome: list(outcomes.values()).count(outcome) for outcome in outcomes.values()}
    document["verdict"] = {
        "conformance": conformance, "partial": partial, "badge": None, "counts": counts, "exit_code": exit_code,
    }  # fmt: skip
    document["tests"] = list(records)
    document["run"]["budget"] = budget
    assert validator("conformance").errors(document) == []
    return document


def known(requirement: str = "CORE-13", **more: Any) -> Entry:
    """Return an entry that is valid for months."""
    return Entry(requirement, **{"reason": "a reason", "expires": LATER, **more})


def compared(document: dict[str, Any], *entries: Entry) -> dict[str, Any]:
    """Return the comparison, which is what its schema says."""
    said = compare(document, Baseline("known.toml", entries), TODAY)
    assert validator("baseline-comparison").errors(said) == []
    assert validator("conformance").errors({**document, "baseline": said}) == []
    assert sum(len(said[part]) for part in ("known", "flaky", "stale", "expired", "not_judged")) == len(entries)
    return said


def parts(said: dict[str, Any]) -> dict[str, list[str]]:
    """Return the requirements in each part that has any."""
    return {name: [each["requirement"] for each in said[name]] for name in said if said[name] and name in _PARTS}


_PARTS = ("known", "flaky", "unexpected", "stale", "expired", "not_judged")

FAILED = result(record("CORE-13", "fail"))
PASSED = result(record("CORE-13", "pass"), exit_code=0)
LEFT_OUT = result(CORE_13="not_selected", CORE_01="pass", exit_code=0, partial=True)
TWO = result(record("CORE-13", "fail"), record("CORE-01", "fail", BEHAVED), CORE_02="pass")
ONE_UNCLEAR = result(record("CORE-13", "fail"), record("CORE-02", "inconclusive"))


@pytest.mark.parametrize(
    ("document", "entries", "expected", "code"),
    [
        (FAILED, [], {"unexpected": ["CORE-13"]}, 1),
        (FAILED, [known()], {"known": ["CORE-13"]}, 0),
        (FAILED, [known(test=GONE)], {"known": ["CORE-13"]}, 0),
        (FAILED, [known(test=GONE, expected="40")], {"known": ["CORE-13"]}, 0),
        (FAILED, [known(test=GONE, expected="200")], {"unexpected": ["CORE-13"], "not_judged": ["CORE-13"]}, 1),
        (FAILED, [known(outcome=Outcome.INCONCLUSIVE)], {"unexpected": ["CORE-13"], "not_judged": ["CORE-13"]}, 1),
        (FAILED, [known(expires=TODAY)], {"known": ["CORE-13"]}, 0),
        (FAILED, [known(expires=EARLIER)], {"expired": ["CORE-13"]}, 1),
        (FAILED, [known(flaky=True)], {"flaky": ["CORE-13"]}, 0),
        (FAILED, [known(flaky=True, expires=EARLIER)], {"expired": ["CORE-13"]}, 1),
        (PASSED, [], {}, 0),
        (PASSED, [known()], {"stale": ["CORE-13"]}, 1),
        (PASSED, [known(test=GONE)], {"stale": ["CORE-13"]}, 1),
        (PASSED, [known(expires=EARLIER)], {"stale": ["CORE-13"]}, 1),
        (PASSED, [known(flaky=True)], {"flaky": ["CORE-13"]}, 0),
        (PASSED, [known(flaky=True, expires=EARLIER)], {"expired": ["CORE-13"]}, 1),
        (result(record("CORE-13", "warn"), exit_code=0), [known()], {"stale": ["CORE-13"]}, 1),
        (LEFT_OUT, [known()], {"not_judged": ["CORE-13"]}, 0),
        (LEFT_OUT, [known(expires=EARLIER)], {"expired": ["CORE-13"]}, 1),
        (result(CORE_13="skip", CORE_01="pass", exit_code=0), [known(test=GONE)], {"not_judged": ["CORE-13"]}, 0),
        (PASSED, [known("CLIENT-01")], {"not_judged": ["CLIENT-01"]}, 0),
    ],
)  # fmt: skip
def test_what_becomes_of_an_entry(
    document: dict[str, Any], entries: list[Entry], expected: dict[str, list[str]], code: int
) -> None:
    """Known, unexpected, stale, expired, flaky, not judged: each case, and what the command ends with."""
    said = compared(document, *entries)
    assert parts(said) == expected
    assert said["exit_code"] == exit_code({**document, "baseline": said}) == code


def test_a_second_failing_test_is_unexpected() -> None:
    """An entry that names a test hides no other test of the same requirement."""
    document = result(record("CORE-13", "fail"), record("CORE-13", "fail", BEHAVED))
    said = compared(document, known(test=GONE))
    other = {"requirement": "CORE-13", "test": BEHAVED, "expected": "404", "outcome": "fail"}
    assert said["unexpected"] == [{**other, "found": "expected …; observed 204"}]
    assert parts(compared(document, known())) == {"known": ["CORE-13"]}


def test_a_test_that_holds_is_stale_beside_one_that_fails() -> None:
    """The requirement is still broken, but not by the test that the entry names."""
    document = result(record("CORE-13", "pass"), record("CORE-13", "fail", BEHAVED))
    assert parts(compared(document, known(test=GONE), known(test=BEHAVED))) == {
        "known": ["CORE-13"],
        "stale": ["CORE-13"],
    }


def test_faults_of_exchanges_are_told_apart_by_what_was_expected() -> None:
    """CORE-28 may be broken in many ways by many tests: an entry knows one way, whichever tests show it."""
    shows = record(
        "CORE-01", "pass", "test_a.py::test_a", wire=[finding(BODY, "at /results/0/score: …"), finding("no body for X")]
    )
    again = record("CORE-02", "pass", "test_b.py::test_b", wire=[finding(BODY, "at /results/3/score: …")])
    answers = record(
        "CORE-28", "fail", "test_core_wire.py::test_every", expected=BODY, observed="at /results/0/score: …"
    )
    document = result(shows, again, answers)
    assert [(each.test, each.expected) for each in failures(document)] == [(None, BODY), (None, "no body for X")]
    said = compared(document, known("CORE-28", expected="a body of POST /v1/search 200"))
    assert [each["expected"] for each in said["unexpected"]] == ["no body for X"]
    # the test of CORE-28 only repeats what the exchanges showed: an entry for it would hide all faults
    assert len(compared(document, known("CORE-28", test="test_core_wire.py::test_every"))["unexpected"]) == 2
    assert covering({**document, "baseline": said}, shows["wire"][0]) == said["known"][0]
    assert covering({**document, "baseline": said}, shows["wire"][1]) is None
    assert covering({**document, "baseline": said}, shows) is None


def test_leaks_are_told_apart_by_what_was_seen() -> None:
    """Of CORE-27 every fault expects the same, so what came out and where is part of it."""
    inside = "problems and headers without the server's insides"
    leaks = [
        finding(inside, f"{what}: '/x'", "CORE-27")
        for what in ("a file path in the body", "an SQL statement in the body")
    ]
    document = result(record("CORE-01", "pass", wire=leaks))
    said = compared(document, known("CORE-27", expected=f"{inside}: a file path in the body"))
    assert [each["expected"] for each in said["unexpected"]] == [f"{inside}: an SQL statement in the body"]


def test_fewer_tests_make_no_fault_of_exchanges_stale() -> None:
    """With a part of the tests fewer exchanges are seen: that nothing broke CORE-28 says nothing of the rest."""
    entries = [known("CORE-28", expected=BODY), known("CORE-28", test=GONE)]
    document = result(record("CORE-28", "pass"), exit_code=0, partial=True)
    assert parts(compared(document, *entries)) == {"not_judged": ["CORE-28", "CORE-28"]}
    whole = result(record("CORE-28", "pass"), exit_code=0)
    assert parts(compared(whole, *entries)) == {"stale": ["CORE-28", "CORE-28"]}
    other = result(record("CORE-01", "pass", wire=[finding("no body for X")]))
    assert parts(compared(other, entries[0])) == {"stale": ["CORE-28"], "unexpected": ["CORE-28"]}


@pytest.mark.parametrize(("ran", "part"), [("smoke", "not_judged"), ("standard", "stale"), ("full", "stale")])
def test_a_smaller_budget_makes_nothing_stale(ran: str, part: str) -> None:
    """What a standard run showed and a smoke run does not is not mended by that."""
    document = result(record("CORE-13", "pass"), exit_code=0, budget=ran)
    assert parts(compared(document, known(test=GONE, budget="standard"))) == {part: ["CORE-13"]}


def test_a_test_that_is_no_more_is_stale_after_a_whole_run_only() -> None:
    """A newer suite may have renamed the test; a run of a part of the tests cannot tell."""
    for partial, part in ((False, "stale"), (True, "not_judged")):
        document = result(record("CORE-13", "pass", BEHAVED), exit_code=0, partial=partial)
        said = compared(document, known(test=GONE))
        assert parts(said) == {part: ["CORE-13"]}
        assert said[part][0]["seen"] == "absent"


def test_another_requirement_that_a_test_found_broken_hides_nothing() -> None:
    """A walk over everything reports the first fault: whether an older one is mended, it does not say."""
    document = result(record("CORE-14", "fail", test_of="CORE-24"), CORE_13="pass")
    said = compared(document, known("CORE-13", test=GONE))
    assert parts(said) == {"unexpected": ["CORE-14"], "not_judged": ["CORE-13"]}


INCOMPLETE = result(record("TENANCY-01", "inconclusive"), record("CORE-01", "pass"), exit_code=2)


@pytest.mark.parametrize(
    ("document", "entries", "code"),
    [
        (INCOMPLETE, [], 2),
        (INCOMPLETE, [known("TENANCY-01", outcome=Outcome.INCONCLUSIVE)], 0),
        (INCOMPLETE, [known("TENANCY-01")], 2),
        (INCOMPLETE, [known("TENANCY-01", flaky=True)], 0),
        (result(record("CORE-13", "fail"), record("TENANCY-01", "inconclusive")), [known()], 2),
        (result(record("CORE-13", "fail"), record("CORE-25", "inconclusive")), [known()], 0),
        (result(record("CORE-13", "fail"), record("CORE-01", "error")), [known()], 4),
        (result(record("CORE-01", "error"), exit_code=4), [], 4),
        (result(record("CORE-01", "skip"), exit_code=2), [], 2),
        ({**FAILED, "run": {**FAILED["run"], "finished": False, "stopped": "Ctrl-C"}}, [known()], 2),
        ({**FAILED, "run": {**FAILED["run"], "finished": False, "stopped": "Ctrl-C"}}, [], 1),
    ],
)  # fmt: skip
def test_a_baseline_hides_neither_an_incomplete_run_nor_our_own_errors(
    document: dict[str, Any], entries: list[Entry], code: int
) -> None:
    """0 only where all that did not hold is known; a SHOULD that proves nothing keeps nobody from that."""
    assert compared(document, *entries)["exit_code"] == code


def test_the_verdict_stays_what_it_is() -> None:
    """Known failures are no conformance: the headline says so, and never the word alone."""
    said = {**FAILED, "baseline": compared(FAILED, known(test=GONE))}
    assert headline(said) == "NOT CONFORMANT, as the baseline knows: 1 known failure until 2027-02-25"
    assert headline(FAILED) is None
    assert list(lines(FAILED)) == []
    clean = {**PASSED, "baseline": compared(PASSED)}
    assert headline(clean) is None
    assert list(lines(clean)) == ["baseline known.toml, judged on 2026-11-27 (UTC): no entries, and none needed"]


def test_what_an_empty_baseline_does_not_know_is_told_once() -> None:
    """All that failed is above it with its evidence: no list of it again, only what to do."""
    first, *advice = lines({**TWO, "baseline": compared(TWO)})
    assert first == "baseline known.toml, judged on 2026-11-27 (UTC): no entries, so nothing that failed is known"
    assert len(advice) == 1
    assert "memconform baseline update RESULT.json --baseline known.toml --reason TEXT" in advice[0]
    shown = "\n".join(verdict_lines({**TWO, "baseline": compared(TWO)}))
    assert (shown.count(GONE), shown.count(BEHAVED)) == (1, 1)
    shown = "\n".join(lines({**TWO, "baseline": compared(TWO, known("CORE-02"))}))
    assert f"UNEXPECTED  CORE-13 {GONE} failed" in shown


@pytest.mark.parametrize(
    ("document", "entries", "said"),
    [
        (FAILED, [], "NOT CONFORMANT, and not as the baseline knows: 1 unexpected failure"),
        (PASSED, [known()], "CONFORMANT; the baseline is out of date: 1 stale entry"),
        (FAILED, [known(flaky=True)], "NOT CONFORMANT, as the baseline knows: 1 flaky failure until 2027-02-25"),
        (
            TWO,
            [known(), known("CORE-01", expires=TODAY)],
            "NOT CONFORMANT, as the baseline knows: 2 known failures, the first until 2026-11-27, "
            "the last until 2027-02-25",
        ),
        (
            ONE_UNCLEAR,
            [known(), known("CORE-02", outcome=Outcome.INCONCLUSIVE)],
            "NOT CONFORMANT, as the baseline knows: 1 known failure, 1 known inconclusive until 2027-02-25",
        ),
        (
            ONE_UNCLEAR,
            [known()],
            "NOT CONFORMANT, as the baseline knows: 1 known failure until 2027-02-25; besides: "
            "1 unexpected inconclusive",
        ),
        (
            result(record("CORE-13", "fail"), record("CORE-02", "error")),
            [known()],
            "NOT CONFORMANT, as the baseline knows: 1 known failure until 2027-02-25; besides: the harness failed",
        ),
    ],
)  # fmt: skip
def test_the_headline_counts(document: dict[str, Any], entries: list[Entry], said: str) -> None:
    """What is tolerated and until when, what is not as the baseline says, and what is wrong besides."""
    assert headline({**document, "baseline": compared(document, *entries)}) == said


def test_each_error_says_what_to_do() -> None:
    """Unexpected, stale and expired: which file, and the way out."""
    document = result(
        record("CORE-13", "fail"), record("CORE-14", "fail", BEHAVED), CORE_01="pass", CORE_16="not_selected"
    )
    entries = [known("CORE-14", expires=EARLIER), known("CORE-01"), known("CORE-16")]
    said = "\n".join(lines({**document, "baseline": compared(document, *entries)}))
    for part in (
        f"UNEXPECTED  CORE-13 {GONE} failed\n",
        "mend it, or list it with a reason: memconform baseline update RESULT.json --baseline known.toml --reason",
        "STALE       CORE-01 holds now\n",
        "remove what is stale: memconform baseline update RESULT.json --baseline known.toml\n",
        "EXPIRED     CORE-14 was tolerated until 2026-11-26: a reason\n",
        "mend it, or decide again and write another date into known.toml",
        "not judged  CORE-16: not selected this time",
    ):
        assert part in said


def test_what_is_unproven_is_not_to_be_mended_in_the_server() -> None:
    """Its reason says what is missing, such as a second key; a list of known ones is the last resort."""
    document = result(record("TENANCY-01", "inconclusive", reason="needs a second key"), exit_code=2)
    said = "\n".join(lines({**document, "baseline": compared(document, known("CORE-16"))}))
    assert "do what its reason asks for; where that cannot be: memconform baseline update" in said
    assert "--inconclusive --reason TEXT" in said
    assert "mend it" not in said


# What an entry was written for.

DELETED = "404 for DELETE /v1/memories/01a21f0e-5456-797d-a53e-7d5c7e4c38bf (it was deleted before)"


def found(expected: str = DELETED, observed: str = "204") -> str | None:
    """Return the gist of a failure."""
    return gist({"expected": expected, "observed": observed})


AS_WRITTEN = "expected 404 for DELETE /v1/memories/… (it was deleted before)"


@pytest.mark.parametrize(
    ("expected", "observed", "said"),
    [
        (DELETED, "204", f"{AS_WRITTEN}; observed 204"),
        (DELETED, '500 {"title":"x"}', f"{AS_WRITTEN}; observed 500"),
        ("400 or 422 for GET /v1/x (limit=1)", "201", "400 or 422 for GET /v1/x (limit=…); observed 201"),
        ("exactly 2 (one of {'user_id': 'mcf-1_0'}) in the list", "1 listed", "exactly … (one of …"),
        ("metadata (generated) /Ó\r\nUh 'x = 1.9", "… = 1.8", "metadata (generated) …"),
        ("metadata (generated) /P = -2.2e-309", "0", "metadata (generated) …"),
        ("a memory after a principal's import", "another", "a memory after a principal's import"),
        ("2 records in the export", "3, others among them", "… records in the export"),
        ("content = 'cut in the mid", "x", "content = …"),
        ("x " * 400, "y", f"{'x ' * 95}x …"),
    ],
)  # fmt: skip
def test_the_gist_of_a_failure_has_nothing_that_varies(expected: str, observed: str, said: str) -> None:
    """Ids, numbers, instants, texts and JSON are left out; methods, paths, statuses and words stay."""
    assert found(expected, observed) == f"expected {said.removeprefix('expected ')}"


def test_an_update_writes_down_what_it_saw() -> None:
    """Of a test the gist of its failure; of what exchanges show, whose expectation says it, nothing more."""
    document = result(
        record("CORE-13", "fail", expected=DELETED, wire=[finding(BODY)]),
        record("CORE-02", "inconclusive", reason="the list of 3 is empty"),
    )
    change = update(document, Baseline("known.toml"), TODAY, LATER, inconclusive=True)
    assert [each.found for each in change.added] == [None, found(), "the list of … is empty"]


@pytest.mark.parametrize("flaky", [False, True])
def test_a_failure_that_reads_otherwise_is_known_and_told(flaky: bool) -> None:
    """Another fault that the same test finds is excused, and nobody overlooks it: a note, never an error."""
    entry = known(test=GONE, found=found(), flaky=flaky)
    part = "flaky" if flaky else "known"
    another = DELETED.replace("01a21f0e", "99999999")
    for expected, observed, differs in ((another, "204", False), (DELETED, "500", True), ("a list of 3", "2", True)):
        document = result(record("CORE-13", "fail", expected=expected, observed=observed))
        said = compared(document, entry)
        assert parts(said) == {part: ["CORE-13"]}
        assert said["exit_code"] == 0
        assert ("found_now" in said[part][0]) == differs
        told = "\n".join(lines({**document, "baseline": said}))
        assert ("it may be another fault now" in told) == differs
        assert (f"when written: {found()}" in told) == differs
        assert str(headline({**document, "baseline": said})).endswith(
            "2027-02-25; 1 reads otherwise than when written down" if differs else "2027-02-25"
        )
        assert update(document, Baseline("known.toml", (entry,)), TODAY, LATER).kept == (entry,)


def test_an_entry_without_what_was_found_says_nothing_of_it() -> None:
    """Those of older files, and those from which somebody took it."""
    said = compared(FAILED, known(test=GONE))
    assert "found_now" not in said["known"][0]


# Updates.


def test_an_update_adds_one_entry_for_each_fault() -> None:
    """Tests by name, faults of exchanges by what was expected, with the run's budget; inconclusive ones on request."""
    wire = [finding(BODY)]
    document = result(
        record("CORE-13", "fail", wire=wire), record("CORE-13", "fail", BEHAVED), record("CORE-02", "inconclusive")
    )
    change = update(document, Baseline("known.toml"), TODAY, LATER)
    assert [(each.requirement, each.test, each.expected) for each in change.added] == [
        ("CORE-28", None, BODY),
        ("CORE-13", GONE, None),
        ("CORE-13", BEHAVED, None),
    ]
    assert {(each.budget, each.expires) for each in change.added} == {("smoke", LATER)}
    assert change.left_out == ("CORE-02",)
    assert len(update(document, Baseline("known.toml"), TODAY, LATER, inconclusive=True).added) == 4


def test_an_update_makes_the_run_pass() -> None:
    """With what was added, and without what is stale, the same result is as the baseline knows."""
    document = result(record("CORE-13", "fail"), record("CORE-14", "fail", BEHAVED), CORE_01="pass")
    before = Baseline("known.toml", (known("CORE-01"), known("CORE-13", test=GONE)))
    change = update(document, before, TODAY, LATER)
    after = Baseline("known.toml", (*change.kept, *change.added))
    assert change.removed == (known("CORE-01"),)
    assert compare(document, after, TODAY)["exit_code"] == 0


def test_an_update_renews_nothing() -> None:
    """An expired entry is kept and told: to tolerate a failure longer is for people to decide."""
    change = update(FAILED, Baseline("known.toml", (known(expires=EARLIER),)), TODAY, LATER)
    assert (change.added, change.removed) == ((), ())
    assert change.kept == change.expired == (known(expires=EARLIER),)
