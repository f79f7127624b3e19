"""Starting a provider: its environment, the services beside it, its server on a free port, until it is ready."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from memconform.environments import Note
from memconform.ports import free_port
from memconform.providers import services
from memconform.providers.definition import Definition, Server
from memconform.providers.failures import Unfit
from memconform.providers.installing import installed
from memconform.providers.process import Process, running

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_KEPT = ("PATH", "LANG", "LC_ALL", "TZ")
"""What a provider may know of the caller's environment; no key and no setting of the user's reaches it."""


@dataclass(frozen=True)
class Started:
    """A provider that is ready, with placeholders filled in: what `memconform serve` needs to speak for it.

    `upstream` and `server` are None where the provider runs in the bridge's process. `folder` goes with the provider.
    """

    definition: Definition
    folder: Path
    upstream: str | None
    options: Mapping[str, str]
    server: Process | None

    @property
    def runs(self) -> bool:
        """Tell whether something runs beside the bridge, and ends with the provider."""
        return self.server is not None or bool(self.definition.needs)

    def serve_options(self, data: str | None = None) -> list[str]:
        """Return the options of `memconform serve`; `data` is where it keeps them, else they go with the provider."""
        words = ["--store", self.definition.store]
        words += ["--upstream", self.upstream] if self.upstream else ["--data", data or str(self.folder / "data")]
        for name, value in self.options.items():
            words += ["--option", f"{name}={value}"]
        return words


@contextmanager
def started(wanted: Definition, on_note: Note = lambda _: None, *, upstream: str | None = None) -> Iterator[Started]:
    """Start a provider and give it; end it and remove its folder afterwards. Raises `Unfit` or `NotStarted`.

    `upstream` is where it listens already: then it is not started.
    """
    if wanted.runs == "by hand" and upstream is None:
        raise Unfit(
            f"{wanted.title} cannot be installed from a lock: start it as docs/providers/{wanted.page} says, then "
            f"`memconform providers check {wanted.name} --upstream URL` judges it, and `memconform serve --store "
            f"{wanted.store} --upstream URL` serves it"
        )
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=f"memconform-{wanted.name}-")))
        folder.chmod(0o755)
        places = {"here": str(wanted.folder), "folder": str(folder), "port": str(free_port())}
        places |= installed(wanted, on_note)
        environment = _environment(folder, places)
        for service in wanted.needs:
            on_note(f"starting {service} for {wanted.name}")
            places[service] = stack.enter_context(_service(service, wanted, folder, environment))
        server = None
        if wanted.server and upstream is None:
            on_note(f"starting {wanted.title}")
            server = stack.enter_context(_served(wanted.name, wanted.server, places, environment, folder))
        yield Started(
            definition=wanted,
            folder=folder,
            upstream=upstream or (None if wanted.upstream is None else _filled(wanted.upstream, places)),
            options={name: _filled(value, places) for name, value in wanted.options.items()},
            server=server,
        )


def _environment(folder: Path, places: Mapping[str, str]) -> dict[str, str]:
    home = folder / "home"
    home.mkdir()
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    before = [places[name] for name in ("bin", "node_bin") if name in places]
    path = os.pathsep.join([*before, kept.get("PATH", os.defpath)])
    return {**kept, "PATH": path, "HOME": str(home), "NO_PROXY": "127.0.0.1,localhost"}


@contextmanager
def _service(name: str, wanted: Definition, folder: Path, environment: Mapping[str, str]) -> Iterator[str]:
    if name == "postgres":
        with services.postgres(folder, environment) as uri:
            yield uri
    else:
        with services.model(folder, environment, wanted.model, wanted.folder) as url:
            yield url


@contextmanager
def _served(
    name: str, server: Server, places: Mapping[str, str], environment: Mapping[str, str], folder: Path
) -> Iterator[Process]:
    words = [_filled(word, places) for word in server.command]
    more = {variable: _filled(value, places) for variable, value in server.environment.items()}
    with running(name, words, {**environment, **more}, folder) as process:
        process.wait_until_it_answers(f"http://127.0.0.1:{places['port']}{server.ready}", server.within_s)
        yield process


def _filled(text: str, places: Mapping[str, str]) -> str:
    def place(match: re.Match[str]) -> str:
        if match[1] not in places:
            raise Unfit(f"{match[0]} in the definition stands for nothing; there are: {', '.join(sorted(places))}")
        return places[match[1]]

    return _PLACEHOLDER.sub(place, text)
