"""`reference_server`: a server for a test of one's own client, and what it says when it cannot be."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from memconform import UsageError, check_server, reference_server


def test_it_serves_while_the_block_runs() -> None:
    """The contract at a URL of this machine, and nobody there afterwards."""
    with reference_server() as url:
        assert httpx.get(f"{url}/v1/health", trust_env=False).status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/v1/health", trust_env=False)


def test_an_error_in_the_block_comes_out_as_it_is() -> None:
    """And the server stops."""
    with pytest.raises(LookupError, match="mine"), reference_server() as url:
        raise LookupError("mine")
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/v1/health", trust_env=False)


def test_keys_make_principals(monkeypatch: pytest.MonkeyPatch) -> None:
    """With keys each principal has memories of its own; keys in the environment are not meant."""
    monkeypatch.setenv("MEMCONFORM_SERVER_API_KEYS", "from-the-environment")
    with reference_server(api_keys=["key-one", "key-two"]) as url:
        for key, status in (("key-one", 200), ("key-two", 200), ("from-the-environment", 401), (None, 401)):
            headers = {"Authorization": f"Bearer {key}"} if key else {}
            answer = httpx.get(f"{url}/v1/memories?user_id=ann", headers=headers, trust_env=False)
            assert answer.status_code == status
    with reference_server() as url:
        assert httpx.get(f"{url}/v1/memories?user_id=ann", trust_env=False).status_code == 200


def test_a_defect_is_found_and_a_variant_is_not_blamed() -> None:
    """What is served is bent as asked for."""
    with reference_server(defect="trims-content") as wrong, reference_server(variant="slow-answers") as unusual:
        assert not check_server(wrong, requirements=["CORE-06"], budget="smoke").conformant
        assert check_server(unusual, requirements=["CORE-13"], budget="smoke").conformant


def test_data_are_kept_in_a_file(tmp_path: Path) -> None:
    """A second server on the same file has what the first one was given."""
    body = {"content": "Ann likes tea", "scope": {"user_id": "ann"}}
    with reference_server(data=tmp_path / "memories.db") as url:
        httpx.post(f"{url}/v1/memories", json=body, trust_env=False).raise_for_status()
    with reference_server(data=tmp_path / "memories.db") as url:
        listed = httpx.get(f"{url}/v1/memories?user_id=ann", trust_env=False).json()["items"]
    assert [each["content"] for each in listed] == ["Ann likes tea"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"defect": "trims-contnet"}, "trims-content"),
        ({"variant": "no-such"}, "no variant 'no-such'"),
        ({"defect": "a", "variant": "b"}, "exclude each other"),
        ({"api_keys": "key"}, "expected a list"),
        ({"api_keys": ["with a space"]}, "printable ASCII"),
        ({"data": "/proc/none/memories.db"}, "/proc/none"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_bad_use_is_refused_in_words(given: dict[str, Any], said: str) -> None:
    """One sentence that says what is wrong, and what is near."""
    with pytest.raises(UsageError, match=said) as caught, reference_server(**given):
        pytest.fail("it started")
    assert "\n" not in str(caught.value)


def test_without_its_extra_it_says_what_to_install(tmp_path: Path) -> None:
    """Where starlette is not installed, the message is the command to type."""
    code = (
        "import importlib.util as u; found = u.find_spec\n"
        "u.find_spec = lambda name, *more: None if name == 'starlette' else found(name, *more)\n"
        "import memconform\n"
        "try:\n    memconform.reference_server().__enter__()\n"
        "except memconform.UsageError as error: print(error)\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path).stdout
    assert "needs what is not installed: starlette" in said
    assert "pip install 'memconform[server]'" in said
