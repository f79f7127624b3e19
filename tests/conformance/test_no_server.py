"""What a newcomer is told when there is nothing to judge: each message names the mistake and what to do about it."""

from __future__ import annotations

import socket

import pytest
from tests.listening import Answer, listening

from memconform.exchange import Received
from memconform.no_server import broken_off, hint, json_object, why_not_judged
from memconform.session import Session, Unreachable
from memconform.settings import RunSettings, UsageError, checked_url

URL = "http://127.0.0.1:8765"
HTML = (("Content-Type", "text/html; charset=utf-8"),)
JSON = (("Content-Type", "application/json"),)


def both(status: int, headers: tuple[tuple[str, str], ...] = (), body: bytes = b"", url: str = URL) -> str | None:
    """Return what is said of a server that gives one answer to everything."""
    answer = Received(status, headers, body)
    return why_not_judged(url, answer, answer)


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        (both(404, JSON, b'{"detail": "Not Found"}'), "answers, but not as a memory server"),
        (both(404, JSON, b"{}", url=f"{URL}/docs"), f"Without its path it is {URL}."),
        (both(200, HTML, b"<!doctype html>"), "That is a web page"),
        (both(502, HTML), "Is it still starting"),
        (both(503, JSON, b'{"error": "starting"}'), "is not ready"),
        (both(429, JSON, b"{}"), "--rate"),
        (both(400, HTML, b"The plain HTTP request was sent to HTTPS port"), "try https://127.0.0.1:8765."),
        (both(301, (("Location", "https://memory.example/v1/capabilities"),)), "the address https://memory.example i"),
        (both(307, (("Location", "/app/v1/capabilities"),)), f"give the address {URL}/app instead"),
        (both(302, (("Location", "https://login.example/in?next=s3cr3t"),)), "redirects to https://login.example/in:"),
        (both(302, (("Location", "http://[::"),)), "no address that can be read"),
    ],
)  # fmt: skip
def test_the_answers_decide_the_advice(said: str | None, advice: str) -> None:
    """What was seen is in the message, with what it may mean; a query of a redirection, which may be secret, is not."""
    assert advice in (said or "")
    assert "GET /v1/capabilities gave" in (said or "")
    assert "s3cr3t" not in (said or "")


@pytest.mark.parametrize(
    ("health", "capabilities"),
    [
        (Received(200, JSON, b'{"status": "up"}'), Received(500, JSON, b"{}")),
        (Received(200, JSON, b'{"status": "up"}'), Received(404, HTML, b"")),
        (Received(500, JSON, b"{}"), Received(400, JSON, b"{}")),
        (Received(404, JSON, b"{}"), Received(418, JSON, b'{"title": "no"}')),
    ],
)
def test_a_broken_memory_server_is_judged(health: Received, capabilities: Received) -> None:
    """What is healthy, or answers for its capabilities in JSON, is a memory server, if a wrong one."""
    assert why_not_judged(URL, health, capabilities) is None


@pytest.mark.parametrize(
    ("detail", "url", "advice"),
    [
        ("[Errno 111] Connection refused", URL, "In a container that address is the container itself"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate", URL, "--ca FILE"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] Hostname mismatch, certificate is not valid for 'x'", URL, "another name"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate has expired", URL, "Renew"),
        ("[SSL: WRONG_VERSION_NUMBER]", "https://127.0.0.1:8765", "Try http://"),
    ],
)
def test_the_reason_decides_the_hint(detail: str, url: str, advice: str) -> None:
    """Why no connection could be made says what to try."""
    assert advice in hint(detail, url)


def test_another_machine_is_no_container() -> None:
    """The hint about containers is for addresses of one's own machine only."""
    assert "container" not in hint("[Errno 111] Connection refused", "http://memory.example")


def test_an_answer_that_broke_off_is_one_sentence_after_another() -> None:
    """No full stop twice; https is thought of where it was not used."""
    assert broken_off("it broke off.", URL) == (
        "it broke off. Is it really an HTTP server? If it speaks https, the address begins with https://."
    )
    assert broken_off("it broke off", "https://a") == "it broke off. Is it really an HTTP server?"


def test_what_is_no_json_object_is_none() -> None:
    """Also what Python alone takes for JSON, and what is nested without end."""
    for body in (b"", b"[]", b'{"a": NaN}', b'{"a": ' + b"[" * 500 + b"]" * 500 + b"}", b"\xff"):
        assert json_object(body) is None
    assert json_object(b'{"a": 1}') == {"a": 1}


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("localhost:8765", "did you mean http://localhost:8765?"),
        ("127.0.0.1:8765/tenant", "did you mean http://127.0.0.1:8765/tenant?"),
        ("http:/127.0.0.1:8765", "did you mean http://127.0.0.1:8765?"),
        ("htp://[::1]:8765", "did you mean http://[::1]:8765?"),
        ("memory.example/tenant", "did you mean https://memory.example/tenant?"),
        ("memory", "expected something like"),
        ("file:///etc/passwd", "expected something like"),
        (" http://127.0.0.1:8765", "white space"),
    ],
)
def test_a_misspelt_address_is_understood(given: str, meant: str) -> None:
    """The message has the address that was meant, where that is clear."""
    with pytest.raises(UsageError) as refused:
        checked_url(given)
    assert meant in str(refused.value)


def test_a_key_with_its_scheme_is_understood() -> None:
    """A key that was copied with the word before it."""
    with pytest.raises(UsageError, match="give the key alone"):
        RunSettings(URL).keys({"MEMCONFORM_API_KEY": "Bearer 0123456789"})


def refusing(status: bytes) -> Answer:
    """Return a server that refuses everybody's credentials, without a body."""

    def answer(connection: socket.socket, _: int) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    return answer


@pytest.mark.parametrize(
    ("environment", "headers", "said"),
    [
        ({}, (), "wants credentials, and there are none in $MEMCONFORM_API_KEY (401)"),
        ({"MEMCONFORM_API_KEY": "0123456789"}, (), "refuses the API key in $MEMCONFORM_API_KEY (401)"),
        ({}, ("Authorization: 0123456789",), "refuses the header Authorization (401)"),
    ],
)
def test_a_server_that_is_shut_altogether_wants_a_key(
    environment: dict[str, str], headers: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a matter of credentials, not of another service; the message tells which of them were refused."""
    monkeypatch.delenv("MEMCONFORM_API_KEY", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with listening(refusing(b"401 Unauthorized")) as server:
        session = Session(RunSettings(server.url, timeout=2, headers=headers), "0123abcd")
        with pytest.raises(Unreachable) as refused:
            session.open()
        session.wire.close()
    assert said in str(refused.value)
    assert "0123456789" not in str(refused.value)
