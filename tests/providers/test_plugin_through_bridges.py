"""The Dify plugin, unchanged, on other people's memory servers: the provider changes, the app does not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from memconform.dify import Plugin
from memconform.providers import bridged, definition, started

pytestmark = pytest.mark.provider

PLUGIN = Path(__file__).parents[2] / "reference_plugin"
PROVIDERS = ("mem0", "langgraph-sqlite", "langchain-chroma")


@pytest.fixture(scope="module")
def plugin() -> Iterator[Plugin]:
    """Start the plugin in Dify's real runtime: one process for all providers."""
    with Plugin.start(PLUGIN) as running:
        yield running


@pytest.mark.parametrize("name", PROVIDERS)
def test_the_plugin_remembers_recalls_and_forgets(plugin: Plugin, name: str) -> None:
    """What one user told is found for that user, not for another, and is gone once it is deleted."""
    with started(definition(name)) as provider, bridged(provider) as bridge:
        credentials = {"base_url": bridge.url, "api_key": bridge.keys[0]}

        def call(tool: str, user: str = "ann", **parameters: object) -> Any:
            done = plugin.invoke(tool, {"user_id": user, **parameters}, credentials=credentials)
            assert done.error is None, done.error
            return done.json[0]

        assert plugin.validate(credentials) is None
        told = call("add_memory", content="Ann keeps her bicycle behind the greenhouse")
        call("add_memory", user="bob", content="Bob keeps his bicycle in the cellar")
        found = call("search_memory", query="where is the bicycle?")["results"]
        assert [each["memory"]["content"] for each in found] == ["Ann keeps her bicycle behind the greenhouse"]
        assert "greenhouse" in call("recall_context", query="bicycle")["context"]
        assert [each["id"] for each in call("list_memories")["memories"]] == [told["memory_id"]]
        call("delete_memory", memory_id=told["memory_id"])
        assert call("list_memories")["memories"] == []
        assert len(call("list_memories", user="bob")["memories"]) == 1
        assert plugin.validate({**credentials, "api_key": "wrong"}) is not None
