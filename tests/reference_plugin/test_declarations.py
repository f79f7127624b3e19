"""What the plugin's YAML declares: complete, in four languages, and no trap of Dify's runtime in it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from .conftest import PLUGIN

LANGUAGES = {"en_US", "zh_Hans", "ja_JP", "pt_BR"}
TOOLS = [
    "add_memory",
    "search_memory",
    "recall_context",
    "list_memories",
    "get_memory",
    "update_memory",
    "delete_memory",
    "forget_user",
    "set_value",
    "get_value",
    "memory_history",
    "ingest_conversation",
    "export_memories",
]
RESERVED_VARIABLES = {"text", "json", "files"}


def declared(name: str) -> Any:
    """Return a YAML file of the plugin."""
    return yaml.safe_load((PLUGIN / name).read_text(encoding="utf-8"))


def texts(value: Any) -> Iterator[dict[str, str]]:
    """Yield every text that has languages."""
    if isinstance(value, dict):
        if "en_US" in value:
            yield value
        for each in value.values():
            yield from texts(each)
    if isinstance(value, list):
        for each in value:
            yield from texts(each)


@pytest.mark.parametrize("name", ["manifest.yaml", "provider/memory.yaml", *(f"tools/{tool}.yaml" for tool in TOOLS)])
def test_every_text_is_in_four_languages(name: str) -> None:
    """Labels and descriptions are in English, Chinese, Japanese and Portuguese, and none is empty."""
    found = list(texts(declared(name)))
    assert found
    for each in found:
        assert set(each) == LANGUAGES
        assert all(text.strip() for text in each.values())


def test_provider_has_all_tools() -> None:
    """The provider lists each tool once, and no tool lies about that it does not list."""
    assert declared("provider/memory.yaml")["tools"] == [f"tools/{tool}.yaml" for tool in TOOLS]
    assert {path.stem for path in (PLUGIN / "tools").glob("*.yaml")} == set(TOOLS)


@pytest.mark.parametrize("tool", TOOLS)
def test_parameters_are_described(tool: str) -> None:
    """Each parameter says to people and models what it is; the user is the author's to bind, not the model's."""
    parameters = {each["name"]: each for each in declared(f"tools/{tool}.yaml")["parameters"]}
    for each in parameters.values():
        assert each["human_description"]
        assert ("llm_description" in each) == (each["form"] == "llm")
    for name in ("user_id", "agent_id", "app_id", "session_id"):
        assert parameters.get(name, {"form": "form"})["form"] == "form"
    assert "user_id" in parameters


@pytest.mark.parametrize("tool", TOOLS)
def test_output_variables_are_declared(tool: str) -> None:
    """Each tool declares its variables, the user among them, and none that Dify reserves."""
    properties = declared(f"tools/{tool}.yaml")["output_schema"]["properties"]
    assert "user_id" in properties
    assert not RESERVED_VARIABLES & set(properties)
    assert all(each["description"] for each in properties.values())


def test_manifest_names_what_is_there() -> None:
    """Icons, privacy statement, readme and entry point exist."""
    manifest = declared("manifest.yaml")
    for name in (manifest["icon"], manifest["icon_dark"]):
        assert (PLUGIN / "_assets" / name).stat().st_size > 200
    for name in (manifest["privacy"], "README.md", f"{manifest['meta']['runner']['entrypoint']}.py", ".difyignore"):
        assert (PLUGIN / name).stat().st_size > 0


def test_requirements_are_pinned_and_few() -> None:
    """Dify's SDK and urllib3, each in one version for each Python, and nothing else."""
    lines = (PLUGIN / "requirements.txt").read_text().splitlines()
    assert {line.partition("==")[0] for line in lines} == {"dify-plugin", "urllib3"}
    assert all(re.match(r"[a-z0-9-]+==\d+(\.\d+)+(; .+)?$", line) for line in lines)


def test_plugin_imports_little() -> None:
    """The plugin's code uses the standard library, the SDK, urllib3 and itself; it prints nothing and opens no file."""
    code = {path: path.read_text(encoding="utf-8") for path in PLUGIN.rglob("*.py")}
    outside = {"dify_plugin", "urllib3", "memory_api"}
    for path, text in code.items():
        imported = set(re.findall(r"^\s*(?:from|import) ([a-z0-9_]+)", text, re.MULTILINE))
        foreign = imported - outside - set(sys.stdlib_module_names)
        assert not foreign, path
        assert not re.search(r"\bprint\(|\bopen\(|write_text|write_bytes", text), path


@pytest.mark.parametrize("name", sorted(path.name for path in (PLUGIN / "examples").glob("*.yml")))
def test_example_fits_the_tools(name: str) -> None:
    """An example names this plugin's tools with parameters that they have, and its edges join its nodes."""
    app = declared(f"examples/{name}")
    assert app["kind"] == "app"
    graph = app["workflow"]["graph"]
    nodes = {each["id"]: each["data"] for each in graph["nodes"]}
    for edge in graph["edges"]:
        assert nodes[edge["source"]]["type"] == edge["data"]["sourceType"]
        assert nodes[edge["target"]]["type"] == edge["data"]["targetType"]
    used = [node for node in nodes.values() if node["type"] == "tool"]
    assert used
    for node in used:
        assert node["provider_id"] == "memconform/memory_api/memory"
        parameters = {each["name"]: each for each in declared(f"tools/{node['tool_name']}.yaml")["parameters"]}
        assert {parameters[each]["form"] for each in node["tool_configurations"]} <= {"form"}
        assert {parameters[each]["form"] for each in node["tool_parameters"]} <= {"llm"}
        assert {each for each, seen in parameters.items() if seen["required"]} <= set(node["tool_parameters"])
        assert node["tool_configurations"]["user_id"] == {"type": "mixed", "value": "{{#sys.user_id#}}"}
    text = (PLUGIN / "examples" / name).read_text(encoding="utf-8")
    variables = set(re.findall(r"\{\{#(\w+)\.(\w+)#\}\}", text))
    for node_id, variable in variables - {("sys", "user_id"), ("sys", "query"), ("sys", "conversation_id")}:
        node = nodes[node_id]
        if node["type"] == "tool":
            schema = declared(f"tools/{node['tool_name']}.yaml")["output_schema"]["properties"]
            assert variable in {*schema, *RESERVED_VARIABLES}
        else:
            assert (node["type"], variable) == ("llm", "text")
