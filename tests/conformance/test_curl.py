"""The command in a finding sends what the judge sent: byte for byte, and without the secret."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from memconform.exchange import Exchange, Sent
from memconform.http import Target, Wire
from memconform.ledger import Ledger
from memconform.memory_api import MemoryApi, Principal
from memconform.recorder import Recorder
from memconform.report.finding import finding_lines

KEY = "a-key-that-nobody-may-see"
_OUR_OWN = {"accept", "accept-encoding", "user-agent", "host", "connection", "content-length"}

Seen = tuple[str, str, dict[str, str], bytes]


@dataclass
class Recording:
    """What a server received: request line, headers that matter, body."""

    url: str
    seen: list[Seen] = field(default_factory=list)


@pytest.fixture
def recording() -> Iterator[Recording]:
    """Serve 200 to everything and remember it."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items() if name.lower() not in _OUR_OWN}
            record.seen.append((self.command, self.path, headers, body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the signature of http.server
            pass

    for method in ("GET", "POST", "PUT", "DELETE", "HEAD", "PATCH"):
        setattr(Handler, f"do_{method}", Handler.answer)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    record = Recording(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield record
    server.shutdown()
    thread.join()
    server.server_close()


def api(url: str, recorder: Recorder, ledger: Ledger) -> MemoryApi:
    """Return a client as a test has it."""
    return MemoryApi(Wire(Target(url)), recorder, Principal("first", KEY), ledger)


@pytest.fixture
def memory(recording: Recording, tmp_path: object) -> Iterator[MemoryApi]:
    """Return a client of the recording server."""
    client = api(recording.url, Recorder(1000, lambda _: []), Ledger(tmp_path / "ledger", recording.url))  # type: ignore[operator]  # a Path
    yield client
    client.wire.close()
    client.ledger.close(done=True)


def run_curl(command: str) -> None:
    """Run the command as a reader would, in bash, with the key in the environment."""
    done = subprocess.run(
        ["bash", "-c", command], env={**os.environ, "MEMCONFORM_API_KEY": KEY}, capture_output=True, timeout=10
    )
    assert done.returncode == 0, (command, done.stderr)


BODIES = {
    "json": b'{"content": "I use pnpm, never npm"}',
    "quotes": b"""{"content": "it's \\"so\\" `here` $HOME $(id) \\\\ !! %s %% \\\\n"}""",
    "emoji and accents": '{"content": "👩‍👩‍👧 Zoë Zoe\u0308 \u202e"}'.encode(),
    "line feeds and tabs": b"line one\r\nline two\n\ttabbed\n",
    "controls": bytes(range(1, 32)) + b"\x7f",
    "invalid UTF-8": b'{"content": "\xff\xfe\xc3("}',
    "lone surrogate": b'"\xed\xa0\x80"',
    "looks like a file": b"@/etc/hostname",
    "looks like standard input": b"@-",
    "looks like an option": b"--insecure -d x",
    "NUL": b'{"content": "a\0b"}',
    "NUL among everything": bytes(range(256)) + b"%d \\x41 '\0001",
    "every single byte": b"".join(bytes([byte, 0x41]) for byte in range(1, 256)),
}


@pytest.mark.parametrize("name", BODIES)
def test_bodies_arrive_byte_for_byte(recording: Recording, memory: MemoryApi, name: str) -> None:
    """Whatever the body holds, bash and curl send the very same request again."""
    answer = memory.request("POST", "/v1/memories", content=BODIES[name])
    run_curl(answer.exchange.curl())
    first, second = recording.seen
    assert first[3] == BODIES[name]
    assert second == first


@pytest.mark.parametrize(
    "path",
    [
        "/v1/memories/..",
        "/v1/memories/../../etc/passwd",
        "/v1/memories/%2e%2e%2f%00%27%22",
        "/v1/memories/[1-3]{a,b}",
        "/v1/memories/a b'c\"d\\e$(id)`id`&;|<>",
        "/v1/memories/" + "ü👩‍👧",
        "/v1/memories?user_id=a+b%26c&user_id=x",
        "/v1/memories?user_id=[1-3]&cursor={a,b}",
        "/v1//memories/./x",
        "/v1/memories/\x1b[31m\x07",
    ],
)
def test_paths_arrive_as_they_were_sent(recording: Recording, memory: MemoryApi, path: str) -> None:
    """No part on the way resolves dots, expands brackets or runs what a path says."""
    answer = memory.request("GET", path)
    run_curl(answer.exchange.curl())
    first, second = recording.seen
    assert second == first
    assert first[1].startswith(path.split(" ", maxsplit=1)[0].split("\x1b", maxsplit=1)[0].split("ü", maxsplit=1)[0])


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "PUT", "PATCH"])
@pytest.mark.parametrize("body", [b"", b'{"a": 1}'])
def test_methods_arrive_with_and_without_a_body(
    recording: Recording, memory: MemoryApi, method: str, body: bytes
) -> None:
    """Every method is sent again as itself."""
    if method == "HEAD" and body:
        pytest.skip("nobody sends HEAD with a body")
    answer = memory.request(method, "/v1/memories/x", content=body or None)
    run_curl(answer.exchange.curl())
    first, second = recording.seen
    assert second == first


def test_headers_arrive_also_empty_and_strange_ones(recording: Recording, memory: MemoryApi) -> None:
    """Headers keep their values; curl adds no media type of its own."""
    headers = {"Idempotency-Key": 'it\'s "1" $HOME', "X-Empty": "", "X-Emoji": "naïve", "Content-Type": "text/plain"}
    answer = memory.request("POST", "/v1/memories", content=b"x", headers=headers)
    run_curl(answer.exchange.curl())
    first, second = recording.seen
    assert second == first
    assert first[2]["x-empty"] == ""
    sent = Sent("POST", f"{recording.url}/v1/memories", (), b"without a media type")
    memory.wire.send(sent, {}, "x")
    run_curl(Exchange(sent, None, 0, 0).curl())
    assert "content-type" not in recording.seen[-2][2]
    assert recording.seen[-1] == recording.seen[-2]


def test_the_key_is_a_variable(recording: Recording, memory: MemoryApi) -> None:
    """The command names the variable and never the key; run with the variable it authenticates."""
    answer = memory.request("GET", "/v1/memories")
    command = answer.exchange.curl()
    assert KEY not in command
    assert "$MEMCONFORM_API_KEY" in command
    run_curl(command)
    assert recording.seen[1][2]["authorization"] == f"Bearer {KEY}"
    assert KEY not in str(answer.exchange.to_json())


def test_own_headers_are_redacted() -> None:
    """A header of the user's is named, its value is not, and its name runs no command."""
    sent = Sent("GET", "http://127.0.0.1:1/", secrets=(("X-Tenant$(id)`id`", "[redacted]"),))
    command = Exchange(sent, None, 0, 0).curl()
    assert "$(id)" not in command.replace(r"\$(id)", "")
    assert r"\`id\`" in command


def test_nothing_printed_steers_a_terminal() -> None:
    """No control character of a request is printed raw, wherever it stands."""
    hostile = "\x1b]0;pwned\x07\x1b[2J\u202e"
    sent = Sent("POST", f"http://127.0.0.1:1/{hostile}", (("X", hostile),), hostile.encode())
    assert Exchange(sent, None, 0, 0).curl().isprintable()
    record = {"expected": hostile, "observed": hostile, "reason": f"a\n{hostile}", "exchanges": []}
    row = {"id": "CORE-13", "level": "MUST", "statement": hostile}
    for line in finding_lines(record, row, "memconform check"):
        assert line.isprintable()
    with_nul = replace(sent, body=b"\0" + hostile.encode())
    assert Exchange(with_nul, None, 0, 0).curl().isprintable()


def test_long_bodies_are_cut_and_say_so() -> None:
    """A megabyte of body does not fill the report."""
    exchange = Exchange(Sent("POST", "http://127.0.0.1:1/", (), b"x" * 1_000_000), None, 0, 0)
    assert len(exchange.curl()) < 500
    assert "1000000 bytes" in exchange.curl()
    assert exchange.to_json()["request"]["body_bytes"] == 1_000_000
    assert len(exchange.to_json()["request"]["body"]) == 2000
