"""What a comparison with a baseline says to people, the same in every form of report."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from textwrap import shorten
from typing import Any

from memconform.baseline.comparing import HOLDS, covering
from memconform.verdict import ExitCode, Outcome

_FAILURES = ("failure", "failures")
_INCONCLUSIVE = ("inconclusive", "inconclusive")
_ENTRIES = ("entry", "entries")

_WHY_NOT = {
    "not_selected": "not selected this time",
    "not_run": "the run ended before",
    "not_tested": "no test of this version judges it",
    "skip": "it does not apply to this server, or not in this run",
    "unscored": "it came with a later version of the contract than the server's, so it needs no entry",
    "absent": "this run has no such test",
    "pass": "it passed, but fewer tests or a smaller budget show less",
    "warn": "it warned, but fewer tests or a smaller budget show less",
    "fail": "it failed otherwise",
}


def headline(result: Mapping[str, Any]) -> str | None:
    """Return the verdict as the baseline sees it; None where there is no baseline, or nothing for it to say.

    A baseline earns neither the word conformant nor a badge: it says that what failed was known.
    """
    said = result.get("baseline")
    if said is None:
        return None
    verdict, code, tolerated = result["verdict"], said["exit_code"], _tolerated(said)
    word = verdict["conformance"].upper() + (" in what was selected" if verdict["partial"] else "")
    if code == ExitCode.NOT_CONFORMANT:
        doubt = ", and not as the baseline knows" if said["unexpected"] else "; the baseline is out of date"
        return f"{word}{doubt}: {_wrong(said)}"
    if not tolerated:
        return None
    known = f"{word}, as the baseline knows: {tolerated}"
    if code == ExitCode.CONFORMANT:
        return known
    besides = _wrong(said) or "the run did not finish"
    return f"{known}; besides: {'the harness failed' if code == ExitCode.HARNESS else besides}"


def lines(result: Mapping[str, Any], *, alone: bool = False) -> Iterator[str]:
    """Yield what became of the entries, and what is in none; for each kind of error what to do about it.

    Of a baseline without entries, what failed is not listed, for a report tells all of it with its evidence; but it is
    where these lines stand `alone`.
    """
    said = result.get("baseline")
    if said is None:
        return
    head = f"baseline {said['file']}, judged on {said['today']} (UTC)"
    if not any(said[part] for part in _ENTRY_PARTS):
        needed = "so nothing that failed is known" if said["unexpected"] else "and none needed"
        yield f"{head}: no entries, {needed}"
        if alone:
            yield from map(_unexpected, said["unexpected"])
        yield from _advice("unexpected", said)
        return
    seen = _seen(result)
    told: list[str] = []
    for part, words in _PARTS.items():
        for entry in said[part]:
            told += [words(entry), *seen.get(id(entry), ()), *_otherwise(entry)]
        told += _advice(part, said)
    yield f"{head}:"
    yield from told


def _known(entry: Mapping[str, Any]) -> str:
    return f"  known       {subject(entry)} {_ended(entry['seen'])}, until {entry['expires']}: {entry['reason']}"


def _seen(result: Mapping[str, Any]) -> dict[int, list[str]]:
    """Return what the failures that entries know were this time, by the entries' identity.

    The same test may fail by another fault than the known one; of each entry the first failure is told.
    """
    lines: dict[int, list[str]] = {}
    for record in result["tests"]:
        for finding in (record, *record["wire"]):
            entry = covering(result, finding)
            if entry is not None and id(entry) not in lines:
                members = [name for name in ("expected", "observed", "reason") if name in finding]
                said = "; ".join(f"{name} {finding[name]}" for name in members)
                lines[id(entry)] = [f"              this time: {shorten(said, 200, placeholder=' …')}"]
    return lines


def _otherwise(entry: Mapping[str, Any]) -> Iterator[str]:
    """Yield what an entry was written for, where this time's failure reads otherwise."""
    if "found_now" in entry:
        yield f"              when written: {entry['found']}"
        yield "              it may be another fault now; where it is the same one, take `found` out of the entry"


def _flaky(entry: Mapping[str, Any]) -> str:
    ended = "passed" if entry["seen"] in HOLDS else _ended(entry["seen"])
    return f"  flaky       {subject(entry)} {ended} this time, until {entry['expires']}: {entry['reason']}"


def _not_judged(entry: Mapping[str, Any]) -> str:
    return f"  not judged  {subject(entry)}: {_WHY_NOT.get(entry['seen'], _ended(entry['seen']))}"


def _unexpected(each: Mapping[str, Any]) -> str:
    return f"  UNEXPECTED  {subject(each)} {_ended(each['outcome'])}"


def _stale(entry: Mapping[str, Any]) -> str:
    gone = "is no test of this suite any more" if entry["seen"] == "absent" else "holds now"
    return f"  STALE       {subject(entry)} {gone}"


def _expired(entry: Mapping[str, Any]) -> str:
    return f"  EXPIRED     {subject(entry)} was tolerated until {entry['expires']}: {entry['reason']}"


_PARTS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "known": _known,
    "flaky": _flaky,
    "not_judged": _not_judged,
    "unexpected": _unexpected,
    "stale": _stale,
    "expired": _expired,
}
_ENTRY_PARTS = [part for part in _PARTS if part != "unexpected"]


def _advice(part: str, said: Mapping[str, Any]) -> Iterator[str]:
    """Yield what to do where there is an error of this kind."""
    command = shlex.join(["memconform", "baseline", "update", "RESULT.json", "--baseline", said["file"]])
    unproven = all(each["outcome"] == Outcome.INCONCLUSIVE for each in said["unexpected"])
    advice = {
        "unexpected": f"do what its reason asks for; where that cannot be: {command} --inconclusive --reason TEXT"
        if unproven
        else f"mend it, or list it with a reason: {command} --reason TEXT",
        "stale": f"remove what is stale: {command}",
        "expired": f"mend it, or decide again and write another date into {said['file']}",
    }
    if said[part] and part in advice:
        yield f"              {advice[part]}"


def subject(each: Mapping[str, Any]) -> str:
    """Return which requirement, and which test or fault of it."""
    about = each.get("test") or (f"({each['expected']})" if each.get("expected") else "")
    return f"{each['requirement']} {about}".rstrip()


def _tolerated(said: Mapping[str, Any]) -> str:
    """Return how much is tolerated this time, and until when; empty where nothing is."""
    failed = [entry for entry in said["known"] if entry["seen"] == Outcome.FAIL]
    unclear = [entry for entry in said["known"] if entry["seen"] != Outcome.FAIL]
    flaky = [entry for entry in said["flaky"] if entry["seen"] not in HOLDS]
    counted = _counted(
        (len(failed), "known", _FAILURES), (len(unclear), "known", _INCONCLUSIVE), (len(flaky), "flaky", _FAILURES)
    )
    return f"{counted}{_until([*failed, *unclear, *flaky])}{_differing(said)}" if counted else ""


def _differing(said: Mapping[str, Any]) -> str:
    """Return how many failures read otherwise than when their entries were written; empty where none does."""
    number = sum("found_now" in entry for entry in (*said["known"], *said["flaky"]))
    if not number:
        return ""
    return f"; {number} {'reads' if number == 1 else 'read'} otherwise than when written down"


def _wrong(said: Mapping[str, Any]) -> str:
    """Return what is not as the baseline says, counted."""
    failed = sum(each["outcome"] == Outcome.FAIL for each in said["unexpected"])
    return _counted(
        (failed, "unexpected", _FAILURES),
        (len(said["unexpected"]) - failed, "unexpected", _INCONCLUSIVE),
        (len(said["stale"]), "stale", _ENTRIES),
        (len(said["expired"]), "expired", _ENTRIES),
    )


def _counted(*counts: tuple[int, str, tuple[str, str]]) -> str:
    return ", ".join(f"{number} {kind} {words[number != 1]}" for number, kind, words in counts if number)


def _until(entries: Sequence[Mapping[str, Any]]) -> str:
    days = sorted({entry["expires"] for entry in entries})
    return f" until {days[0]}" if len(days) == 1 else f", the first until {days[0]}, the last until {days[-1]}"


def _ended(outcome: str) -> str:
    return {"fail": "failed", "inconclusive": "was inconclusive"}.get(outcome, outcome.replace("_", " "))
