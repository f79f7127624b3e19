"""What the front passes on is what the server behind said: as it comes, whole, and with its own problems told apart."""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from tests.listening import Answer, listening

from memconform.clients.wire import (
    FAULTS,
    Changed,
    Front,
    Late,
    Seen,
    refusing_url,
    with_unknown_members,
    with_unknown_profiles,
    with_wrong_media_type,
    with_wrong_types,
)
from memconform.contract import validator
from memconform.exchange import Received
from memconform.sse import EventReader

from .conftest import ALICE
from .raw_client import asked, connected, listened, whole

KEY = {"Authorization": f"Bearer {ALICE}"}
Behind = Callable[..., str]


@pytest.fixture
def behind() -> Iterator[Behind]:
    """Start servers that hand each connection, with its number, to a function."""
    with ExitStack() as running:

        def start(answer: Answer, tls: ssl.SSLContext | None = None) -> str:
            return f"{'https' if tls else 'http'}://127.0.0.1:{running.enter_context(listening(answer, tls)).port}"

        yield start


def request_on(sock: socket.socket) -> bytes:
    """Read one request, body included."""
    data = b""
    while not whole()(data):
        piece = sock.recv(65_536)
        if not piece:
            raise ConnectionError
        data += piece
    return data


def answering(*answers: bytes) -> Answer:
    """Answer the requests of a connection one after another."""

    def answer(sock: socket.socket, _: int) -> None:
        for each in answers:
            request_on(sock)
            sock.sendall(each)

    return answer


def silent(sock: socket.socket, _: int) -> None:
    """Read a request and say nothing for longer than anybody waits."""
    request_on(sock)
    time.sleep(5)


def simple(body: bytes = b"{}", *headers: str) -> bytes:
    """Return an answer."""
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def client(front: Front, **more: str) -> httpx.Client:
    """Return a client of the front with the key of the reference server."""
    return httpx.Client(base_url=front.url, headers={**KEY, **more}, trust_env=False, timeout=10)


def test_a_life_of_a_memory_through_the_front(reference: str) -> None:
    """Adding, reading, changing, deleting: status, header fields and bodies are those of the server."""
    with Front(reference) as front, client(front) as api:
        added = api.post("/v1/memories", json={"content": "tea ☕", "scope": {"user_id": "life"}})
        assert added.status_code == 201
        place = added.headers["Location"]
        read = api.get(place)
        assert read.json() == added.json()
        direct = httpx.get(f"{reference}{place}", headers=KEY, trust_env=False)
        assert direct.content == read.content
        assert {"etag", "content-type", "date", "server-timing"} <= set(read.headers)
        assert api.get(place, headers={"If-None-Match": read.headers["ETag"]}).status_code == 304
        assert api.head(place).status_code in (200, 405)
        assert api.patch(place, json={"content": "coffee"}).json()["content"] == "coffee"
        assert api.delete(place).status_code == 204
        assert api.get(place).status_code == 404
        assert api.get("/v1/memories", params={"user_id": "life"}, headers={"Authorization": "x"}).status_code == 401
        assert front.wait_idle()
        assert len(front.connections) == 1
        assert all(seen.whole and seen.fault is None and seen.added_s is not None for seen in front.seen)
        assert front.seen[0].received is not None
        assert json.loads(front.seen[0].received.body) == added.json()


def test_events_come_through_as_they_happen(reference: str) -> None:
    """A stream of events is not kept back until it ends; the reader that leaves is seen to."""
    with Front(reference) as front, client(front) as api:
        reader = EventReader()
        with api.stream("GET", "/v1/events", params={"user_id": "sse"}) as stream:
            assert stream.status_code == 200
            pieces = stream.iter_bytes()
            for number in (1, 2):
                added = api.post("/v1/memories", json={"content": f"n{number}", "scope": {"user_id": "sse"}}).json()
                while len(reader.events) < number:
                    reader.feed(next(pieces))
                assert reader.events[-1].memory_id == added["id"]
        assert front.wait_idle(5)
        seen = next(seen for seen in front.seen if seen.operation_id == "streamEvents")
        assert seen.cut
        assert seen.received is not None
        assert b"n1" not in seen.received.body
        assert seen.received.body.count(b"data:") == 2


def test_an_export_comes_through(reference: str) -> None:
    """NDJSON is the server's, line for line, and can be imported through the front."""
    with Front(reference) as front, client(front) as api:
        for number in range(3):
            api.post("/v1/memories", json={"content": f"n{number}", "scope": {"user_id": "export"}})
        export = api.get("/v1/export", params={"user_id": "export"})
        assert len(export.content.splitlines()) == 4
        receipt = api.post(
            "/v1/import",
            params={"on_conflict": "skip"},
            content=export.content,
            headers={"Content-Type": "application/x-ndjson"},
        )
        assert receipt.json()["counts"]["skipped"] == 3


def test_only_the_beginning_of_a_large_body_is_kept(behind: Behind) -> None:
    """Both ways a body passes whole, streamed, while the record stays within its bound."""
    got: list[int] = []

    def answer(sock: socket.socket, _: int) -> None:
        got.append(len(request_on(sock).partition(b"\r\n\r\n")[2]))
        sock.sendall(simple(b"y" * 300_000))

    with Front(behind(answer), recorded_bytes=1000) as front:
        answered = httpx.post(f"{front.url}/v1/import", content=b"x" * 500_000, trust_env=False)
        assert front.wait_idle()
        seen = front.seen[0]
    assert got == [500_000]
    assert answered.content == b"y" * 300_000
    assert seen.body_cut
    assert 1000 <= len(seen.body) < 70_000
    assert (seen.received and len(seen.received.body), seen.whole) == (1000, False)


def test_a_large_chunked_request_stays_chunked(behind: Behind) -> None:
    """A body without a length is passed on without one."""
    got: list[bytes] = []

    def answer(sock: socket.socket, _: int) -> None:
        data = b""
        while not data.endswith(b"0\r\n\r\n"):
            data += sock.recv(65_536)
        got.append(data)
        sock.sendall(simple())

    with Front(behind(answer), recorded_bytes=1000) as front:
        pieces = iter([b"x" * 70_000] * 5)
        assert httpx.post(f"{front.url}/v1/import", content=pieces, trust_env=False).status_code == 200
    assert b"transfer-encoding: chunked" in got[0].lower()
    assert got[0].count(b"x" * 1000) >= 300


def test_hop_by_hop_fields_stay_behind(behind: Behind) -> None:
    """What belongs to one connection is not passed on; the host is the server's; the gateway says that it is one."""
    got: list[bytes] = []

    def answer(sock: socket.socket, _: int) -> None:
        got.append(request_on(sock))
        sock.sendall(simple(b"{}", "Connection: X-Hop", "X-Hop: 1", "Keep-Alive: timeout=5", "X-Own: yes"))

    url = behind(answer)
    fields = (b"Host: h", b"Connection: X-Mine, keep-alive", b"X-Mine: 1", b"TE: trailers", b"X-Odd-CASE: a")
    request = b"\r\n".join((b"GET /v1/health HTTP/1.1", *fields)) + b"\r\n\r\n"
    with Front(url) as front:
        heard = asked(front.url, request, enough=whole())
    assert f"Host: {url.removeprefix('http://')}".encode() in got[0]
    assert b"X-Odd-CASE: a\r\n" in got[0]
    assert b"Via: 1.1 memconform" in got[0]
    assert not any(name in got[0].lower() for name in (b"x-mine", b"te: ", b"connection:"))
    assert b"X-Own: yes" in heard.head
    assert not any(name in heard.head.lower() for name in (b"x-hop", b"keep-alive"))


def test_addresses_of_the_server_become_addresses_of_the_front(behind: Behind) -> None:
    """A client that follows Location does not walk past the front; addresses elsewhere stay."""
    places: list[str] = []

    def answer(sock: socket.socket, _: int) -> None:
        for place in places:
            request = request_on(sock)
            assert request.startswith(b"GET /inner/v1/health")
            sock.sendall(simple(b"{}", f"Location: {place}"))

    url = behind(answer)
    places += [f"{url}/inner/v1/x", "/inner/v1/x", "/v1/x", "x", "https://elsewhere.invalid/inner/v1/x"]
    with Front(f"{url}/inner", base_path="/outer") as front, client(front) as api:
        found = [api.get("/v1/health").headers["Location"] for _ in places]
    assert found == [f"{front.root}/outer/v1/x", "/outer/v1/x", *places[2:]]


def test_a_body_that_ends_with_its_connection_is_framed_anew(behind: Behind) -> None:
    """A server of HTTP/1.0 can be behind; the client's connection lives on."""

    def answer(sock: socket.socket, _: int) -> None:
        request_on(sock)
        sock.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{}")
        sock.shutdown(socket.SHUT_WR)

    with Front(behind(answer)) as front, client(front) as api:
        assert [api.get("/v1/health").content for _ in range(3)] == [b"{}"] * 3
        assert len(front.connections) == 1


def test_a_server_that_drops_an_idle_connection_is_asked_again(behind: Behind) -> None:
    """As RFC 9112 section 9.3.1 lets clients do, for then it has not read the request."""
    with Front(behind(answering(simple(b"[1]")))) as front, client(front) as api:
        assert [api.post("/v1/search", content=b"{}").content for _ in range(4)] == [b"[1]"] * 4


def test_nobody_behind_is_a_502_of_our_own() -> None:
    """Refused: a problem that says so and is marked as not the server's."""
    with refusing_url() as url, Front(url) as front:
        answer = httpx.get(f"{front.url}/v1/health", trust_env=False)
        assert front.wait_idle()
    assert answer.status_code == 502
    assert answer.headers["Memory-Answered-By"] == "memconform"
    assert validator("problem").errors(answer.json()) == []
    assert "refused" in answer.json()["detail"].lower()
    assert front.seen[0].problem is not None


def test_silence_behind_is_a_504_in_bounded_time(behind: Behind) -> None:
    """A server that hangs does not hang its clients without end."""
    with Front(behind(silent), timeout_s=0.3) as front:
        began = time.monotonic()
        answer = httpx.get(f"{front.url}/v1/health", trust_env=False)
        assert (answer.status_code, answer.headers["Memory-Answered-By"]) == (504, "memconform")
        assert time.monotonic() - began < 4


@pytest.mark.parametrize("said", [b"SSH-2.0-x\r\n\r\n", b"", b"HTTP/1.1 200"])
def test_no_http_behind_is_a_502(behind: Behind, said: bytes) -> None:
    """Garbage, nothing at all, or half a status line."""

    def answer(sock: socket.socket, _: int) -> None:
        request_on(sock)
        sock.sendall(said)
        sock.shutdown(socket.SHUT_WR)

    with Front(behind(answer)) as front:
        assert httpx.get(f"{front.url}/v1/health", trust_env=False).status_code == 502


def test_an_answer_that_breaks_off_breaks_off_for_the_client(behind: Behind) -> None:
    """Half of a body is never made to look like a whole one."""

    def answer(sock: socket.socket, _: int) -> None:
        request_on(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        time.sleep(0.1)
        sock.shutdown(socket.SHUT_WR)

    with Front(behind(answer)) as front:
        heard = asked(front.url)
        assert front.wait_idle()
        seen = front.seen[0]
    assert heard.ended == "fin"
    assert heard.body == b"5\r\nhello\r\n"
    assert (seen.whole, seen.cut) == (False, False)
    assert "broke" in (seen.problem or "")


def test_a_client_that_leaves_frees_the_server(behind: Behind) -> None:
    """While the server thinks, a client that has gone is noticed and the connection behind is closed."""
    freed = threading.Event()

    def answer(sock: socket.socket, _: int) -> None:
        request_on(sock)
        if sock.recv(1) == b"":
            freed.set()

    with Front(behind(answer)) as front:
        with connected(front.url) as sock:
            sock.sendall(b"GET /v1/health HTTP/1.1\r\nHost: h\r\n\r\n")
            assert front.wait_until(lambda seen: len(seen) == 1)
            time.sleep(0.1)
        assert freed.wait(5)
        assert front.wait_idle()
        assert front.seen[0].cut


def test_an_absolute_target_is_served_by_its_path(behind: Behind) -> None:
    """As RFC 9112 section 3.2.2 asks of servers."""
    with Front(behind(answering(simple(b"[7]")))) as front:
        request = b"GET http://h/v1/health HTTP/1.1\r\nHost: h\r\n\r\n"
        assert asked(front.url, request, enough=whole()).body == b"[7]"


def test_what_is_not_below_the_base_is_not_forwarded(behind: Behind) -> None:
    """The server behind never hears of it."""
    with Front(behind(answering(simple())), base_path="/outer") as front:
        assert httpx.get(f"{front.root}/v1/health", trust_env=False).status_code == 404
        assert asked(front.root, b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", enough=whole()).head.startswith(
            b"HTTP/1.1 404"
        )


def test_an_answer_of_the_server_can_be_changed(reference: str) -> None:
    """Status, header fields and body are the script's, made from the server's."""

    def change(received: Received) -> Received:
        return Received(299, (("X-Was", str(received.status)),), received.body.upper())

    with Front(reference) as front:
        front.script(lambda _: Changed(change))
        answer = httpx.get(f"{front.url}/v1/health", trust_env=False)
        assert (answer.status_code, answer.headers["X-Was"], answer.content) == (299, "200", b'{"STATUS":"OK"}')
        assert front.wait_idle()
        assert front.seen[0].fault == "changed"


def test_unknown_members_are_everywhere_and_break_nothing(reference: str) -> None:
    """The answer has more members in every object that is not the user's, and is still valid."""
    with Front(reference) as front, client(front) as api:
        front.script(lambda _: with_unknown_members())
        added = api.post(
            "/v1/memories", json={"content": "tea", "scope": {"user_id": "more"}, "metadata": {"a": {"b": 1}}}
        ).json()
        assert {"aaa_unknown", "zzz_unknown"} <= set(added)
        assert (added["scope"], added["metadata"]) == ({"user_id": "more"}, {"a": {"b": 1}})
        for name, body in (
            ("memory-page", api.get("/v1/memories", params={"user_id": "more"})),
            ("search-response", api.post("/v1/search", json={"query": "tea", "scope": {"user_id": "more"}})),
            ("capabilities", api.get("/v1/capabilities")),
        ):
            assert validator(name).errors(body.json()) == []
            assert body.text.count("aaa_unknown") >= 2
        assert api.get("/v1/memories/none").json()["status"] == 404


def test_unknown_profiles_wrong_types_and_media_types(reference: str) -> None:
    """Each change does its own thing and nothing else."""
    with Front(reference) as front, client(front) as api:
        plain = api.get("/v1/capabilities").json()
        front.script(lambda _: with_unknown_profiles())
        more = api.get("/v1/capabilities").json()
        assert set(more["profiles"]) > set(plain["profiles"])
        assert validator("capabilities").errors(more) == []
        front.script(lambda _: with_wrong_types())
        wrong = api.get("/v1/capabilities").json()
        assert all(type(wrong[name]) is not type(value) for name, value in plain.items())
        front.script(lambda _: with_wrong_media_type())
        odd = api.get("/v1/capabilities")
        assert (odd.headers["Content-Type"], odd.json()) == ("text/plain", plain)


def test_a_late_answer_of_the_server(reference: str) -> None:
    """`Late` without an answer of its own passes on what the server says."""
    with Front(reference) as front:
        front.script(lambda _: Late(0.2))
        began = time.monotonic()
        assert httpx.get(f"{front.url}/v1/health", trust_env=False).json() == {"status": "ok"}
        assert time.monotonic() - began >= 0.2


def test_a_fault_does_not_reach_the_server(reference: str) -> None:
    """An add that meets a fault of ours is not stored; the next one goes through."""
    with Front(reference) as front, client(front) as api:
        front.when("addMemory", FAULTS["503"]())
        body = {"content": "tea", "scope": {"user_id": "fault"}}
        assert [api.post("/v1/memories", json=body).status_code for _ in range(2)] == [503, 201]
        assert len(api.get("/v1/memories", params={"user_id": "fault"}).json()["items"]) == 1
        assert [seen.fault for seen in _adds(front)] == ["503", None]


def _adds(front: Front) -> list[Seen]:
    assert front.wait_idle()
    return [seen for seen in front.seen if seen.operation_id == "addMemory"]


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Make a certificate for 127.0.0.1 with its key, in one file."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")
    key, file = tmp_path / "key.pem", tmp_path / "certificate.pem"
    words = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=front -addext subjectAltName=IP:127.0.0.1"
    subprocess.run([*words.split(), "-keyout", str(key), "-out", str(file)], check=True, capture_output=True)
    (tmp_path / "both.pem").write_bytes(file.read_bytes() + key.read_bytes())
    return tmp_path / "both.pem"


def test_a_server_behind_tls_is_verified(behind: Behind, certificate: Path) -> None:
    """With its authority the server is trusted, and its stream read to the end; without, the answer says why not."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    url = behind(answering(simple(b"z" * 200_000), simple(b"[2]")), tls)
    with Front(url, ca_file=str(certificate)) as front, client(front) as api:
        assert api.get("/v1/health").content == b"z" * 200_000
        assert api.get("/v1/health").content == b"[2]"
    with Front(url) as front:
        refused = httpx.get(f"{front.url}/v1/health", trust_env=False)
        assert refused.status_code == 502
        assert "self-signed certificate" in refused.json()["detail"]


def test_closing_the_front_frees_waiting_clients(behind: Behind) -> None:
    """The block ends although the server behind is silent."""
    with Front(behind(silent)) as front:
        sock = connected(front.url)
        sock.sendall(b"GET /v1/health HTTP/1.1\r\nHost: h\r\n\r\n")
        assert front.wait_until(lambda seen: len(seen) == 1)
        time.sleep(0.1)
        began = time.monotonic()
    assert time.monotonic() - began < 3
    assert listened(sock).data == b""
    sock.close()
