"""How long `memconform serve` takes to answer, against a bare uvicorn with a Starlette app of one route.

Run it with `python benchmarks/startup.py [--runs N]`. A start is timed from the creation of the process until
`GET /v1/health` answers 200; printed are the medians, their spread, and the ratio.
"""

from __future__ import annotations

import argparse
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
    for name, times in (("memconform serve", ours), ("bare uvicorn + Starlette", bare)):
        spread = f"min {min(times):.3f}, max {max(times):.3f}, {runs} starts"
        print(f"{name:26} median {statistics.median(times):.3f} s  ({spread})")  # noqa: T201 - what it is for
    print(f"ratio {statistics.median(ours) / statistics.median(bare):.2f}")  # noqa: T201 - as above


if __name__ == "__main__":
    main()
