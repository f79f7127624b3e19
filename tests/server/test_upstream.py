"""How a bridge calls its provider: who is to blame is told from what comes back, and nothing hangs or leaks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from memconform.ports import free_port
from memconform_server.store import CannotOpen, Refused, StoreError, Unavailable
from memconform_server.upstream import Reply, Upstream, UpstreamSaid, cursor_key

KEY = "secret-key-of-the-operator"


class Provider(BaseHTTPRequestHandler):
    """Answers by the path that is asked for."""

    protocol_version = "HTTP/1.1"
    seen: list[tuple[str, str | None]]

    def do_GET(self) -> None:
        """/status/N answers N; the others have a habit each."""
        self.seen.append((self.path, self.headers.get("Authorization")))
        _, habit, *rest = self.path.split("/")
        if habit == "status":
            self._answer(int(rest[0]), b'{"said": "x"}')
        elif habit == "moved":
            self._answer(302, b"", Location="/status/200")
        elif habit == "text":
            self._answer(200, b"<html>Welcome</html>")
        elif habit == "drips":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            for _ in range(40):
                self.wfile.write(b"x")
                time.sleep(0.05)
        elif habit == "breaks-off":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.close_connection = True
        else:
            time.sleep(2)

    do_POST = do_GET  # noqa: N815 - the base class looks it up by this name

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """Does not tell of clients that went away."""

    def handle_error(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """Serve the provider; its client has a deadline of half a second."""
    Provider.seen = []
    with Server(("127.0.0.1", 0), Provider) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        client = Upstream("Mnemosyne", url, headers={"Authorization": f"Bearer {KEY}"}, deadline_s=0.5)
        yield client
        client.close()
        server.shutdown()


def test_an_expected_status_is_an_answer(upstream: Upstream) -> None:
    """What the bridge takes comes back whole, with the key sent along."""
    reply = upstream.ask("GET", "/status/404", takes=(200, 404))
    assert (reply.status, reply.json()) == (404, {"said": "x"})
    assert Provider.seen == [("/status/404", f"Bearer {KEY}")]


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_refusal_is_the_providers(upstream: Upstream, status: int) -> None:
    """What the provider will not take is a 422 of its own, at the member that the bridge names."""
    with pytest.raises(Refused) as refused:
        upstream.ask("POST", f"/status/{status}", body={}, pointer="/content")
    assert (refused.value.pointer, refused.value.by_provider) == ("/content", True)


@pytest.mark.parametrize("status", [429, 503])
def test_a_provider_that_has_no_time_is_unavailable(upstream: Upstream, status: int) -> None:
    """Too many requests, and not now, pass; they are no fault of the request."""
    with pytest.raises(Unavailable):
        upstream.ask("GET", f"/status/{status}")


@pytest.mark.parametrize("path", ["/status/500", "/status/404", "/status/401", "/moved"])
def test_another_status_is_the_providers_failure(upstream: Upstream, path: str) -> None:
    """It is kept for the bridge; no redirect is followed with the key."""
    with pytest.raises(UpstreamSaid) as said:
        upstream.ask("GET", path)
    assert said.value.reply.status in (500, 404, 401, 302)
    assert len(Provider.seen) == 1
    assert KEY not in str(said.value)


@pytest.mark.parametrize("habit", ["silent", "drips", "breaks-off"])
def test_no_whole_answer_is_unavailable_in_time(upstream: Upstream, habit: str) -> None:
    """Silence, one byte at a time and a broken answer end by the deadline, and are asked once."""
    began = time.monotonic()
    with pytest.raises(Unavailable):
        upstream.ask("GET", f"/{habit}/")
    assert time.monotonic() - began < 1.9
    assert len(Provider.seen) == 1


def test_an_answer_that_is_no_json_is_the_providers_failure(upstream: Upstream) -> None:
    """A web page where JSON was due is an error, without its content."""
    with pytest.raises(StoreError) as failed:
        upstream.ask("GET", "/text/").json()
    assert "Welcome" not in str(failed.value)


@pytest.mark.parametrize(
    ("path", "recognised", "message"),
    [
        (
            "/text/",
            lambda reply: reply.json()["product"] == "mnemosyne",
            r"is not Mnemosyne.*Welcome.*nothing was written",
        ),
        ("/status/200", lambda reply: reply.json()["product"] == "mnemosyne", r"is not Mnemosyne"),
        ("/status/401", lambda _: True, r"does not accept the key \(401\).*MEMCONFORM_UPSTREAM_API_KEY"),
        ("/silent/", lambda _: True, r"cannot be reached.*no whole answer within 0\.5 s.*--upstream"),
    ],
)
def test_a_wrong_listener_is_told_before_anything_is_written(
    upstream: Upstream, path: str, recognised: Callable[[Reply], bool], message: str
) -> None:
    """Another product, a refused key and silence are told apart, with what to do, and without the key."""
    with pytest.raises(CannotOpen, match=message) as error:
        upstream.identify(path, recognised)
    assert KEY not in str(error.value)


def test_nobody_listening_is_told() -> None:
    """A port where nothing listens is named with the address."""
    client = Upstream("Mnemosyne", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(CannotOpen, match=r"cannot be reached at http://127\.0\.0\.1:\d+: nothing listens there"):
        client.identify("/", lambda _: True)
    client.close()


def test_the_cursors_of_a_provider_outlive_the_bridge() -> None:
    """The same provider and key give the same cursors; others give others."""
    assert cursor_key("a", "b") == cursor_key("a", "b") != cursor_key("ab", "")
    assert len(cursor_key()) == 32
