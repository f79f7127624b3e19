"""A small plugin that breaks no rule, and ways to break it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

Change: TypeAlias = "tuple[str, str] | str | bytes | None"
"""What happens to a file: a text replaced by another, new content, or None for its removal."""

GOOD: dict[str, str] = {
    "manifest.yaml": """\
version: 0.1.0
type: plugin
author: someone
name: notes
label:
  en_US: Notes
  zh_Hans: 笔记
description:
  en_US: Keeps notes.
icon: icon.svg
created_at: 2026-01-31T12:00:00Z
privacy: PRIVACY.md
repo: https://github.com/someone/notes
contact: someone@example.org
resource:
  memory: 268435456
  permission:
    storage:
      enabled: true
      size: 65536
plugins:
  tools:
    - provider/notes.yaml
meta:
  version: 0.0.1
  minimum_dify_version: 1.0.0
  arch: [amd64, arm64]
  runner:
    language: python
    version: "3.12"
    entrypoint: main
tags: [utilities, productivity]
""",
    "main.py": "from dify_plugin import DifyPluginEnv, Plugin\n\nplugin = Plugin(DifyPluginEnv())\n",
    "provider/notes.yaml": """\
identity:
  author: someone
  name: notes
  label:
    en_US: Notes
  description:
    en_US: Keeps notes.
  icon: icon.svg
  tags: [utilities]
credentials_for_provider:
  api_key:
    type: secret-input
    required: true
    label:
      en_US: Key
  region:
    type: select
    default: eu
    label:
      en_US: Region
    options:
      - value: eu
        label:
          en_US: Europe
      - value: us
        label:
          en_US: America
tools:
  - tools/add.yaml
  - tools/find.yaml
extra:
  python:
    source: provider/notes.py
""",
    "provider/notes.py": """\
from typing import Any

from dify_plugin import ToolProvider


class NotesProvider(ToolProvider):
    def _validate_credentials(self, credentials: dict[str, Any]) -> None:
        pass
""",
    "tools/add.yaml": """\
identity:
  name: add_note
  author: someone
  label:
    en_US: Add a note
description:
  human:
    en_US: Adds a note.
  llm: Adds a note.
parameters:
  - name: text
    type: string
    required: true
    form: llm
    label:
      en_US: Text
    human_description:
      en_US: What to note.
    llm_description: What to note.
  - name: weight
    type: number
    min: 0
    max: 10
    default: 1
    form: form
    label:
      en_US: Weight
    human_description:
      en_US: How much it matters.
output_schema:
  type: object
  properties:
    note_id:
      type: string
extra:
  python:
    source: tools/add.py
""",
    "tools/add.py": """\
from collections.abc import Generator
from typing import Any

from dify_plugin import Tool
from dify_plugin.entities.tool import ToolInvokeMessage

from tools.base import shorten


class AddNote(Tool):
    def _invoke(self, tool_parameters: dict[str, Any]) -> Generator[ToolInvokeMessage, None, None]:
        yield self.create_text_message(shorten(tool_parameters["text"]))
""",
    "tools/base.py": "def shorten(text: str) -> str:\n    return text[:80]\n",
    "tools/find.yaml": """\
identity:
  name: find_note
  author: someone
  label:
    en_US: Find a note
description:
  human:
    en_US: Finds a note.
  llm: Finds a note.
extra:
  python:
    source: tools/find.py
""",
    "tools/find.py": "from dify_plugin import Tool\n\n\nclass FindNote(Tool):\n    pass\n",
    "_assets/icon.svg": '<svg xmlns="http://www.w3.org/2000/svg"><circle r="9"/></svg>\n',
    "README.md": """\
# Notes

Keeps notes. Source: https://github.com/someone/notes

## Setup
Enter the API key and the host to connect to.

## Usage
Use it in a workflow.
""",
    "PRIVACY.md": "The plugin sends notes to the server that you name, and stores nothing itself.\n",
    "requirements.txt": "# the SDK\ndify-plugin>=0.9.0,<0.11\nurllib3==2.6.2\n",
}


def written(folder: Path, changes: Mapping[str, Change] | None = None) -> Path:
    """Write the plugin with changes into a folder, and return the folder."""
    files: dict[str, str | bytes] = {**GOOD}
    for path, change in (changes or {}).items():
        if change is None:
            del files[path]
        elif isinstance(change, tuple):
            before = GOOD[path]
            assert before.count(change[0]) >= 1, f"{path} does not hold {change[0]!r}"
            files[path] = before.replace(change[0], change[1], 1)
        else:
            files[path] = change
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def line_of(folder: Path, path: str, text: str) -> int:
    """Return the line, from 1, where a file first says a text."""
    content = (folder / path).read_text(encoding="utf-8")
    assert text in content, f"{path} does not say {text!r}"
    return content[: content.index(text)].count("\n") + 1
