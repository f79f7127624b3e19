"""The mapping file: what it may say, what a wrong one is told, how values are filled in and found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from memconform.clients.bends import reference_plugin
from memconform.clients.mapping import NAME, at_pointer, filled, read_mapping
from memconform.settings import UsageError

GOOD: dict[str, Any] = {
    "format": "memconform.plugin-map/1",
    "credentials": {"url": "{base_url}", "token": "{api_key}"},
    "deadline_s": 5,
    "tools": [
        {
            "tool": "remember",
            "operation": "addMemory",
            "parameters": {"text": "{content}", "who": "{user_id}", "loud": True},
            "result": {"id": "/stored/id", "texts": "/stored/*/content", "operation": "/job"},
        }
    ],
}


def written(folder: Path, **changes: Any) -> Path:
    """Write the good mapping with some members changed; None removes one."""
    document = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    path = folder / "map.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


def test_a_good_mapping_is_read(tmp_path: Path) -> None:
    """Tools, credentials and the deadline are what the file says."""
    mapping = read_mapping(written(tmp_path))
    assert mapping.deadline_s == 5
    assert not mapping.takes_deadline
    (tool,) = mapping.tools
    assert tool.operation == "addMemory"
    assert (tool.texts, tool.operation_id, tool.cursor) == ("/stored/*/content", "/job", None)
    assert (tool.tool, tool.id, tool.takes("content"), tool.takes("query")) == ("remember", "/stored/id", True, False)


def test_the_reference_plugin_has_one() -> None:
    """The mapping of the reference plugin is read, and names a tool for every operation that a client needs."""
    operations = {tool.operation for tool in read_mapping(reference_plugin() / NAME).tools}
    assert {"addMemory", "searchMemories", "updateMemory", "deleteMemory", "setKeyed", "eraseScope"} <= operations


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format": "plugin-map/2"}, "format: expected 'memconform.plugin-map/1', found 'plugin-map/2'"),
        ({"toolz": []}, "unknown member 'toolz'; did you mean 'tools'"),
        ({"tools": []}, "tools: expected a list with at least one tool"),
        ({"credentials": None}, "credentials: expected a mapping"),
        ({"credentials": {"url": "{base_url}"}}, "no value has {api_key}"),
        ({"credentials": {"url": "{base_url}", "k": "{api_kye}"}}, "no placeholder {api_kye}"),
        ({"deadline_s": None}, "how many seconds may a call take?"),
        ({"deadline_s": "soon"}, "deadline_s: expected seconds"),
        ({"tools": [{"tool": "x", "operation": "addMemories"}]}, "'addMemories' is no operationId; expected one like"),
        ({"tools": [{"operation": "addMemory"}]}, "tools[0].tool: expected the name of a tool"),
        ({"tools": [{"tool": "x", "operation": "addMemory", "result": {"id": "id"}}]}, "expected a JSON Pointer"),
        ({"tools": ["x"]}, "tools[0]: expected a mapping, found str"),
        ({"failure": {"pointer": "/ok"}}, "failure: expected `pointer`"),
    ],
)
def test_a_wrong_mapping_is_told_where(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    """The error names the file, the place and what is expected there."""
    path = written(tmp_path, **changes)
    with pytest.raises(UsageError) as error:
        read_mapping(path)
    assert str(path) in str(error.value)
    assert said in str(error.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """What is missing, what it is for, and what to do."""
    with pytest.raises(
        UsageError, match="is not there: it says which tool does what; write one, or name one with --map"
    ):
        read_mapping(tmp_path / "map.yaml")


def test_rubbish_is_no_mapping(tmp_path: Path) -> None:
    """A file that is no YAML, or no text, is an error of one sentence."""
    path = tmp_path / "map.yaml"
    for rubbish in (b"a: [", b"\xff\xfe\x00", b"- 1", b""):
        path.write_bytes(rubbish)
        with pytest.raises(UsageError):
            read_mapping(path)


def test_values_are_filled_in() -> None:
    """One placeholder keeps its type, text around one makes text, what is not known stays."""
    template = {"a": "{content}", "b": "Bearer {api_key}", "c": 3, "d": "{messages}", "e": "{nothing}"}
    values = {"content": "x {api_key}", "api_key": "k", "messages": [1]}
    assert filled(template, values) == {"a": "x {api_key}", "b": "Bearer k", "c": 3, "d": [1], "e": "{nothing}"}


def test_what_a_call_has_nothing_for_is_left_out() -> None:
    """A parameter made of an optional placeholder is there when the call has a value, also 0, and else is not."""
    template = {"most": "{top_k}", "page": "from {cursor}", "who": "{user_id}"}
    assert filled(template, {"user_id": "u"}) == {"who": "u"}
    assert filled(template, {"user_id": "u", "top_k": 0, "cursor": "c"}) == {"most": 0, "page": "from c", "who": "u"}


def test_pointers_find_values() -> None:
    """Members, indices, all elements, escapes; nothing where there is nothing."""
    document = {"a": [{"b": 1}, {"b": 2}, {}], "x/y": {"~": 3}, "": 4}
    assert at_pointer(document, "/a/*/b") == [1, 2]
    assert at_pointer(document, "/a/1/b") == [2]
    assert at_pointer(document, "/x~1y/~0") == [3]
    assert at_pointer(document, "/") == [4]
    assert at_pointer(document, "/a/7/b") == []
    assert at_pointer(document, "/a/b") == []
    assert at_pointer(None, "/a") == []
