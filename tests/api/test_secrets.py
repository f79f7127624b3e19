"""What is secret stays so: in argument lists, in what is printed, in results and errors, in files."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from memconform import ConformanceResult, Progress, ServerUnreachable, UsageError, check_server

ONE: dict[str, Any] = {"requirements": ["CORE-13", "TENANCY-03"], "budget": "smoke"}
HEADERS = {"X-Gateway-Token": "s3cr3t-of-the-gateway", "X-Tenant": "tenant-number-7"}


def _argument_lists() -> str:
    """Return the argument lists of every process that can be seen."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(file.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
        except OSError:
            continue
    return "\n".join(found)


def test_no_secret_comes_out_of_a_run(
    wrong_server: str, keys: dict[str, Any], tmp_path: Path, capfd: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither keys nor values of headers: while it runs, when it is told, in each form, in the folder of ledgers."""
    seen: list[str] = []
    caplog.set_level(logging.DEBUG)

    def look(told: Progress) -> None:
        seen.append(f"{told}\n{_argument_lists()}")

    result = check_server(wrong_server, **ONE, **keys, headers=HEADERS, progress=look)
    assert any("memconform.api.child" in each for each in seen)
    result.save(tmp_path / "result.json")
    with pytest.raises(AssertionError) as failed:
        result.assert_conformant()
    files = [file.read_text(errors="replace") for file in tmp_path.rglob("*") if file.is_file()]
    objects = [repr(result), str(result), repr(result.findings), str(result.to_json()), repr(result.run)]
    everything = [*seen, *files, *objects, str(failed.value), caplog.text, *capfd.readouterr()]
    for secret in (*keys.values(), *HEADERS.values()):
        assert [text for text in everything if secret in text] == []
    assert "$MEMCONFORM_API_KEY" in result.failures[0].findings[0].exchanges[0].curl
    assert "X-Gateway-Token: …" in result.run.command


def test_no_secret_comes_out_of_an_error(closed_server: str, keys: dict[str, Any]) -> None:
    """A refused key and a malformed one are told without the key."""
    for wrong, expected in (("refused-0123456789", ServerUnreachable), ("mal formed 0123456789", UsageError)):
        with pytest.raises(expected) as caught:
            check_server(closed_server, **ONE, api_key=wrong, headers=HEADERS)
        assert wrong not in f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"
    same = keys["api_key"]
    with pytest.raises(ServerUnreachable, match="the same") as caught:
        check_server(closed_server, **ONE, api_key=same, second_api_key=same)
    assert same not in str(caught.value)


def test_headers_reach_the_server(wrong_server: str, keys: dict[str, Any]) -> None:
    """A key may as well be given as a header: what is hidden is sent all the same."""
    header = {"Authorization": f"Bearer {keys['api_key']}"}
    result = check_server(wrong_server, requirements=["CORE-01"], budget="smoke", headers=header)
    assert isinstance(result, ConformanceResult)
    assert result.conformant
    assert keys["api_key"] not in str(result.to_json())
