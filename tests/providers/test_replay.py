"""The replay of recorded exchanges: it answers what was recorded, and lets no difference pass."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from .exchange import Request, serving
from .replay import RECORD_VARIABLE, UNRECORDED, recorded

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEY = "sk-secret-0123"
AUTHORISED = {"Authorization": f"Token {KEY}"}
SHOWN_KEY = {"authorization": "Token <redacted>"}
ADD = {
    "request": {"method": "POST", "path": "/add", "credentials": SHOWN_KEY, "json": {"n": 1}},
    "response": {"status": 201, "headers": {"location": "/m/1"}, "json": {"id": "é"}},
}
READ = {
    "request": {"method": "GET", "path": "/m/1", "query": [["limit", "5"], ["user", "a b"]]},
    "response": {"status": 404, "headers": {"content-type": "text/plain"}, "text": "gone"},
}


@pytest.fixture(autouse=True)
def replaying(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test of the replay records, whoever runs it."""
    monkeypatch.delenv(RECORD_VARIABLE, raising=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with one file of two exchanges, `talk.json`."""
    (tmp_path / "talk.json").write_text(json.dumps({"origin": "a test", "exchanges": [ADD, READ]}), "utf-8")
    return tmp_path


def ask(url: str, method: str, path: str, **arguments: Any) -> httpx.Response:
    """Send one request, past any proxy of the environment."""
    with httpx.Client(base_url=url, trust_env=False, timeout=10) as client:
        return client.request(method, path, **arguments)


def add(url: str, n: Any = 1) -> httpx.Response:
    """Ask what `ADD` holds."""
    return ask(url, "POST", "/add", json={"n": n}, headers=AUTHORISED)


def read(url: str) -> httpx.Response:
    """Ask what `READ` holds, its parameters in another order."""
    return ask(url, "GET", "/m/1", params={"user": "a b", "limit": 5})


def converse(folder: Path, *requests: Callable[[str], object]) -> None:
    """Send requests to the replay of `talk.json`, or through the proxy that records it."""
    with recorded("talk", folder=folder) as url:
        for request in requests:
            request(url)


def stumble(_url: str) -> None:
    """Fail as a test does for a reason of its own."""
    raise ZeroDivisionError


def test_what_was_recorded_is_answered(folder: Path) -> None:
    """Status, header fields, JSON and text come back as they were recorded."""
    with recorded("talk", folder=folder) as url:
        added, gone = add(url), read(url)
    assert (added.status_code, added.json(), added.headers["location"]) == (201, {"id": "é"}, "/m/1")
    assert (gone.status_code, gone.text, gone.headers["content-type"]) == (404, "gone", "text/plain")


@pytest.mark.parametrize("n", [2, 1.0, True, None])
def test_another_body_fails(folder: Path, n: Any) -> None:
    """A body that is not the recorded one, if only by the type of a number, fails and shows both."""
    expected = r"request 1 was POST /add .*but recorded is POST /add .*\"n\": 1"
    with pytest.raises(AssertionError, match=expected), recorded("talk", folder=folder) as url:
        assert add(url, n).status_code == UNRECORDED


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [("PUT", "/add", AUTHORISED), ("POST", "/Add", AUTHORISED), ("POST", "/add?x=", AUTHORISED), ("POST", "/add", {})],
    ids=["method", "path", "query", "no credentials"],
)
def test_another_request_fails(folder: Path, method: str, path: str, headers: dict[str, str]) -> None:
    """Method, path, query and the presence of credentials have to be the recorded ones."""
    with pytest.raises(AssertionError, match=f"request 1 was {method} "), recorded("talk", folder=folder) as url:
        ask(url, method, path, json={"n": 1}, headers=headers)


def test_another_order_fails(folder: Path) -> None:
    """What was asked first has to be asked first."""
    with pytest.raises(AssertionError, match="request 1 was GET /m/1"):
        converse(folder, read)


def test_one_request_too_many_fails(folder: Path) -> None:
    """After the last recorded exchange nothing may be asked."""
    with pytest.raises(AssertionError, match=r"request 3 was GET /m/1 .* nothing more was recorded"):
        converse(folder, add, read, read)


def test_a_request_that_never_came_fails(folder: Path) -> None:
    """What was recorded has to be asked."""
    with pytest.raises(AssertionError, match="never asked: GET /m/1"):
        converse(folder, add)


def test_the_difference_is_told_rather_than_what_came_of_it(folder: Path) -> None:
    """Where the test stumbles over an answer that was not recorded, the failure is the request, not the stumble."""
    with pytest.raises(AssertionError, match="request 1 was GET /") as failure, recorded("talk", folder=folder) as url:
        ask(url, "GET", "/").json()
    assert isinstance(failure.value.__cause__, ValueError)


def test_a_test_that_fails_by_itself_is_told_so(folder: Path) -> None:
    """An error that is no difference stays what it is, though requests are missing then."""
    with pytest.raises(ZeroDivisionError):
        converse(folder, add, stumble)


def test_threads_may_ask_in_any_order(tmp_path: Path) -> None:
    """With `ordered=False` 20 threads get each its own answer, once."""
    exchanges = [
        {"request": {"method": "GET", "path": f"/{n}"}, "response": {"status": 200, "json": n}} for n in range(20)
    ]
    (tmp_path / "many.json").write_text(json.dumps({"exchanges": exchanges}), "utf-8")
    with recorded("many", ordered=False, folder=tmp_path) as url, ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda n: ask(url, "GET", f"/{n}").json(), reversed(range(20))))
    assert answers == list(reversed(range(20)))


def provider(request: Request) -> dict[str, Any]:
    """Answer as a provider that echoes the credentials, and sends a cookie and its clock."""
    headers = {"content-type": "application/json", "set-cookie": f"k={KEY}", "x-clock": "12:00", "location": "/m/1"}
    said = {"echo": request.headers.get("authorization"), "target": request.target}
    return {"status": 201, "headers": headers, "json": said}


def test_a_recording_is_replayed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy hands everything on, credentials too; the file holds none, and answers the same requests."""
    with serving(provider) as upstream:
        monkeypatch.setenv(RECORD_VARIABLE, f"{upstream}/base")
        with recorded("new/talk", folder=tmp_path) as url:
            assert add(url).json() == {"echo": f"Token {KEY}", "target": "/base/add"}
            assert read(url).status_code == 201
    written = (tmp_path / "new" / "talk.json").read_text("utf-8")
    assert KEY not in written
    assert "cookie" not in written
    assert "x-clock" not in written
    assert upstream not in written

    monkeypatch.delenv(RECORD_VARIABLE)
    with recorded("new/talk", folder=tmp_path) as url:
        again = add(url)
        assert again.json() == {"echo": "Token <redacted>", "target": "/base/add"}
        assert again.headers["location"] == "/m/1"
        read(url)


def test_an_openapi_document_is_recorded_in_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test gets the whole document, the file what tells the product: its info and the paths."""
    info = {"title": "Memories", "version": "1.2.3"}
    whole = {"openapi": "3.1.0", "info": info, "paths": {"/m": {"get": {}}}, "components": {}}
    with serving(lambda _: {"status": 200, "json": whole}) as upstream:
        monkeypatch.setenv(RECORD_VARIABLE, upstream)
        with recorded("talk", folder=tmp_path) as url:
            assert ask(url, "GET", "/openapi.json").json() == whole
    monkeypatch.delenv(RECORD_VARIABLE)
    with recorded("talk", folder=tmp_path) as url:
        short = ask(url, "GET", "/openapi.json").json()
    assert short == {"openapi": "3.1.0", "info": info, "paths": {"/m": {}}}


def test_a_failed_test_records_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file stays as it was where the test did not pass."""
    before = (folder / "talk.json").read_text("utf-8")
    with serving(provider) as upstream:
        monkeypatch.setenv(RECORD_VARIABLE, upstream)
        with pytest.raises(ZeroDivisionError):
            converse(folder, add, stumble)
    assert (folder / "talk.json").read_text("utf-8") == before


def test_a_provider_that_does_not_answer_records_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Recording from where nobody listens fails, says so, and leaves the file."""
    before = (folder / "talk.json").read_text("utf-8")
    with serving(provider) as gone:
        pass
    monkeypatch.setenv(RECORD_VARIABLE, gone)
    with pytest.raises(AssertionError, match="did not answer"), recorded("talk", folder=folder) as url:
        assert add(url).status_code == 502
    assert (folder / "talk.json").read_text("utf-8") == before
