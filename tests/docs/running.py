"""Runs what a document shows, in a folder of its own, and compares what comes out with what the page shows."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from memconform.ports import free_port

from .reading import ROOT, Block, Command, Document

_PORTS = re.compile(r"(?<!\d)(87\d\d|9000)(?!\d)")
"""Numbers in a document that are ports of this machine; free ones take their place."""
_SERVES = re.compile(r"memconform serve(?!.* --port )")
_SHELL = "test ! -e .state || . ./.state\n{line}\ncode=$?; declare -px > .state; exit $code"
"""One command: it finds the variables that those before it exported, and leaves its own."""
_CHECKOUT = ("docs", "reference_plugin", "schemas")
"""What a reader has who is in a checkout."""
_VARIES = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "ID"),
    (re.compile(r"mcf-[0-9a-f]+(?=[_-])"), "mcf-RUN"),
    (re.compile(r"\b\d[\d,.]*(?= (?:ms|s)\b)"), "N"),
    (re.compile(r"\s+"), " "),
)
"""What is another one in each run, and how it is compared."""
_PATIENCE_S = 180.0


class Stage:
    """A folder, the processes that go on in it, and the ports of one document."""

    def __init__(self, folder: Path, servers: dict[int, int]) -> None:
        """Take the ports at which somebody listens already; others are found when they are named."""
        self.folder = folder
        self._ports = dict(servers)
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        programs = Path(sys.executable).parent
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("MEMCONFORM_", "PYTEST_"))}
        home = {"HOME": str(folder), "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "200"}
        plugins = {"MEMCONFORM_PLUGIN_ENVIRONMENTS": str(ROOT / ".venv-plugins")}
        for name in _CHECKOUT:
            (folder / name).symlink_to(ROOT / name)
        self._environment = kept | home | plugins | {"PYTHONUNBUFFERED": "1", "NO_COLOR": "1"}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for command in list(self._running):
            self._end(command)

    def play(self, document: Document) -> None:
        """Run every block in its order; raise `AssertionError` with the place where the page is not true."""
        for block in document.blocks:
            try:
                self._block(block)
            except AssertionError as error:
                raise AssertionError(f"{document.name}, line {block.line}: {error}") from None

    def _block(self, block: Block) -> None:
        name = block.marks.get("file") or block.marks.get("append")
        if "not run" in block.marks:
            return
        if name:
            file = self.folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            before = file.read_text("utf-8") if "append" in block.marks else ""
            file.write_text(before + self._here(block.text), "utf-8")
        elif block.language == "console":
            self._console(block)
        elif "printed meanwhile" in block.marks:
            self._await(*self._last, [self._here(each) for each in block.text.splitlines()], ends=True)
        elif block.language == "python":
            assert "run" in block.marks, "a Python block says whether it is run, a file, or not run and why"
            code, said = self._run(Command(f"python - <<'END'\n{block.text}\nEND", ()))
            assert code == 0, said

    def _console(self, block: Block) -> None:
        commands = block.commands()
        if "keeps running" in block.marks:
            assert len(commands) == 1, "one command keeps running"
            self._start(commands[0])
            return
        for number, command in enumerate(commands, 1):
            expected = block.marks.get("exit", "0").split(" or ") if number == len(commands) else ["0"]
            code, said = self._run(command)
            missing = missing_line([self._here(line) for line in command.shown], said)
            assert missing is None, f"{command.line}\n  does not print: {missing}\n  it printed:\n{said}"
            assert str(code) in expected, f"{command.line}\n  ended with {code}, not {expected}; it printed:\n{said}"

    def _run(self, command: Command) -> tuple[int, str]:
        ended = subprocess.run(
            ["bash", "-c", _SHELL.format(line=self._here(command.line))],
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_PATIENCE_S,
        )
        return ended.returncode, ended.stdout.decode("utf-8", "replace")

    def _start(self, command: Command) -> None:
        """Start what keeps running; return when the page's lines are printed and its port answers."""
        line = self._here(command.line)
        if _SERVES.search(line):
            line = _SERVES.sub(lambda found: f"{found[0]} --port {self._port(8765)}", line)
        port = re.search(r"--port (\d+)", line)
        assert port, f"{command.line}\n  names no port"
        for other in [running for running in self._running if f"--port {port[1]}" in running]:
            self._end(other)
        log = self.folder / f".output-{len(self._running)}-{port[1]}"
        with log.open("wb") as output:
            self._running[line] = subprocess.Popen(
                ["bash", "-c", f"test ! -e .state || . ./.state\nexec {line}"],
                cwd=self.folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._last = (line, int(port[1]), log)
        self._await(*self._last, [self._here(each) for each in command.shown])

    def _await(self, line: str, port: int, log: Path, shown: list[str], *, ends: bool = False) -> None:
        """Wait until these lines are printed, and the port answers or, where it ends by itself, the process is over."""
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            ended = self._running[line].poll()
            said = log.read_text("utf-8", "replace")
            missing = missing_line(shown, said)
            if missing is None and (ends or any(shown) or listening(port)):
                return
            assert ended is None, f"{line}\n  ended with {ended}; it does not print: {missing}\n  it printed:\n{said}"
            assert time.monotonic() < deadline, f"{line}\n  does not print: {missing}\n  it printed:\n{said}"
            time.sleep(0.05)

    def _end(self, command: str) -> None:
        process = self._running.pop(command)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=20)

    def _here(self, text: str) -> str:
        return _PORTS.sub(lambda found: str(self._port(int(found[0]))), text)

    def _port(self, number: int) -> int:
        if number not in self._ports:
            self._ports[number] = free_port()
        return self._ports[number]


def listening(port: int) -> bool:
    """Tell whether somebody takes connections at this port."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def missing_line(shown: list[str], said: str) -> str | None:
    """Return the first shown line that does not come, in its order, in what was said; `…` stands for anything."""
    lines = iter([alike(line) for line in said.splitlines()])
    for line in shown:
        wanted = alike(line)
        if wanted in ("", "…"):
            continue
        pattern = re.compile(".*".join(re.escape(part) for part in wanted.split("…")))
        if not any(pattern.fullmatch(each) for each in lines):
            return line
    return None


def alike(line: str) -> str:
    """Return a line without what differs from run to run."""
    for pattern, instead in _VARIES:
        line = pattern.sub(instead, line)
    return line.strip()
