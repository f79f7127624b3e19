"""`memconform proxy`: stands between any client and any server, and draws a verdict on both from their traffic."""

from __future__ import annotations

import ipaddress
import json
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from memconform.capabilities import Capabilities
from memconform.cli.options import JSON_FILE
from memconform.clients.wire.front import Front
from memconform.clients.wire.judging import Judging
from memconform.clients.wire.proxied import Proxied, conclude
from memconform.clients.wire.watch import Watch
from memconform.exchange import Sent
from memconform.http import Target, Unanswered, Wire
from memconform.report.files import write_json
from memconform.settings import RunSettings, UsageError
from memconform.verdict import ExitCode

_LAST_REQUESTS_S = 5.0
"""How long requests in progress have to end when the proxy is stopped, in seconds."""


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.option("--upstream", required=True, metavar="URL", help="The memory server, the address before /v1.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port to listen on; 0 takes a free one.")
@click.option("--host", default="127.0.0.1", help="Address to listen on; any but loopback lets others in.")
@click.option("--ca", "ca_file", metavar="FILE", help="Certificate authority to trust, PEM.")
@click.option("--timeout", type=click.FloatRange(0.1, 3600), default=60.0, help="Seconds until an answer must begin.")
@click.option("--for", "seconds", type=click.FloatRange(min=0, min_open=True), help="Stop after so many seconds.")
@click.option("--requests", type=click.IntRange(min=1), help="Stop after so many requests.")
@JSON_FILE
@click.option("--strict", is_flag=True, help="Let warnings, about what only SHOULD be, end with exit code 1 too.")
def command(upstream: str, json_file: Path | None, *, strict: bool, **options: Any) -> None:
    """Pass everything on between a client and the memory server at URL, and judge both by their traffic.

    Point the client at the address that is printed; stop with Ctrl-C. Of what passes by, counts and findings are kept,
    no texts and no keys. Exit codes: 0 nothing held against either; 1 findings; 2 usage, or nothing seen; 3 the server
    is unreachable; 4 the harness failed.

    \b
    memconform proxy --upstream http://127.0.0.1:8765
    memconform proxy --upstream https://memory.example --port 9000 --json traffic.json
    """  # noqa: D301 - click reads the backspace
    try:
        target = RunSettings(upstream, timeout=options["timeout"], ca_file=options["ca_file"]).target()
        _check_file(json_file)
        capabilities = _capabilities(target)
    except UsageError as error:
        raise click.UsageError(str(error)) from None
    except Unanswered as error:
        click.echo(f"memconform: {error.detail}; start the server before the proxy.", err=True)
        sys.exit(ExitCode.UNREACHABLE)
    result, errors = _watched(target, capabilities, **options)
    for line in result.lines():
        click.echo(line)
    if json_file is not None:
        write_json(json_file, result.to_json())
    for failure in errors[:3]:
        click.echo(f"memconform: it failed itself: {type(failure).__name__}: {result.redact(str(failure))}", err=True)
    sys.exit(ExitCode.HARNESS if errors else _exit_code(result, strict=strict))


def _watched(
    target: Target, capabilities: Capabilities, *, seconds: float | None, requests: int | None, **options: Any
) -> tuple[Proxied, list[Exception]]:
    """Serve until it is time to stop; return the conclusions and errors of our own."""
    base_path = urlsplit(target.url).path
    judging = Judging(Watch(base_path, capabilities), tell=click.echo)
    front = Front(
        target.url,
        base_path=base_path,
        host=options["host"],
        port=options["port"],
        ca_file=options["ca_file"],
        timeout_s=options["timeout"],
        kept=0,
        on_end=judging.take,
    )
    began = time.monotonic()
    with _stopped() as stop:
        try:
            front.open()
        except OSError as error:
            raise click.UsageError(f"cannot listen on {options['host']}: {error.strerror or error}") from None
        with judging:
            _announce(front, target.url, options["host"])
            while not stop.wait(0.05):
                if seconds is not None and time.monotonic() - began >= seconds:
                    break
                if requests is not None and judging.taken >= requests:
                    break
            front.stop_listening()
            front.wait_idle(_LAST_REQUESTS_S)
            front.close()
    lasted = time.monotonic() - began
    return conclude(judging.watch, front, target.url, lasted, judging.redact), [*front.errors, *judging.errors]


def _announce(front: Front, upstream: str, host: str) -> None:
    click.echo(f"memconform proxy listens on {front.url} and passes on to {upstream}; Ctrl-C ends it with the verdict")
    if not _is_loopback(host):
        click.echo(f"  note: whoever can reach {host} can now use the server through this proxy, without TLS")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _capabilities(target: Target) -> Capabilities:
    """Return what the server declares, core where that is nothing usable; raise `Unanswered` where nobody answers."""
    wire = Wire(target)
    try:
        _, received = wire.send(Sent("GET", f"{target.url}/v1/capabilities"), {}, "proxy")
        document = json.loads(received.body)
    except ValueError:
        document = None
    finally:
        wire.close()
    return Capabilities(document if isinstance(document, dict) else {})


@contextmanager
def _stopped() -> Iterator[threading.Event]:
    """Yield an event that SIGINT and SIGTERM set; a second SIGINT interrupts as usual."""
    stop = threading.Event()
    previous = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def ask(*_: object) -> None:
        signal.signal(signal.SIGINT, previous[signal.SIGINT])
        stop.set()

    for number in previous:
        signal.signal(number, ask)
    try:
        yield stop
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _exit_code(result: Proxied, *, strict: bool) -> int:
    watch = result.watch
    if not watch.requests:
        click.echo("memconform: no request came; point the client at the proxy's address.", err=True)
        return ExitCode.USAGE
    if watch.unreachable == watch.requests:
        click.echo("memconform: the server answered none of the requests; is it still there?", err=True)
        return ExitCode.UNREACHABLE
    return ExitCode.NOT_CONFORMANT if any(result.held) or (strict and result.warned) else ExitCode.CONFORMANT


def _check_file(path: Path | None) -> None:
    """Refuse a result file that cannot be written before the traffic, not after it."""
    if path is None:
        return
    existed = path.exists()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a"):
            pass
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None
    if not existed:
        path.unlink()
