"""What a definition says: `fixtures/providers/NAME/provider.yaml`, one configuration of one provider."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, TypeAlias

from memconform.contract.content import content_root
from memconform.contract.yaml import load_yaml
from memconform.providers.failures import Unfit

Runs: TypeAlias = Literal["ci", "scheduled", "by hand"]
"""When it is judged: in every build; now and then; or when somebody has started it, as nothing here can."""

FILE = "provider.yaml"
RUNS = ("ci", "scheduled", "by hand")
SERVICES = ("postgres", "model")

_MEMBERS = {
    "title", "version", "page", "runs", "store", "options", "extra", "server", "needs", "model", "upstream",
    "api_keys", "caveats", "varies", "failing_messages",
}  # fmt: skip
_SERVER_MEMBERS = {"python", "node", "command", "environment", "ready"}


@dataclass(frozen=True)
class Server:
    """How a provider that is a server of its own is started.

    `command` and the values of `environment` have placeholders. `ready` is a path that answers below 500 once the
    server can be used.
    """

    command: Sequence[str]
    environment: Mapping[str, str]
    ready: str
    within_s: float


@dataclass(frozen=True)
class Definition:
    """One configuration of a provider, as it is judged.

    `python` is the version that its lock is for, such as "3.12", None for the one that runs; `store`, `options` and
    `upstream` are those of `memconform serve`; `extra` is what the bridge needs in the running environment.
    `failing_messages` is a file of messages whose extraction fails, for INGESTION-03.
    `varies` names requirements whose outcome changes from run to run, each with the reason.
    """

    name: str
    folder: Path
    title: str
    version: str
    page: str
    runs: Runs
    store: str
    options: Mapping[str, str] = field(default_factory=dict)
    extra: str | None = None
    python: str | None = None
    server: Server | None = None
    needs: Sequence[str] = ()
    model: Mapping[str, Any] = field(default_factory=dict)
    upstream: str | None = None
    api_keys: int = 1
    caveats: Sequence[str] = ()
    varies: Mapping[str, str] = field(default_factory=dict)
    failing_messages: Path | None = None

    @property
    def python_lock(self) -> Path | None:
        """The lock of its Python environment, None where it has none."""
        return self._file("requirements.lock.txt")

    @property
    def node_lock(self) -> Path | None:
        """The lock of its Node environment, None where it has none."""
        return self._file("package-lock.json")

    def _file(self, name: str) -> Path | None:
        path = self.folder / name
        return path if path.is_file() else None


def folder() -> Path:
    """Return the folder of all definitions."""
    return content_root() / "fixtures" / "providers"


def definitions() -> dict[str, Definition]:
    """Return every definition by its name, in the order of the names."""
    names = sorted(path.parent.name for path in folder().glob(f"*/{FILE}"))
    return {name: definition(name) for name in names}


def definition(name: str) -> Definition:
    """Read a definition; raise `Unfit` where there is none, or it makes no sense."""
    path = folder() / name / FILE
    known = sorted(each.parent.name for each in folder().glob(f"*/{FILE}"))
    if name not in known:
        near = get_close_matches(name, known, n=3, cutoff=0.4) or known
        raise Unfit(f"there is no provider {name!r}; `memconform providers list` shows all. Near: {', '.join(near)}")
    return read_definition(path)


def read_definition(path: Path) -> Definition:
    """Read the definition in a file, whose folder names the provider; raise `Unfit` where it makes no sense."""
    try:
        return _definition(path, load_yaml(path))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        name = path.parent.name
        raise Unfit(f"{FILE} of the provider {name} makes no sense: {type(error).__name__}: {error}") from None


def _definition(path: Path, given: Mapping[str, Any]) -> Definition:
    _only(given, _MEMBERS, "member")
    server = given.get("server") or {}
    _only(server, _SERVER_MEMBERS, "member of server")
    _only(given.get("needs") or (), SERVICES, "service")
    if given["runs"] not in RUNS:
        raise ValueError(f"runs is {given['runs']!r}, none of {', '.join(RUNS)}")
    return Definition(
        name=path.parent.name,
        folder=path.parent,
        title=given["title"],
        version=str(given["version"]),
        page=given["page"],
        runs=given["runs"],
        store=given["store"],
        options={name: str(value) for name, value in (given.get("options") or {}).items()},
        extra=given.get("extra"),
        python=server.get("python"),
        server=_server(server) if server.get("command") else None,
        needs=tuple(given.get("needs") or ()),
        model=given.get("model") or {},
        upstream=given.get("upstream"),
        api_keys=given.get("api_keys", 1),
        caveats=tuple(given.get("caveats") or ()),
        varies=given.get("varies") or {},
        failing_messages=path.parent / given["failing_messages"] if "failing_messages" in given else None,
    )


def _server(given: Mapping[str, Any]) -> Server:
    ready = given["ready"]
    return Server(
        command=tuple(given["command"]),
        environment={name: str(value) for name, value in (given.get("environment") or {}).items()},
        ready=ready["path"],
        within_s=float(ready.get("within_s", 60)),
    )


def _only(given: Any, known: Any, kind: str) -> None:
    unknown = [name for name in given if name not in known]
    if unknown:
        raise ValueError(f"unknown {kind}: {', '.join(map(str, unknown))}")
