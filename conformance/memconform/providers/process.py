"""A process of a provider: started in a session of its own, its words in a file, ended with all its children."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from memconform.ending import end
from memconform.listening import not_answering
from memconform.providers.failures import NotStarted

QUOTED_LINES = 12
PAUSE_S = 0.1


@dataclass(frozen=True)
class Process:
    """A running process, what it is called in messages, and the file that holds what it says."""

    name: str
    popen: subprocess.Popen[bytes]
    log: Path

    def check(self) -> None:
        """Raise `NotStarted` where it has ended."""
        code = self.popen.poll()
        if code is not None:
            raise NotStarted(f"{self.name} ended with exit code {code}. It said last:\n{self.last_words()}")

    def last_words(self) -> str:
        """Return the last lines that it said, indented; they are its own, whatever is in them."""
        lines = self.log.read_text("utf-8", "replace").strip().splitlines()[-QUOTED_LINES:]
        return "\n".join(f"    {line}" for line in lines) or "    nothing"

    def wait_until_it_answers(self, url: str, within_s: float) -> None:
        """Return once a GET of `url` is answered below 500; raise `NotStarted` where it ends first, or takes longer."""
        until = time.monotonic() + within_s
        while not_answering(url) is not None:
            self.check()
            if time.monotonic() > until:
                raise NotStarted(
                    f"{self.name} was not ready after {within_s:.0f} s. It said last:\n{self.last_words()}"
                )
            time.sleep(PAUSE_S)
        # Somebody else may have taken the port between finding it free and starting this: then this one is gone.
        self.check()

    def not_ready(self, within_s: float) -> NotStarted:
        """Return the error for taking too long."""
        return NotStarted(f"{self.name} was not ready after {within_s:.0f} s. It said last:\n{self.last_words()}")


@contextmanager
def running(
    name: str, words: Sequence[str], environment: Mapping[str, str], folder: Path, *, user: str | None = None
) -> Iterator[Process]:
    """Run a command in `folder` until the block ends; raise `NotStarted` where it cannot even begin.

    It gets `environment` and nothing of the caller's. Its output goes to `folder`/`name`.log.
    """
    log = folder / f"{name}.log"
    with log.open("wb") as said:
        try:
            popen = subprocess.Popen(  # noqa: S603 - words of a definition of ours
                words,
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=user,
            )
        except OSError as error:
            raise NotStarted(f"{name} could not be started: {error}") from None
    try:
        yield Process(name, popen, log)
    finally:
        end(popen)
