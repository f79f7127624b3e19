"""Checking credentials: a message of its own for each cause, and TLS as strict as it should be."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from memory_api.checking import check
from memory_api.client import MemoryClient
from memory_api.deadline import Deadline
from memory_api.failures import MemoryFailure
from tests.listening import listening

from .authority import Authority, new_authority
from .scripted_server import Received, Script, Scripted, always, reply, scripted, settings_at

CAPABILITIES = {
    "contract": "1.3",
    "service": {"name": "x", "version": "1"},
    "profiles": ["core", "com.example.unheard-of"],
    "more": {"of": "this"},
}
PAGE: dict[str, object] = {"items": [], "next_cursor": None}


def serving(capabilities: bytes | None = None, listing: bytes | None = None, key: str | None = None) -> Script:
    """Answer as a memory server that wants a key does, but for what is given."""

    def script(sock: socket.socket, request: Received, _server: Scripted) -> bool:
        if request.target == "/v1/capabilities":
            sock.sendall(capabilities or reply(200, CAPABILITIES))
        elif key is not None and request.headers.get("authorization") != f"Bearer {key}":
            sock.sendall(reply(401, {"status": 401}, {"WWW-Authenticate": "Bearer"}))
        else:
            sock.sendall(listing or reply(200, PAGE))
        return True

    return script


def why_not(credentials: Mapping[str, object]) -> MemoryFailure:
    """Return the failure of a check that has to fail."""
    with pytest.raises(MemoryFailure) as caught:
        check(credentials)
    return caught.value


def at(server: Scripted, **more: object) -> dict[str, object]:
    """Return credentials for a server."""
    return {"base_url": f"http://127.0.0.1:{server.port}", "deadline_s": "2", **more}


def test_right_key_is_accepted() -> None:
    """A server of a later minor version with profiles that nobody knows is fine; it is asked twice."""
    with scripted(serving(key="right-key")) as server:
        check(at(server, api_key="right-key"))
    assert server.urls() == [
        "GET /v1/capabilities",
        "GET /v1/memories?user_id=memory-api-credentials-check&limit=1",
    ]


def test_wrong_key_is_not_accepted() -> None:
    """That the capabilities can be had without a key proves nothing."""
    with scripted(serving(key="right-key")) as server:
        failure = why_not(at(server, api_key="wrong-key-of-mine"))
    assert failure.kind == "unauthorized"
    assert "wrong-key-of-mine" not in str(failure)


CAUSES: dict[str, tuple[Script, str, str]] = {
    "key without rights": (serving(listing=reply(403, {"status": 403})), "forbidden", "may not"),
    "HTML": (
        always(reply(200, None, {"Content-Type": "text/html"}, body=b"<html>Dify</html>")),
        "not_a_memory_server",
        "HTML",
    ),
    "nothing there": (always(reply(404, {"status": 404})), "not_a_memory_server", "404"),
    "other JSON": (serving(capabilities=reply(200, {"hello": "world"})), "not_a_memory_server", "capabilities"),
    "a JSON array": (serving(capabilities=reply(200, [])), "not_a_memory_server", "array"),
    "broken JSON": (serving(capabilities=reply(200, body=b'{"contract":')), "not_a_memory_server", "valid JSON"),
    "version 2": (serving(capabilities=reply(200, {**CAPABILITIES, "contract": "2.0"})), "wrong_version", '"2.0"'),
    "no core": (serving(capabilities=reply(200, {**CAPABILITIES, "profiles": ["search"]})), "not_supported", "core"),
    "redirect": (
        always(reply(307, {}, {"Location": "https://elsewhere.example/v1?token=hidden"})),
        "redirect",
        "https://elsewhere.example/v1",
    ),
    "server error": (always(reply(500, {"status": 500})), "server_error", "500"),
    "broken list": (serving(listing=reply(200, {"items": {}})), "bad_answer", "items"),
    "something that is not HTTP": (always(b"SSH-2.0-OpenSSH\r\n"), "not_a_memory_server", "HTTP"),
    "closes": (lambda _sock, _request, _server: False, "disconnected", "closed the connection"),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_each_cause_has_its_message(cause: str) -> None:
    """The message names what was seen, in a kind of its own, and what to do."""
    script, kind, said = CAUSES[cause]
    with scripted(script) as server:
        failure = why_not(at(server))
    assert failure.kind == kind
    assert said in failure.happened
    assert failure.advice
    assert "token=hidden" not in str(failure)


def test_redirect_is_not_followed() -> None:
    """The key does not go to where a redirect leads."""
    with scripted(always(reply(200, PAGE))) as elsewhere:
        place = f"http://127.0.0.1:{elsewhere.port}/v1/capabilities"
        with scripted(always(reply(302, {}, {"Location": place}))) as server:
            assert why_not(at(server, api_key="a-key")).kind == "redirect"
        assert elsewhere.requests == []


def test_nobody_listens() -> None:
    """A refused connection says so, and what localhost means."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        failure = why_not({"base_url": f"http://127.0.0.1:{unused.getsockname()[1]}"})
    assert failure.kind == "refused"
    assert "host.docker.internal" in failure.advice


def test_unknown_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that does not exist is named."""

    def unknown(*_args: object, **_more: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr("memory_api.deadline_socket.socket.getaddrinfo", unknown)
    failure = why_not({"base_url": "http://memory-servr:8765"})
    assert failure.kind == "name_not_found"
    assert "memory-servr" in failure.happened


def test_missing_settings_are_a_sentence() -> None:
    """No credentials at all are no reason for a KeyError."""
    assert why_not({}).kind == "bad_settings"


def over_tls(server: Scripted, **more: object) -> dict[str, object]:
    """Return credentials for a server over TLS."""
    return at(server, base_url=f"https://localhost:{server.port}", **more)


def test_own_authority_is_trusted_when_given(authority: Authority) -> None:
    """With the authority's certificate in the settings the server is accepted, and calls share a connection."""
    with scripted(serving(), authority.server("DNS:localhost")) as server:
        check(over_tls(server, ca_certificate=authority.pem.replace("\n", " ")))
        check(over_tls(server, ca_certificate=authority.pem))
        assert server.connections == 1


def test_unknown_authority_is_not_trusted(authority: Authority) -> None:
    """Without it the server is not trusted, and the message says where to put it."""
    with scripted(serving(), authority.server("DNS:localhost")) as server:
        failure = why_not(over_tls(server))
    assert failure.kind == "tls"
    assert "not trusted" in failure.happened
    assert "CA certificate" in failure.advice


def test_verified_connection_does_not_serve_other_trust(authority: Authority, tmp_path: Path) -> None:
    """A connection verified under one authority is not handed to a tenant with another one."""
    other = new_authority(tmp_path)
    with scripted(serving(), authority.server("DNS:localhost")) as server:
        check(over_tls(server, ca_certificate=authority.pem))
        assert why_not(over_tls(server, ca_certificate=other.pem)).kind == "tls"
        assert why_not(over_tls(server)).kind == "tls"


@pytest.mark.parametrize(("valid_from", "said"), [(-9, "has expired"), (9, "is not valid yet")])
def test_certificate_out_of_its_time(valid_from: int, said: str, authority: Authority) -> None:
    """An expired certificate is called expired."""
    with scripted(serving(), authority.server("DNS:localhost", timedelta(days=valid_from))) as server:
        failure = why_not(over_tls(server, ca_certificate=authority.pem))
    assert failure.kind == "tls"
    assert said in failure.happened


@pytest.mark.parametrize("url", ["https://localhost:{port}", "https://127.0.0.1:{port}"])
def test_certificate_of_another_host(url: str, authority: Authority) -> None:
    """A certificate for another name, or for no address, is called that."""
    with scripted(serving(), authority.server("DNS:memory.example")) as server:
        failure = why_not(at(server, base_url=url.format(port=server.port), ca_certificate=authority.pem))
    assert failure.kind == "tls"
    assert "is not for" in failure.happened


def test_certificate_for_an_address(authority: Authority) -> None:
    """A server without a name can have a certificate for its address."""
    with scripted(serving(), authority.server("IP:127.0.0.1")) as server:
        check(at(server, base_url=f"https://127.0.0.1:{server.port}", ca_certificate=authority.pem))


def test_https_to_a_plain_server() -> None:
    """Https where http is spoken says so."""

    def plain(sock: socket.socket, _: int) -> None:
        sock.recv(1024)
        sock.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    with listening(plain) as server:
        failure = why_not({"base_url": f"https://127.0.0.1:{server.port}"})
    assert failure.kind == "tls"
    assert "http://" in failure.advice


def test_slow_handshake_is_a_timeout(authority: Authority) -> None:
    """A handshake that drips byte by byte is bounded like everything else."""
    context = authority.server("DNS:localhost")
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    handshake = context.wrap_bio(incoming, outgoing, server_side=True)

    def drip(sock: socket.socket, _: int) -> None:
        incoming.write(sock.recv(65536))
        with suppress(ssl.SSLWantReadError):
            handshake.do_handshake()
        for byte in outgoing.read():
            sock.sendall(bytes([byte]))
            time.sleep(0.05)

    with listening(drip) as server:
        settings = settings_at(server.port, scheme="https", ca_certificate=authority.pem)
        started = time.monotonic()
        with pytest.raises(MemoryFailure) as caught:
            MemoryClient(settings, Deadline(0.8)).capabilities()
        assert time.monotonic() - started < 3.0
    assert caught.value.kind == "timeout"
