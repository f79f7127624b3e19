"""The result as Markdown for the summary of a CI run or a comment: the verdict first, then what is to be done about it.

Texts that a server chose are shown as code, in letters that neither Markdown nor HTML takes for markup. The whole is
below a million bytes: GitHub drops a longer summary, GitLab a longer comment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from memconform.baseline import telling
from memconform.baseline.comparing import covering, exit_code
from memconform.report.badge import badge, waiting
from memconform.report.evidence import again, evidence
from memconform.report.findings import alike, shared
from memconform.report.marking import code, cut, escaped, fenced, folded, prose, requirement_name, table
from memconform.report.standing import UNSCORED, scored, tolerated_words
from memconform.report.subject import about, subject

Result = Mapping[str, Any]

LIMIT_BYTES = 1_000_000
_NOTE_BYTES = 200
"""What the note may take that says what was left out."""
_VERDICTS = {"conformant": "✅", "not conformant": "❌", "incomplete": "⚠️"}
_OUTCOMES = {"fail": "❌", "error": "💥", "inconclusive": "⚠️", "warn": "⚠️"}
_TITLES = {"fail": "Not met", "error": "Errors of memconform", "inconclusive": "Unproven", "warn": "Warnings"}
_COLUMNS = {"pass": "met", "fail": "not met", "warn": "warned", "inconclusive": "unproven", "skip": "skipped"}
_UNTESTED = {"skip": "", "not_tested": "no test of this version", "not_run": "the run ended before"}
"""Outcomes without a verdict, and why where the result does not say it."""
_RECORDS, _EXCHANGES, _ROWS, _LETTERS = 3, 6, 60, 1500
"""So many findings of a requirement, exchanges of a finding, rows of a table and letters of a text are shown."""


def render(result: Result, specification: str | None = None) -> str:
    """Return the summary; requirements link to the specification site where its address is given."""
    head = list(_head(result))
    tail = [_skipped(result), folded("The command that repeats the run", fenced(cut(result["run"]["command"], 4000)))]
    parts = [*head, *_within(_findings(result, specification), _size([*head, *tail])), *tail]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(result: Result) -> Iterator[str]:
    yield f"## {_verdict(result)}: {code(cut(subject(result), 200))}"
    earned = f"**{escaped(badge(result).text)}**. " if result["verdict"].get("badge") else ""
    yield f"{earned}{escaped(cut(about(result), 600))}"
    if result["run"]["stopped"]:
        yield f"⚠️ **Stopped early:** {escaped(cut(result['run']['stopped'], _LETTERS))}"
    if result.get("baseline"):
        yield _baseline(result)
    yield _profiles(result)


def _verdict(result: Result) -> str:
    """Return the verdict with its sign; nothing is green where the run did not end with exit code 0."""
    verdict, ended = result["verdict"], exit_code(result)
    word = f"{verdict['conformance']}{' in what was selected' if verdict['partial'] else ''}".capitalize()
    if result.get("baseline") and ended == 0 and verdict["conformance"] != "conformant":
        return f"⚠️ {word}, as the baseline knows"
    if verdict["conformance"] == "conformant" and ended != 0:
        return f"❌ {word}, and not as the baseline knows" if result.get("baseline") else f"⚠️ {word}, but not complete"
    return f"{_VERDICTS[verdict['conformance']]} {word}"


def _baseline(result: Result) -> str:
    """Return what the baseline says: in a sentence, and entry by entry folded away."""
    lines = [cut(line, _LETTERS) for line in islice(telling.lines(result), _ROWS)]
    said = telling.headline(result) or "What the baseline says"
    return folded(escaped(cut(said, _LETTERS)), fenced("\n".join(lines)))


def _profiles(result: Result) -> str:
    rows = [
        [
            code(profile["name"]),
            f"{_VERDICTS.get(profile['conformance'], '')} {escaped(profile['conformance'])}".strip(),
            *(str(profile["counts"].get(outcome, "")) for outcome in _COLUMNS),
        ]
        for profile in result.get("profiles", ())
        if profile["conformance"] != "not declared" and set(profile["counts"]) - {"not_selected", "not_tested"}
    ]
    return table(["profile", "verdict", *_COLUMNS.values()], rows[:_ROWS], left=2) if rows else ""


def _findings(result: Result, specification: str | None) -> Iterator[str]:
    """Yield a block for each requirement that is not simply met, the gravest first."""
    for outcome, title in _TITLES.items():
        rows = [row for row in result["requirements"] if row["outcome"] == outcome]
        groups = alike(result, rows) if outcome == "inconclusive" else [[row] for row in rows]
        for number, group in enumerate(groups):
            heading = "" if number else f"### {title}: {len(rows)}\n\n"
            yield heading + "\n\n".join(_finding(result, group, specification))


def _finding(result: Result, rows: Sequence[Mapping[str, Any]], specification: str | None) -> Iterator[str]:
    """Yield the parts of one block: a requirement, or several that are unproven for one reason."""
    row, name = rows[0], rows[0]["id"]
    told = row if len(rows) == 1 else shared(rows)
    link = ", ".join(requirement_name(each["id"], specification) for each in rows[:_ROWS])
    records = list(islice(evidence(result, row), _RECORDS + 1))
    notes = [] if scored(row) else [UNSCORED]
    entries = [covering(result, record) for record in records]
    notes += dict.fromkeys(tolerated_words(entry) for entry in entries if entry)
    said = f" – {escaped(cut('; '.join(notes), _LETTERS))}" if notes else ""
    yield f"#### {_OUTCOMES[row['outcome']]} {link} ({told['level']}){said}"
    yield prose(cut(told["statement"], _LETTERS))
    if entries and all(entries):
        return
    for record in records[:_RECORDS]:
        yield _bullets(record)
        if body := _repeatable(record):
            yield folded("As <code>curl</code>", fenced(body))
    if len(records) > _RECORDS:
        yield "… and more of this requirement in the result."
    yield f"Run it again: {code(cut(again(result, name, records[0] if records else None), 600))}"


def _bullets(record: Mapping[str, Any]) -> str:
    told = [(label, record.get(label)) for label in ("test", "expected", "observed", "reason")]
    return "\n".join(f"- {label}: {code(cut(str(text), _LETTERS))}" for label, text in told if text)


def _repeatable(record: Mapping[str, Any]) -> str:
    """Return the exchanges of a finding as commands with their answers, or the script that repeats what led to it."""
    if record.get("script"):
        return cut(record["script"], 8000)
    lines = []
    for exchange in (record.get("exchanges") or ())[:_EXCHANGES]:
        response = exchange["response"]
        said = response["status"] if response else f"no answer ({exchange.get('problem', '')})"
        lines += [cut(exchange["curl"], 4000), f"# → {cut(str(said), 300)}"]
    return "\n".join(lines)


def _skipped(result: Result) -> str:
    """Return what was not tested, by reason, folded away; profiles that are not declared in one line."""
    undeclared = [profile["name"] for profile in result.get("profiles", ()) if not profile["declared"]]
    rows = [row for row in result["requirements"] if row["outcome"] in _UNTESTED and row["profile"] not in undeclared]
    reasons: dict[str, list[str]] = {}
    for row in rows:
        reasons.setdefault(_UNTESTED[row["outcome"]] or row.get("reason") or "not applicable", []).append(row["id"])
    lines = [f"- {escaped(cut(reason, 300))}: {', '.join(ids)}" for reason, ids in islice(reasons.items(), _ROWS)]
    if undeclared:
        lines.append(f"- profiles that the server does not declare: {escaped(cut(', '.join(undeclared), 2000))}")
    if not lines:
        return ""
    later = len(waiting(result))
    summary = f"Not tested: {len(rows)} requirements" + (f", {later} of them for want of budget" if later else "")
    return folded(f"{summary}, {len(undeclared)} profiles not declared" if undeclared else summary, "\n".join(lines))


def _within(blocks: Iterable[str], reserved: int) -> Iterator[str]:
    """Yield blocks while they fit, then how many do not."""
    left = LIMIT_BYTES - reserved - _NOTE_BYTES
    dropped = 0
    for block in blocks:
        left -= _size([block])
        dropped += left < 0
        if not dropped:
            yield block
    if dropped:
        yield f"⚠️ **{dropped} more** did not fit into this summary: the result and the HTML report have them all."


def _size(parts: Iterable[str]) -> int:
    return sum(len(part.encode()) + 2 for part in parts)
