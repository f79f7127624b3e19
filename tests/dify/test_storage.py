"""Calls that a plugin makes to its host."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.dify.conftest import PLUGINS

from memconform.dify import Invocation, Plugin
from memconform.dify.storage import Storage, allowed_bytes


def remember(plugin: Plugin, action: str, key: str, value: str = "") -> Invocation:
    """Call the tool that uses the storage."""
    return plugin.invoke("remember", {"action": action, "key": key, "value": value})


def refusal(done: Invocation) -> str:
    """Return what the tool's error says."""
    assert done.error is not None
    return done.error.message


def test_a_value_is_kept_until_it_is_deleted(noop: Plugin) -> None:
    """Set, look, read, delete, and look again."""
    assert remember(noop, "exist", "notes/a").json == [{"exists": False}]
    assert remember(noop, "set", "notes/a", "grüne Tees").json == [{"set": "notes/a"}]
    assert remember(noop, "exist", "notes/a").json == [{"exists": True}]
    assert remember(noop, "get", "notes/a").variables == {"value": "grüne Tees"}
    assert noop.stored["notes/a"] == "grüne Tees".encode()
    assert remember(noop, "delete", "notes/a").json == [{"deleted": "notes/a"}]
    assert remember(noop, "exist", "notes/a").json == [{"exists": False}]


def test_what_was_never_set_is_an_error(noop: Plugin) -> None:
    """Reading it fails with a sentence, as with the daemon."""
    assert "no value under this key" in refusal(remember(noop, "get", "never"))
    assert "no value under this key" in refusal(remember(noop, "delete", "never"))


@pytest.mark.parametrize("key", ["../other", "a\\b", "k" * 257])
def test_keys_stay_within_the_storage(noop: Plugin, key: str) -> None:
    """A key that would leave the folder, and one that is too long, are refused."""
    assert "key" in refusal(remember(noop, "set", key, "v"))


def test_the_size_that_the_manifest_asks_for_is_the_limit(noop: Plugin) -> None:
    """More than that in all is refused; the old value stays."""
    remember(noop, "set", "big", "x" * 60_000)
    assert "65536 bytes" in refusal(remember(noop, "set", "more", "x" * 10_000))
    assert remember(noop, "set", "big", "y" * 65_536).error is None
    remember(noop, "delete", "big")


def test_other_calls_are_answered_with_what_is_not_offered(noop: Plugin) -> None:
    """A plugin that wants an app of Dify hears so at once; it does not wait for 250 s."""
    done = noop.invoke("remember", {"action": "app", "key": "some-app"}, timeout_s=20)
    assert "does not offer 'fetch_app'" in refusal(done)


def test_without_permission_there_is_no_storage(tmp_path: Path) -> None:
    """The manifest has to ask for it."""
    root = shutil.copytree(PLUGINS / "noop", tmp_path / "noop")
    manifest = root / "manifest.yaml"
    manifest.write_text(manifest.read_text().replace("enabled: true", "enabled: false"))
    with Plugin.start(root, start_timeout_s=120) as plugin:
        assert "permission denied" in refusal(remember(plugin, "set", "k", "v"))


def told(storage: Storage, **request: Any) -> list[dict[str, Any]]:
    """Return the data of the lines that answer a call."""
    lines = storage.answer("s", {"type": "storage", "backwards_request_id": "r", "request": request}).splitlines()
    return [json.loads(line)["data"] for line in lines]


def test_an_answer_is_a_response_and_an_end() -> None:
    """Every answer names its request and is ended."""
    response, end = told(Storage(100), opt="set", key="k", value="6869")
    assert response == {"backwards_request_id": "r", "event": "response", "message": "struct", "data": {"data": "ok"}}
    assert (end["event"], end["backwards_request_id"]) == ("end", "r")


def test_a_value_that_is_not_hexadecimal_is_refused() -> None:
    """What cannot be read is not kept."""
    storage = Storage(100)
    error, _ = told(storage, opt="set", key="k", value="hi")
    assert (error["event"], storage.values) == ("error", {})


def test_an_unknown_operation_is_refused() -> None:
    """The answer lists what there is."""
    error, _ = told(Storage(100), opt="list", key="k")
    assert "set, get, del and exist" in error["message"]


@pytest.mark.parametrize(
    ("manifest", "limit"),
    [
        ({}, None),
        ({"resource": {"permission": {"storage": {"enabled": False, "size": 9}}}}, None),
        ({"resource": {"permission": {"storage": {"enabled": True, "size": 2048}}}}, 2048),
    ],
)
def test_the_manifest_sets_the_limit(manifest: dict[str, Any], limit: int | None) -> None:
    """No permission is no storage."""
    assert allowed_bytes(manifest) == limit
