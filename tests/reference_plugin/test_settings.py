"""Credentials: what is taken, and what is refused with a sentence that repeats no secret."""

from __future__ import annotations

import pytest
from memory_api.breakage import failure_of
from memory_api.deadline import Deadline
from memory_api.failures import MemoryFailure
from memory_api.pools import Pools
from memory_api.request import Request, headers, one_segment, target
from memory_api.settings import from_credentials

from .authority import Authority


@pytest.mark.parametrize(
    ("given", "base_url"),
    [
        ("http://memory:8765", "http://memory:8765"),
        ("http://memory:8765/", "http://memory:8765"),
        ("  HTTPS://Memory.Example/api/v2//  ", "https://memory.example/api/v2"),
        ("http://memory:80/", "http://memory"),
        ("http://[::1]:8765/x", "http://[::1]:8765/x"),
        ("http://memory/ä b".replace(" ", ""), "http://memory/%C3%A4"[: -0 or None] + "b"),
        ("http://bücher.example", "http://xn--bcher-kva.example"),
    ],
)
def test_base_url_is_kept_with_its_prefix(given: str, base_url: str) -> None:
    """A path prefix stays, a slash at the end does not matter, names are written as DNS has them."""
    assert from_credentials({"base_url": given}).base_url == base_url


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        "memory:8765",
        "ftp://memory",
        "http://",
        "http://user:hunter2@memory",
        "http://memory/?key=hunter2",
        "http://memory/#hunter2",
        "http://memory/?",
        "http://memory:99999",
        "http://me mory",
        "http://memory/a/../b",
        "http://[::1",
        "http://a..b.example" + "ß" * 80,
    ],
)
def test_unusable_base_url_is_a_sentence(given: str | None) -> None:
    """What is no base URL is refused before anything is sent, and not repeated, as there may be a secret in it."""
    with pytest.raises(MemoryFailure) as caught:
        from_credentials({"base_url": given})
    assert caught.value.kind == "bad_settings"
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "seconds"), [(None, 10), ("", 10), ("2.5", 2.5), (30, 30), ("0.5", 0.5), ("120", 120)]
)
def test_deadline_is_taken(given: object, seconds: float) -> None:
    """The deadline is a number, also as text; without one it is 10 s."""
    assert from_credentials({"base_url": "http://m", "deadline_s": given}).deadline_s == seconds


@pytest.mark.parametrize("given", ["0.4", "121", "ten", "nan", "inf", "-1"])
def test_unusable_deadline_is_a_sentence(given: str) -> None:
    """A deadline out of bounds is refused with the bounds."""
    with pytest.raises(MemoryFailure, match=r"from 0\.5 to 120"):
        from_credentials({"base_url": "http://m", "deadline_s": given})


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "schlüssel", "nul\0"])
def test_key_that_no_header_carries_is_refused_unrepeated(key: str) -> None:
    """A key that could break out of its header field is refused, and not shown."""
    with pytest.raises(MemoryFailure) as caught:
        from_credentials({"base_url": "http://m", "api_key": key})
    assert key not in str(caught.value)


def test_key_is_in_one_header_field_only() -> None:
    """The key travels in Authorization, and a call without one has no such field."""
    settings = from_credentials({"base_url": "http://m/p", "api_key": " my-secret-key \n"})
    request = Request("POST", "/v1/search", body={"query": "q"})
    fields = headers(settings, request)
    assert fields.pop("Authorization") == "Bearer my-secret-key"
    assert "my-secret-key" not in repr([fields, target(settings, request), settings, settings.base_url])
    assert "Authorization" not in headers(from_credentials({"base_url": "http://m"}), request)


@pytest.mark.parametrize("memory_id", ["a/b", "a?b=c", "../x", "%2e", "a b", "ü", "a#b", "a\r\nX: y", "a\\b", "a&b"])
def test_id_is_one_segment(memory_id: str) -> None:
    """Whatever an id holds, it is one segment of the path, and no query or header comes of it."""
    segment = one_segment(memory_id)
    assert not set(segment) & set("/?#& \r\n\\")


@pytest.mark.parametrize("memory_id", ["", ".", ".."])
def test_id_that_a_path_does_not_keep_is_refused(memory_id: str) -> None:
    """Ids that a path would swallow are a sentence."""
    with pytest.raises(MemoryFailure, match="memory_id should be"):
        one_segment(memory_id)


def test_query_is_form_urlencoded() -> None:
    """A query string keeps every character of its values."""
    settings = from_credentials({"base_url": "http://m/p"})
    request = Request("GET", "/v1/memories", query=(("user_id", "a b+c&d=ü%"),))
    assert target(settings, request) == "/p/v1/memories?user_id=a+b%2Bc%26d%3D%C3%BC%25"


@pytest.mark.parametrize("instead", ["\n", " ", "", "\\n", "\r\n"])
def test_certificate_without_line_breaks_is_taken(instead: str, authority: Authority) -> None:
    """A PEM text survives a form that loses its line breaks."""
    spoilt = authority.pem.replace("\n", instead)
    assert from_credentials({"base_url": "https://m", "ca_certificate": spoilt}).ca_certificate == authority.pem


@pytest.mark.parametrize("inside", [None, "!!", "AAAA"])
def test_unusable_certificate_is_a_sentence(inside: str | None) -> None:
    """What is no certificate is refused with the reason."""
    text = "nonsense" if inside is None else f"-----BEGIN CERTIFICATE-----\n{inside}\n-----END CERTIFICATE-----"
    with pytest.raises(MemoryFailure, match="CA certificate cannot be used"):
        Pools().of(from_credentials({"base_url": "https://m", "ca_certificate": text}))


def test_refused_connection_explains_localhost() -> None:
    """A refused connection says what localhost means in a container, first of all where localhost was asked."""
    refused = ConnectionRefusedError(111, "Connection refused")
    for host in ("localhost", "127.0.0.1", "::1"):
        url = f"http://[{host}]:1" if ":" in host else f"http://{host}:1"
        failure = failure_of(refused, from_credentials({"base_url": url}), Deadline(1.0))
        assert failure.kind == "refused"
        assert failure.advice.startswith("In a container localhost means the container itself")
        assert "host.docker.internal" in failure.advice
    other = failure_of(refused, from_credentials({"base_url": "http://memory:1"}), Deadline(1.0))
    assert "host.docker.internal" in other.advice
