"""CORE-27: what betrays a server's insides is seen, and what is innocent is not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from memconform.exchange import Exchange, Received, Sent
from memconform.insides import insides

KEY = "the-key-of-alice"
HERE = "http://127.0.0.1:1/v1/memories"


def seen(
    body: bytes | dict[str, Any] = b"",
    *,
    status: int = 500,
    headers: tuple[tuple[str, str], ...] = (),
    url: str = HERE,
    sent: bytes = b"",
    sent_headers: tuple[tuple[str, str], ...] = (),
) -> list[str]:
    """Return what is seen in an answer."""
    raw = json.dumps(body).encode() if isinstance(body, dict) else body
    received = Received(status, headers, raw)
    return list(insides(Exchange(Sent("POST", url, sent_headers, sent), received, 0, 0), [KEY]))


def problem(detail: str, **members: Any) -> dict[str, Any]:
    """Return a problem that says this."""
    return {"type": "about:blank", "status": 500, "title": "Internal Server Error", "detail": detail, **members}


LEAKS = {
    "a Python stack trace": 'Traceback (most recent call last):\n  File "app.py", line 3, in get\nKeyError: 1',
    "a Java or JavaScript stack trace": "at com.example.Store.get(Store.java:42)",
    "a Go stack trace": "goroutine 1 [running]:\nmain.main()",
    "a Rust panic": "thread 'main' panicked at src/main.rs:2",
    "an SQL statement": "syntax error in SELECT id, content FROM memories WHERE id = ''",
    "a database driver's error": "sqlite3.OperationalError: no such column: x",
    "a file path": "cannot open /home/deploy/app/memories.db",
}


@pytest.mark.parametrize(("sign", "text"), LEAKS.items(), ids=list(LEAKS))
def test_each_sign_is_found_in_body_and_header(sign: str, text: str) -> None:
    """A leak is named and placed, wherever it stands: in any member of a problem, in plain text, in a header."""
    assert any(said.startswith(f"{sign} in the body") for said in seen(problem(text)))
    assert any(said.startswith(sign) for said in seen(problem("x", errors=[{"pointer": "", "detail": text}])))
    assert any(said.startswith(sign) for said in seen(problem("x", debug={text: 1})))
    assert any(said.startswith(sign) for said in seen(text.encode(), status=400))
    one_line = text.replace("\n", " ")
    assert any(said.startswith(f"{sign} in the header X-Debug") for said in seen(headers=(("X-Debug", one_line),)))


@pytest.mark.parametrize(
    "text",
    [
        "at Object.<anonymous> (/srv/app/dist/server.js:10:3)",
        "INSERT INTO memories VALUES (?, ?)",
        "UPDATE memories SET content = ?",
        "DELETE FROM memories",
        'psycopg.errors.UniqueViolation: duplicate key value violates "memories_pkey"',
        "SQLSTATE[23000]",
        "lib/python3.11/site-packages/starlette/routing.py",
        r"C:\Users\deploy\app\memories.db",
        "/usr/lib/python3/x.py",
        "/Users/anna/memories/app.py",
    ],
)
def test_other_spellings_are_found(text: str) -> None:
    """The sign is not tied to one language or one statement."""
    assert seen(problem(text))


def test_credentials_are_found_in_errors_and_headers() -> None:
    """A problem or a header that repeats the key is a leak, even one of a refusal."""
    assert seen(problem(f"the key {KEY} is unknown"), status=401) == ["the credentials in the body"]
    assert seen(status=200, headers=(("X-Debug-Auth", f"Bearer {KEY}"),)) == [
        "the credentials in the header X-Debug-Auth"
    ]


INNOCENT: dict[str, bytes | dict[str, Any]] = {
    "prose that selects": problem("please select a scope from the list of scopes"),
    "prose that updates": problem("update the memory and set its content"),
    "prose that deletes": problem("could not delete from the store"),
    "prose about files": problem("at least one of user_id/agent_id/app_id is needed (see /v1/memories)"),
    "a type with a path": {**problem("x"), "type": "https://errors.example/home/memory/problems/x"},
    "an instance with a path": problem("x", instance="/srv/memory/requests/42"),
    "a URL path": problem("there is no /v1/memories/abc/history here"),
    "a JSON pointer": problem("x", errors=[{"pointer": "/metadata/home/x", "detail": "too deep"}]),
    "a time": problem("expected something like 2026-01-01T00:00:00Z"),
    "at a number": problem("malformed JSON at line 3, column 7 (char 40)"),
    "no problem at all": b"",
    "html": b"<html><body><h1>404 Not Found</h1><hr>nginx/1.25</body></html>",
    "an array": b"[]",
    "broken JSON": b'{"detail": ',
    "deep JSON": b"[" * 100_000,
    "binary": bytes(range(256)),
}


@pytest.mark.parametrize("name", INNOCENT)
@pytest.mark.parametrize("status", [400, 404, 500])
def test_innocent_problems_are_left_alone(name: str, status: int) -> None:
    """No prose, address or oddity is taken for a leak."""
    assert seen(INNOCENT[name], status=status) == []


def test_memories_themselves_are_not_scanned() -> None:
    """What a user stored comes back in a 200 whatever it looks like."""
    assert seen({"content": 'File "x.py", line 3 /home/anna/secret SELECT a FROM b'}, status=200) == []


def test_addresses_in_headers_are_not_scanned() -> None:
    """Location and Link hold addresses of the API, however the server is mounted."""
    for name in ("Location", "Content-Location", "Link", "location"):
        assert seen(status=201, headers=((name, "/srv/memory/v1/memories/abc"),)) == []


HOSTILE = (
    "/home/anna/../../etc/passwd",
    "' UNION SELECT content FROM memories --",
    'File "x", line 3',
    "/usr/local/a+b/c d",
)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("cut", [None, -4])
def test_an_echo_is_no_leak(text: str, cut: int | None) -> None:
    """A server may repeat what the request said: from the path, the query, a header, the body, also cut short."""
    from urllib.parse import quote, quote_plus

    answer = problem(f"there is no memory {text[:cut]!r}" if "'" not in text else f"unknown: {text[:cut]}")
    assert seen(answer, url=f"{HERE}/{quote(text, safe='')}") == []
    assert seen(answer, url=f"{HERE}?user_id={quote_plus(text)}") == []
    assert seen(answer, sent=json.dumps({"scope": {"user_id": text}}).encode()) == []
    assert seen(answer, sent=json.dumps({text: 1}).encode()) == []
    assert seen(answer, sent_headers=(("Idempotency-Key", text),)) == []


def test_more_than_the_echo_is_a_leak() -> None:
    """A path that only begins like what was asked for is still a leak."""
    answer = problem("cannot open /home/anna/data/memories.db")
    assert seen(answer, url=f"{HERE}/%2Fhome%2Fanna%2Fdata") != []


def test_silence_shows_nothing() -> None:
    """A request without an answer shows no insides."""
    assert list(insides(Exchange(Sent("GET", HERE), None, 0, 0), [KEY])) == []
