"""Documents as a test sees them: blocks in order, with what the page says about them in HTML comments.

Comments stand right before a block (or, `server`, anywhere on the page):

    <!-- not run: REASON -->     the block cannot be run here; its command lines are parsed all the same
    <!-- keeps running -->       the one command of the block goes on until another takes its port, or the page ends
    <!-- printed meanwhile -->   the lines of the block are printed by what was started last and keeps running
    <!-- exit: 1 -->             how the last command of the block ends, where not with 0 (`0 or 3`: either is right)
    <!-- file: NAME -->          the block is written to this file
    <!-- append: NAME -->        the block is added to this file
    <!-- run -->                 the Python block is run as a script
    <!-- server: 8765 -->        the reader has a server at this port: an open reference server
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
RUN = ("tutorial", "how-to")
"""The folders of docs/ whose commands are run."""

_COMMENT = re.compile(
    r"<!--\s*(not run|keeps running|printed meanwhile|exit|file|append|run(?= *-->)|server)(?::\s*(.*?))?\s*-->",
    re.DOTALL,
)


@dataclass(frozen=True)
class Command:
    """One command of a console block, as one line of shell, with the lines of output that the page shows."""

    line: str
    shown: tuple[str, ...]


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, its text, the line where it begins, and what the page says about it."""

    language: str
    text: str
    line: int
    marks: dict[str, str] = field(default_factory=dict)

    def commands(self) -> list[Command]:
        """Return the commands of a console block, each with what follows it up to the next."""
        found: list[tuple[list[str], list[str]]] = []
        for line in self.text.splitlines():
            if line.startswith("$ "):
                found.append(([line[2:]], []))
            elif found and found[-1][0][-1].endswith("\\") and not found[-1][1]:
                found[-1][0].append(line)
            elif found:
                found[-1][1].append(line)
        return [Command("\n".join(words), tuple(shown)) for words, shown in found]


@dataclass(frozen=True)
class Document:
    """One Markdown file."""

    path: Path
    blocks: tuple[Block, ...]
    server: int | None

    @property
    def name(self) -> str:
        """Return the path within the tree, or the name of what lies elsewhere."""
        return self.path.relative_to(ROOT).as_posix() if self.path.is_relative_to(ROOT) else self.path.name

    def consoles(self) -> list[Block]:
        """Return the blocks that hold commands."""
        return [block for block in self.blocks if block.language == "console"]


@cache
def read(path: Path) -> Document:
    """Read one document."""
    pending: dict[str, str] = {}
    blocks: list[Block] = []
    server: int | None = None
    for token in MarkdownIt().parse(path.read_text("utf-8")):
        if token.type == "html_block":
            said = {key: (value or "").strip() for key, value in _COMMENT.findall(token.content)}
            server = int(said.pop("server", 0)) or server
            pending |= said
        elif token.type == "fence":
            line = (token.map or [0])[0] + 1
            blocks.append(Block(token.info.strip(), token.content, line, pending))
            pending = {}
        elif token.type != "inline":
            assert not pending or token.type.endswith("_close"), f"{path.name}: {pending} stands before no block"
    return Document(path, tuple(blocks), server)


def documents() -> list[Path]:
    """Return every document of the tree that is written for people, in one order everywhere."""
    beside = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "CHANGELOG.md")]
    return [*beside, ROOT / "reference_plugin" / "README.md", *sorted(DOCS.rglob("*.md"))]


def run_documents() -> list[Path]:
    """Return the documents whose commands are run."""
    return [path for folder in RUN for path in sorted((DOCS / folder).rglob("*.md"))]
