"""The files that a project gets: configuration, CI, baseline. They are planned first, and written by the command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import tomlkit
from tomlkit.exceptions import TOMLKitError

from memconform.baseline.file import EMPTY
from memconform.baseline.file import NAME as BASELINE
from memconform.configuration import FILE, PYPROJECT
from memconform.project.answers import Answers
from memconform.project.pipelines import github, gitlab, gitlab_include
from memconform.project.seen import Seen
from memconform.settings import UsageError

WORKFLOW = Path(".github", "workflows", "memconform.yml")
GITLAB_JOB = Path(".gitlab", "memconform.yml")
GITLAB = Path(".gitlab-ci.yml")


@dataclass(frozen=True, slots=True)
class Planned:
    """One file: its text as it will be; None where the one that is there is kept, with the reason."""

    file: Path
    what: str
    text: str | None
    kept: str = ""


def planned(seen: Seen, answers: Answers) -> list[Planned]:
    """Return the files in the order in which they are told; raise `UsageError` where they would contradict others."""
    files = [_configuration(seen.folder, answers)]
    files.append(
        _new(seen.folder / BASELINE, "known failures, none so far", EMPTY, kept="it is yours; it is never replaced")
    )
    if answers.ci == "github":
        files.append(_replaceable(seen.folder / WORKFLOW, "the workflow", github(seen, answers), answers))
    elif answers.ci == "gitlab":
        files.append(_replaceable(seen.folder / GITLAB_JOB, "the job", gitlab(seen, answers), answers))
        kept = f"add to its include: - local: {GITLAB_JOB}"
        included = seen.folder / GITLAB
        if not (included.is_file() and str(GITLAB_JOB) in included.read_text("utf-8", "replace")):
            files.append(_new(included, "includes the job", gitlab_include(str(GITLAB_JOB)), kept=kept))
    return files


def _configuration(folder: Path, answers: Answers) -> Planned:
    values = {"start": answers.start, "url": answers.url, "budget": answers.budget, "baseline": BASELINE}
    said: dict[str, str | bool] = {name: value for name, value in values.items() if value is not None}
    said |= {"restart": True} if answers.restart else {}
    own, shared = folder / FILE, folder / PYPROJECT
    if answers.place == FILE:
        if shared.is_file() and "memconform" in _document(shared).get("tool", {}):
            raise UsageError(f"{shared} has a table [tool.memconform] already; there can be no {FILE} beside it")
        return _replaceable(own, "the configuration", tomlkit.dumps(said), answers)
    if own.is_file():
        raise UsageError(f"{own} is there already; there can be no [tool.memconform] in {PYPROJECT} beside it")
    return _table(shared, said, answers)


def _table(file: Path, said: Mapping[str, str | bool], answers: Answers) -> Planned:
    """Return pyproject.toml with our table; all else in it stays as it is, with its comments."""
    what = "[tool.memconform], the configuration"
    if not file.is_file():
        return Planned(file, what, tomlkit.dumps({"tool": {"memconform": dict(said)}}))
    document = _document(file)
    tools = document.setdefault("tool", tomlkit.table(is_super_table=True))
    if "memconform" in tools and not answers.force:
        return Planned(file, what, None, kept="it has such a table; --force replaces it")
    table = tomlkit.table()
    table.update(said)
    tools["memconform"] = table
    return Planned(file, what, tomlkit.dumps(document))


def _document(file: Path) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(file.read_bytes().decode("utf-8"))
    except (OSError, ValueError, TOMLKitError) as error:
        raise UsageError(f"{file} cannot be read as TOML: {error}") from None


def _replaceable(file: Path, what: str, text: str, answers: Answers) -> Planned:
    return Planned(file, what, text) if answers.force else _new(file, what, text, kept="--force replaces it")


def _new(file: Path, what: str, text: str, *, kept: str) -> Planned:
    return Planned(file, what, None, kept) if file.exists() else Planned(file, what, text)
