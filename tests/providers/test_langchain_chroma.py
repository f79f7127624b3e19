"""The bridge to LangChain's Chroma over a real Chroma server: it is asked who it is, it may die, and it may hang."""

from __future__ import annotations

import http.server
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from memconform_server.store import CannotOpen, Draft, SearchQuery, Unavailable
from memconform_server.stores import Opening, open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from memconform_server.store import MemoryStore

pytestmark = [
    pytest.mark.provider,
    pytest.mark.skipif(find_spec("chromadb") is None, reason="needs the extra `langchain`"),
    pytest.mark.filterwarnings("ignore:legacy embedding function config:DeprecationWarning"),
]

WHO = "public"
ANNA = {"user_id": "anna"}


@contextmanager
def chroma(folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run Chroma's server on a free port until the block ends; give its address and its process."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    program = Path(sys.executable).parent / "chroma"
    words = [str(program), "run", "--host", "127.0.0.1", "--port", str(port), "--path", str(folder)]
    environment = {"ANONYMIZED_TELEMETRY": "false", "HOME": str(folder)}
    with subprocess.Popen(
        words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL
    ) as process:
        try:
            until = time.monotonic() + 60
            while time.monotonic() < until:
                try:
                    httpx.get(f"http://127.0.0.1:{port}/api/v2/heartbeat", trust_env=False)
                    break
                except httpx.TransportError:
                    time.sleep(0.1)
            yield f"http://127.0.0.1:{port}", process
        finally:
            process.kill()


def opened(url: str, **options: str) -> MemoryStore:
    """Open the bridge to a server."""
    return open_store("langchain", Opening(options={"backend": "chroma", "chroma_url": url, **options}))


def test_a_life_of_a_memory_over_the_server_and_its_death(tmp_path: Path) -> None:
    """Memories of one collection are there for a second bridge, not in another collection; without the server: 503."""
    with chroma(tmp_path) as (url, process):
        store = opened(url)
        memory = store.add(WHO, Draft("I like green tea", ANNA, {"topic": "drinks", "cups": 2}))
        assert store.get(WHO, memory.id) == memory
        assert list(store.list(WHO, ANNA, 5, None).items) == [memory]
        assert [hit.memory for hit in store.search(WHO, SearchQuery("tea", ANNA, 5))] == [memory]
        assert opened(url).get(WHO, memory.id) == memory
        assert opened(url, collection="another").get(WHO, memory.id) is None
        assert store.delete(WHO, memory.id) is True

        process.kill()
        process.wait()
        with pytest.raises(Unavailable, match="Chroma cannot be reached"):
            store.add(WHO, Draft("x", ANNA))
        with pytest.raises(CannotOpen, match=r"Chroma cannot be reached at http://127.* correct"):
            opened(url)


class _Elsewhere(http.server.BaseHTTPRequestHandler):
    """Somebody else: answers everything with 200 and JSON, or not at all, and writes down what it was asked."""

    asked: list[str]
    silent = threading.Event()

    def do_GET(self) -> None:
        """Answer."""
        self.asked.append(f"{self.command} {self.path}")
        if self.silent.is_set():
            time.sleep(2)
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"hello": "world"}')

    def do_POST(self) -> None:
        """Answer."""
        self.do_GET()

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@contextmanager
def elsewhere() -> Iterator[tuple[str, type[_Elsewhere]]]:
    """Run such a server until the block ends."""
    handler = type("Handler", (_Elsewhere,), {"asked": [], "silent": threading.Event()})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", handler
        server.shutdown()


def test_nothing_is_written_to_somebody_else() -> None:
    """What answers and is not Chroma is asked for its heartbeat, and nothing more."""
    with elsewhere() as (url, handler):
        with pytest.raises(CannotOpen, match=r"is not Chroma: .* nothing was written"):
            opened(url)
        assert handler.asked == ["GET /api/v2/heartbeat"]


def test_a_server_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chroma's own client would wait for ever; the bridge waits for its deadline, and says so."""
    from memconform_server.stores.langchain import chroma as bridge

    monkeypatch.setattr(bridge, "DEADLINE_S", 0.5)
    with chroma(tmp_path) as (url, _), elsewhere() as (silent, handler):
        store = opened(url)
        handler.silent.set()
        server = store._vectors._client._server  # type: ignore[attr-defined]
        server._api_url = f"{silent}/api/v2"  # stands for a server that stops answering
        started = time.monotonic()
        with pytest.raises(Unavailable, match=r"no whole answer within 0\.5 s"):
            store.get(WHO, "x")
        assert time.monotonic() - started < 2


def test_the_key_is_sent_and_shown_nowhere(tmp_path: Path) -> None:
    """It goes along in Chroma's own header, with each request, and is in no message."""
    with chroma(tmp_path) as (url, _):
        opening = Opening(options={"backend": "chroma", "chroma_url": url}, key="secret-7")
        store = open_store("langchain", opening)
        assert store._vectors._client._server._session.headers["x-chroma-token"] == "secret-7"  # type: ignore[attr-defined]
        assert "secret-7" not in repr(opening)
    with pytest.raises(CannotOpen) as refused:
        open_store("langchain", opening)
    assert "secret-7" not in str(refused.value)
