"""Load generators that others wrote, each asked for the same rate against /work, and what each one reports."""

from __future__ import annotations

import csv
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

QUANTILES = (0.5, 0.95, 0.99, 0.999)
STOCK = Path(__file__).with_name("load_stock_arrivals.py")
_WRK_SCRIPT = """
done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format("%d %d", summary.requests, errors.connect + errors.read + errors.timeout))
  for _, p in pairs({50, 95, 99, 99.9}) do io.write(string.format(" %.1f", latency:percentile(p))) end
end
"""
_LATE_S = 60.0


@dataclass(frozen=True, slots=True)
class Reported:
    """What a generator reports: calls, those that failed, and percentiles in milliseconds by quantile."""

    calls: int
    failed: int
    ms: Mapping[float, float] = field(default_factory=dict)
    exit_code: int = 0


@dataclass(frozen=True, slots=True)
class Generator:
    """A generator: how it is called in tables, the program that it needs, and how it is run."""

    name: str
    program: str | None
    run: Callable[[str, str, float, float], Reported]
    """Takes the program, the URL, arrivals a second and seconds."""


def found(generator: Generator, folders: Sequence[str]) -> str | None:
    """Return the path of its program: in one of the folders, else on PATH; None where it is not there."""
    if generator.program is None:
        return sys.executable
    return shutil.which(generator.program, path=os.pathsep.join([*folders, os.environ.get("PATH", "")]))


def percentiles(milliseconds: Sequence[float]) -> dict[float, float]:
    """Return the nearest-rank percentiles."""
    ordered = sorted(milliseconds)
    return {q: ordered[max(math.ceil(q * len(ordered) - 1e-9), 1) - 1] for q in QUANTILES} if ordered else {}


def _ran(words: Sequence[str], seconds: float, given: bytes | None = None) -> bytes:
    ended = subprocess.run(  # noqa: S603 - a generator that the user named
        words, input=given, capture_output=True, timeout=seconds + _LATE_S, check=False
    )
    if ended.returncode:
        raise SystemExit(f"{Path(words[0]).name} failed: {ended.stderr.decode(errors='replace')[-500:]}")
    return ended.stdout


def _stock(wait: str, users: int) -> Callable[[str, str, float, float], Reported]:
    def run(program: str, url: str, rate: float, seconds: float) -> Reported:
        with tempfile.TemporaryDirectory() as folder:
            words = [program, "-m", "locust", "-f", str(STOCK), "--headless", "--only-summary", "--host", url]
            words += ["--users", str(users), "--spawn-rate", str(users), "--run-time", f"{seconds:g}s"]
            words += ["--csv", f"{folder}/stock"]
            given = {"STOCK_RATE": str(rate), "STOCK_USERS": str(users), "STOCK_WAIT": wait}
            ended = subprocess.run(  # noqa: S603 - our own interpreter
                words, env={**os.environ, **given}, capture_output=True, timeout=seconds + _LATE_S, check=False
            )
            file = Path(folder) / "stock_stats.csv"
            if not file.exists():
                raise SystemExit(f"stock Locust failed: {ended.stderr.decode(errors='replace')[-1000:]}")
            rows = list(csv.DictReader(file.open()))
        row = next(each for each in rows if each["Name"] == "Aggregated")
        figures = {q: float(row[f"{q * 100:g}%"]) for q in QUANTILES if row[f"{q * 100:g}%"] != "N/A"}
        return Reported(int(row["Request Count"]), int(row["Failure Count"]), figures, ended.returncode)

    return run


def _wrk(program: str, url: str, rate: float, seconds: float) -> Reported:  # noqa: ARG001 - it knows no rate
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_WRK_SCRIPT)
        script.flush()
        out = _ran([program, "-t1", "-c10", f"-d{seconds:g}s", "-s", script.name, f"{url}/work"], seconds)
    calls, failed, *times = out.decode().splitlines()[-1].split()
    figures = dict(zip(QUANTILES, (float(us) / 1e3 for us in times), strict=True))
    return Reported(int(calls), int(failed), figures)


def _hey(program: str, url: str, rate: float, seconds: float) -> Reported:
    workers = 10
    words = [program, "-c", str(workers), "-q", f"{rate / workers:g}", "-z", f"{seconds:g}s", "-o", "csv"]
    rows = list(csv.DictReader(_ran([*words, f"{url}/work"], seconds).decode().splitlines()))
    good = [float(row["response-time"]) * 1e3 for row in rows if row["status-code"] == "200"]
    return Reported(len(rows), len(rows) - len(good), percentiles(good))


def _vegeta(program: str, url: str, rate: float, seconds: float) -> Reported:
    words = [program, "attack", f"-rate={rate:g}/1s", f"-duration={seconds:g}s"]
    raw = _ran(words, seconds, f"GET {url}/work".encode())
    rows = list(csv.reader(_ran([program, "encode", "--to", "csv"], seconds, raw).decode().splitlines()))
    good = [float(row[2]) / 1e6 for row in rows if row[1] == "200"]
    return Reported(len(rows), len(rows) - len(good), percentiles(good))


def _oha(*more: str) -> Callable[[str, str, float, float], Reported]:
    def run(program: str, url: str, rate: float, seconds: float) -> Reported:
        words = [program, "--no-tui", "--output-format", "json", "-c", "10", "-q", f"{rate:g}", "-z", f"{seconds:g}s"]
        report = json.loads(_ran([*words, *more, f"{url}/work"], seconds))
        names = {0.5: "p50", 0.95: "p95", 0.99: "p99", 0.999: "p99.9"}
        times = report["latencyPercentiles"]
        calls = sum(report["statusCodeDistribution"].values())
        failed = sum(report["errorDistribution"].values())
        figures = {q: times[name] * 1e3 for q, name in names.items() if times.get(name) is not None}
        return Reported(calls + failed, failed, figures)

    return run


GENERATORS = (
    Generator("Locust constant_throughput, 10 users", None, _stock("constant_throughput", 10)),
    Generator("Locust constant_throughput, 100 users", None, _stock("constant_throughput", 100)),
    Generator("Locust poisson, 10 users", None, _stock("poisson", 10)),
    Generator("wrk, 10 connections, no rate", "wrk", _wrk),
    Generator("hey, 10 workers", "hey", _hey),
    Generator("vegeta", "vegeta", _vegeta),
    Generator("oha, 10 connections", "oha", _oha()),
    Generator("oha with latency correction", "oha", _oha("--latency-correction")),
)
"""All that are compared. Programs that are not there are left out, and the benchmark says so."""
