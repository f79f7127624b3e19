"""`check_server`: the suite against a server, in a process of its own, and the result as objects."""

from __future__ import annotations

import json
import signal
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memconform.api.asked import KEY_VARIABLES, asked_for, environment_for
from memconform.api.conformance_result import ConformanceResult
from memconform.api.errors import HarnessFailed, ServerUnreachable
from memconform.api.process import heard
from memconform.api.starting import asked_start, running
from memconform.api.words import as_arguments
from memconform.budget import Size
from memconform.contract import Level
from memconform.settings import RunSettings, UsageError
from memconform.verdict import CONCLUDED, ExitCode, Outcome

if TYPE_CHECKING:
    import os

_TOLD = 4000
"""So many characters of what the run printed are shown where it failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What `progress` is told after each test: `done` of `planned` tests, which one it was, and how it ended.

    >>> from memconform import check_server, reference_server
    >>> with reference_server() as url:
    ...     result = check_server(
    ...         url,
    ...         requirements=["CORE-13"],
    ...         budget="smoke",
    ...         progress=lambda told: print(f"{told.done}/{told.planned} {told.requirement} {told.outcome}"),
    ...     )
    1/1 CORE-13 pass
    """

    done: int
    planned: int
    test: str
    requirement: str
    outcome: Outcome


def check_server(
    url: str | None = None,
    *,
    start: str | None = None,
    start_timeout: float = 60.0,
    start_log: str | os.PathLike[str] | None = None,
    profiles: Sequence[str] = (),
    level: Level | None = None,
    requirements: Sequence[str] = (),
    budget: Size = "standard",
    seed: int = 0,
    rate: float | None = None,
    timeout: float = 10.0,
    api_key: str | None = None,
    second_api_key: str | None = None,
    headers: Mapping[str, str] | None = None,
    ca_file: str | os.PathLike[str] | None = None,
    insecure: bool = False,
    restart: bool = False,
    restart_command: str | None = None,
    failing_messages: str | os.PathLike[str] | None = None,
    baseline: str | os.PathLike[str] | None = None,
    contract: str | None = None,
    keep_data: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> ConformanceResult:
    """Judge the memory server at `url`, the address before /v1, or one that `start` starts, and return the result.

    The suite runs in a process of its own: nothing of the caller's pytest, plugins or settings takes part, and nothing
    is printed. It creates memories in scopes that carry the run's id, touches nothing else, and deletes them at the
    end.

    The arguments are the options of `memconform check`:

    - `start`: the command that starts the server, in the current folder; `{port}` in it, and in `url`, is a free port,
      and without `url` it is http://127.0.0.1:{port}. It is ended with all that came of it, whatever happens.
      `start_timeout`: how long GET /v1/health may take to answer, in seconds. `start_log`: a file for what it says.
    - `profiles`, `level`, `requirements`: what to test; with none of them everything that the server declares.
    - `budget`: how many requests to spend, "smoke" (at most about 600), "standard" (6,500) or "full" (25,000).
    - `seed`: the seed of everything that is generated.
    - `rate`: at most so many requests a second. `timeout`: how long an answer may take, in seconds.
    - `api_key`, and `second_api_key` of another principal, for tenancy. `headers`: sent with every request.
    - `ca_file`: the certificate authority to trust, PEM. `insecure`: trust any, for a test server only.
    - `restart`: with `start`, kill all that the command started with SIGKILL, and start it again, for CORE-26; only for
      a command that finds its data again at each start. `restart_command`: a shell command that does it otherwise.
    - `failing_messages`: a JSON file with messages whose extraction has to fail.
    - `baseline`: a file of known failures (`memconform baseline`); it decides `exit_code`, never `conformance`.
    - `contract`: judge against this version of the contract, such as "1.0", not the one that the server declares.
    - `keep_data`: leave what the run created on the server.
    - `progress`: called after each test, in the thread of the caller; what it raises ends the run.

    Only the arguments count: no configuration file and no environment variable is read, so that a test means the same
    everywhere. Keys and values of headers appear in no argument list, no log and no result.

    Raises `UsageError` for arguments that make no sense, before anything is sent; `ServerUnreachable` where there is
    nothing to judge, or `start` brings no server up; `HarnessFailed` where the judge is at fault. A server that is not
    conformant is no exception but a result. Ctrl-C ends the run, which deletes what it created, and comes out as
    `KeyboardInterrupt`.

    Safe in several threads at once. It blocks: in an event loop use `await asyncio.to_thread(check_server, url)`.

    >>> from memconform import check_server, reference_server
    >>> with reference_server() as url:
    ...     result = check_server(url, requirements=["CORE-13", "SEARCH-10"], budget="smoke")
    >>> result.conformant, result.requirement("SEARCH-10").outcome.value
    (True, 'pass')
    """
    planned = asked_start(
        url, start, timeout=start_timeout, log=start_log, restart=restart, restart_command=restart_command
    )
    settings = asked_for(
        planned.url if planned else url or "",
        start=start,
        profiles=profiles,
        level=level,
        requirements=requirements,
        budget=budget,
        seed=seed,
        rate=rate,
        timeout=timeout,
        keys=(api_key, second_api_key),
        headers=headers or {},
        ca_file=ca_file,
        insecure=insecure,
        restart_command=restart_command,
        failing_messages=failing_messages,
        baseline=baseline,
        contract=contract,
        keep_data=keep_data,
    )
    keys = environment_for(api_key, second_api_key)
    with running(planned, restart=restart, keys=keys) as server:
        return _judged(replace(settings, restart=server.restart), {**keys, **server.marks}, progress)


def _judged(
    settings: RunSettings, environment: Mapping[str, str], progress: Callable[[Progress], None] | None
) -> ConformanceResult:
    """Run the suite in a process with more in its environment, and return what came of it."""
    ended: dict[str, str] = {}

    def hear(told: Mapping[str, Any]) -> None:
        if told["kind"] == "ended":
            ended.update(why=told["why"], text=told["text"])
        elif progress is not None:
            names = {name: told[name] for name in ("done", "planned", "test", "requirement")}
            progress(Progress(**names, outcome=Outcome(told["outcome"])))

    with tempfile.TemporaryDirectory(prefix="memconform-") as folder:
        file, log = Path(folder) / "result.json", Path(folder) / "log"
        asked = {
            "settings": asdict(settings),
            "environment": environment,
            "result": str(file),
        }
        try:
            descriptors = () if settings.restart is None else (settings.restart,)
            code = heard(asked, without=KEY_VARIABLES, log=log, hear=hear, descriptors=descriptors)
        except BaseException as error:
            _note_what_is_left(error, _document(file))
            raise
        document = _document(file)
        said = log.read_text(encoding="utf-8", errors="replace")[-_TOLD:].strip()
    return _concluded(code, document, ended, said)


def _document(file: Path) -> dict[str, Any] | None:
    document: dict[str, Any] | None = json.loads(file.read_bytes()) if file.exists() else None
    return document


def _note_what_is_left(error: BaseException, document: Mapping[str, Any] | None) -> None:
    """Tell beside an error what the run, which it ended, could not delete any more."""
    if document and document["leaks"]:
        why = document["leaks"][0].get("why", "it was not deleted")
        again = f"memconform cleanup --run-id {document['run']['id']}"
        error.add_note(f"memconform: the run left memories on the server ({why}); '{again}' deletes them")


def _concluded(code: int, document: dict[str, Any] | None, ended: Mapping[str, str], said: str) -> ConformanceResult:
    """Return the result of a run that ended, or raise what it ended with."""
    why, text = ended.get("why"), ended.get("text", "")
    if why == "KeyboardInterrupt" or code == -signal.SIGINT:
        raise KeyboardInterrupt
    if why == "Unreachable":
        raise ServerUnreachable(as_arguments(text))
    if why == "Unusable":
        raise UsageError(as_arguments(text))
    result = ConformanceResult.from_json(document) if document else None
    if result is None or code == CONCLUDED + ExitCode.HARNESS:
        raise HarnessFailed(_blame(result, code, text or said), result)
    return result


def _blame(result: ConformanceResult | None, code: int, said: str) -> str:
    head = "the judge failed, which says nothing about the server"
    if result is None:
        left = "'memconform cleanup' lists what it may have left on the server."
        return f"{head}: the run ended with {code} before it could conclude. {left}\n{said or '(it printed nothing)'}"
    reasons = "\n".join(str(each) for each in result.findings if each.outcome is Outcome.ERROR)
    return f"{head}; what is known all the same is in `result`.\n{reasons or said}".rstrip()
