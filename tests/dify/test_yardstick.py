"""The plugin that benchmarks compare with: it must do what a memory plugin does, only in the usual slow way."""

from __future__ import annotations

import httpx
from tests.dify.conftest import PLUGINS

from memconform.dify import Plugin
from memconform.serving import served

KEY = "key-of-the-yardstick-0123"


def test_the_client_per_call_searches_a_real_server() -> None:
    """It finds what was added for the user, and its check of credentials asks the server."""
    with served([], {"MEMCONFORM_SERVER_API_KEYS": KEY}) as url, Plugin.start(PLUGINS / "httpx_per_call") as plugin:
        headers = {"Authorization": f"Bearer {KEY}"}
        body = {"content": "Ann drinks green tea.", "scope": {"user_id": "ann"}}
        assert httpx.post(f"{url}/v1/memories", json=body, headers=headers).status_code == 201
        credentials = {"base_url": url, "api_key": KEY}
        assert plugin.validate(credentials) is None
        refused = plugin.validate({"base_url": url, "api_key": "wrong"})
        assert refused is not None
        assert "401" in refused.message
        done = plugin.invoke("search_memory", {"query": "tea"}, credentials=credentials, user_id="ann")
        assert done.error is None, done.error
        assert [each["memory"]["content"] for each in done.json[0]["results"]] == ["Ann drinks green tea."]
