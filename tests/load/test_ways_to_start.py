"""The ways to run Locust: plain `locust -f`, its web page, a master with workers, and its export of metrics."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from tests.load.conftest import KEY

from memconform.contract.content import content_root
from memconform.ports import free_port
from memconform_load.calibration import calibrated
from memconform_load.scenarios import scenario_path

PATIENCE = 60
FINE = (0, 3)
"""A machine that is busy with other tests may make a run invalid; what is tested here is all the same."""
SHORT = ("--duration", "3s", "--set", "model=0.05", "--set", "facts=3", "--slo", "errors<1%")


def _started(*words: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "MEMCONFORM_API_KEY": KEY}
    return subprocess.Popen(
        [sys.executable, "-m", *words],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _done(process: subprocess.Popen[str]) -> tuple[int, str]:
    try:
        out, err = process.communicate(timeout=PATIENCE)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    return process.returncode, out + err


def test_plain_locust(server: str, tmp_path: Path) -> None:
    """`locust -f` runs a scenario as it is; Locust's own table agrees with the result."""
    result_file = tmp_path / "result.json"
    words = ("-f", str(scenario_path("chat")), "--host", server, "--headless", "--rate", "40", "--people", "10")
    files = ("--csv", str(tmp_path / "locust"), "--result-file", str(result_file))
    odd = ("--seed", "4")  # 61 adds, 131 searches: of an even number Locust takes the upper of the two in the middle
    code, said = _done(_started("locust", *words, *SHORT, *odd, *files))
    assert code in FINE, said
    result = json.loads(result_file.read_text())
    with (tmp_path / "locust_stats.csv").open() as file:
        table = {row["Name"]: row for row in csv.DictReader(file)}
    for row in result["operations"]:
        latency = row["hops"]["latency"]
        assert int(table[row["operation"]]["Request Count"]) == row["count"]
        for column, name in (("50%", "p50_ms"), ("95%", "p95_ms"), ("99%", "p99_ms")):
            assert float(table[row["operation"]][column]) == pytest.approx(latency[name], rel=0.02), said


def test_the_web_page(server: str) -> None:
    """`--web` serves Locust's page with the run's figures; Ctrl-C ends it, and the result is shown."""
    port = free_port()
    process = _started(
        "memconform", "load", server, "--rate", "40", "--users", "10", *SHORT, "--web", f"127.0.0.1:{port}"
    )
    figures: dict[str, Any] = {}
    patience = time.monotonic() + PATIENCE
    while time.monotonic() < patience and figures.get("state") != "stopped":
        time.sleep(0.3)
        try:
            figures = httpx.get(f"http://127.0.0.1:{port}/stats/requests").json()
        except httpx.TransportError:
            continue
    process.send_signal(signal.SIGINT)
    code, said = _done(process)
    rows = {row["name"]: row for row in figures.get("stats", ())}
    assert rows["search"]["num_requests"] > 60, said
    assert code in FINE, said
    assert "MET" in said or "INVALID" in said


def test_workers_on_other_machines(server: str, tmp_path: Path) -> None:
    """A master directs workers that were started by themselves; both take their share, and all of them end."""
    port, result_file = free_port(), tmp_path / "result.json"
    workers = [_started("memconform", "load", "worker", f"127.0.0.1:{port}") for _ in range(2)]
    words = ("--master", "--expect-workers", "2", "--bind", f"127.0.0.1:{port}", "--json", str(result_file))
    code, said = _done(_started("memconform", "load", server, "--rate", "40", "--users", "10", *SHORT, *words))
    assert code in FINE, said
    assert [_done(worker)[0] for worker in workers] == [0, 0]
    result = json.loads(result_file.read_text())
    assert [worker["state"] for worker in result["workers"]] == ["finished", "finished"]
    assert all(worker["started"] > 0 for worker in result["workers"])


class _Collector(BaseHTTPRequestHandler):
    """Keeps the metrics that it is sent."""

    received: list[ExportMetricsServiceRequest]

    def do_POST(self) -> None:
        """Take one export."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            import gzip

            body = gzip.decompress(body)
        self.received.append(ExportMetricsServiceRequest.FromString(body))
        answer = ExportMetricsServiceResponse().SerializeToString()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


@pytest.fixture
def collector() -> Iterator[tuple[str, list[ExportMetricsServiceRequest]]]:
    """Return the address of an OpenTelemetry collector, and what it receives."""
    received: list[ExportMetricsServiceRequest] = []
    kind = type("Collector", (_Collector,), {"received": received})
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}", received
        listening.shutdown()


def test_metrics_for_a_collector(collector: tuple[str, list[ExportMetricsServiceRequest]]) -> None:
    """`--otel` exports durations in buckets that tell a server of 60 ms from one of 300 ms."""
    url, received = collector
    with calibrated("fixed,delay=60ms") as calibration:
        words = ("--rate", "40", "--users", "10", *SHORT, "--otel", url)
        code, said = _done(_started("memconform", "load", calibration.url, *words))
    assert code in FINE, said
    points = [
        point
        for request in received
        for resource in request.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        if metric.name == "locust.client.duration"
        for point in metric.exponential_histogram.data_points
        if any(each.key == "name" and each.value.string_value == "search" for each in point.attributes)
    ]
    assert points, said
    last = max(points, key=lambda point: point.count)
    base = 2 ** (2**-last.scale)
    fullest = max(range(len(last.positive.bucket_counts)), key=lambda at: last.positive.bucket_counts[at])
    middle = base ** (last.positive.offset + fullest + 0.5)
    assert base < 1.3
    assert 0.055 < middle < 0.08


def test_help_tells_every_option() -> None:
    """`memconform load --help` shows the options of a run, examples and the other commands, without loading Locust."""
    code, said = _done(_started("memconform", "load", "--help"))
    assert code == 0
    assert {"--scenario", "--slo", "--plugin", "--yes-i-own-this-target"} <= set(re.findall(r"--[a-z-]+", said))
    assert "selfcheck" in said
    loaded = "import memconform_load.cli.run, sys; sys.exit('locust' in sys.modules or 'gevent' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", loaded]).returncode == 0
    assert (content_root() / "loadtests" / "scenarios").is_dir()
