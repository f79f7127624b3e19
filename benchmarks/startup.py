"""How long `memconform serve` takes to answer, and `--help` and Tab take, against the least that could do so.

Run it with `python benchmarks/startup.py [--runs N]`. A start is timed from the creation of the process until
`GET /v1/health` answers 200, beside a bare uvicorn with a Starlette app of one route. `memconform --help` and two
completions are timed from beginning to end, beside a Python that imports click and ends. Printed are the medians, their
spread, and the ratios.
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from urllib.error import URLError

BARE = """
import sys, uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
async def health(request):
    return JSONResponse({"status": "ok"})
app = Starlette(routes=[Route("/v1/health", health)])
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_config=None, access_log=False)
"""
DEADLINE_S = 20.0
PROGRAM = [sys.executable, "-m", "memconform"]
CLICK = [sys.executable, "-c", "import click"]


def asked(*words: str) -> dict[str, str]:
    """Return the environment in which a shell asks for the completion of the last word."""
    typed = " ".join(("memconform", *words))
    code = {"_MEMCONFORM_COMPLETE": "bash_complete", "COMP_WORDS": typed, "COMP_CWORD": str(len(words))}
    return os.environ | code


TAB = [sys.executable, "-c", "from memconform.cli import main; main(prog_name='memconform')"]
SHORT = {
    "import click": (CLICK, None),
    "memconform --help": ([*PROGRAM, "--help"], None),
    "memconform check --help": ([*PROGRAM, "check", "--help"], None),
    "memconform explain": ([*PROGRAM, "explain", "SEARCH-10"], None),
    "Tab, a command": (TAB, asked("che")),
    "Tab, a requirement": (TAB, asked("explain", "SEARCH-1")),
}
"""What ends by itself: its command line, and the environment where it is not this one."""


def ended_in(command: list[str], env: dict[str, str] | None) -> float:
    """Return the seconds until this command line has ended."""
    began = time.perf_counter()
    subprocess.run(command, env=env, stdout=subprocess.DEVNULL, check=True)  # noqa: S603 - our own command lines
    return time.perf_counter() - began


def started_in(command: list[str], port: int) -> float:
    """Return the seconds until the server of this command line answers, and stop it."""
    began = time.perf_counter()
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=quiet, stderr=quiet) as process:  # noqa: S603 - our own command lines
        try:
            while not answers(port):
                if process.poll() is not None or time.perf_counter() - began > DEADLINE_S:
                    raise SystemExit(f"it did not start: {' '.join(command[:4])} …")
                time.sleep(0.002)
            return time.perf_counter() - began
        finally:
            process.terminate()


def answers(port: int) -> bool:
    """Tell whether health is 200."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/health", timeout=1) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def free_port() -> int:
    """Return a port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def main() -> None:
    """Time both, alternating, so that a slow moment of the machine hits both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    ours: list[float] = []
    bare: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for run in range(runs):
            port = free_port()
            bare.append(started_in([sys.executable, "-c", BARE, str(port)], port))
            port = free_port()
            data = Path(folder) / f"{run}.db"
            ours.append(
                started_in([sys.executable, "-m", "memconform_server", "--port", str(port), "--data", str(data)], port)
            )
    told({"memconform serve": ours, "bare uvicorn + Starlette": bare}, base="bare uvicorn + Starlette")
    short: dict[str, list[float]] = {name: [] for name in SHORT}
    for _ in range(runs):
        for name, (command, env) in SHORT.items():
            short[name].append(ended_in(command, env))
    told(short, base="import click")


def told(times: dict[str, list[float]], base: str) -> None:
    """Print median, spread, and the ratio to one of them."""
    least = statistics.median(times[base])
    for name, each in times.items():
        median = statistics.median(each)
        spread = f"min {min(each):.3f}, max {max(each):.3f}, {len(each)} times"
        print(f"{name:26} median {median:.3f} s  ({spread})  {median / least:.2f} of {base}")  # noqa: T201 - what it is for


if __name__ == "__main__":
    main()
