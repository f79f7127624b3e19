"""A plugin's folder, read as it is packaged: .difyignore honoured, links and oddities found, never followed outside."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pathspec import GitIgnoreSpec

from memconform.dify.packaging.contents import SIZE, Contents
from memconform.dify.packaging.limits import MOST_BYTES, MOST_ENTRIES
from memconform.dify.packaging.problem import Authority, Problem, Rule

LINK = Rule("link-outside", Authority.SAFETY, "put the file itself into the folder, or remove the link")
FOLDER_LINK = Rule("link-to-folder", Authority.DAEMON, "put the folder itself there, or remove the link")
BROKEN_LINK = Rule("link-broken", Authority.DAEMON, "remove the link, or put the file there")
NO_FILE = Rule("not-a-file", Authority.SAFETY, "remove it, or name it in .difyignore")
UNREADABLE = Rule("unreadable", Authority.DAEMON, "let yourself read the file, or name it in .difyignore")
NAME = Rule("file-name", Authority.DAEMON, "rename the file: no backslash, no control character, UTF-8 only")
NEGATION = Rule(
    "ignore-negation", Authority.PRACTICE, "write the patterns without '!': Dify's own packager ignores them"
)

LEFT_OUT = (
    ".git/", ".git", ".hg/", ".svn/", "__pycache__/", "*.pyc", "*.pyo", ".venv*/", "venv/", ".pytest_cache/",
    ".ruff_cache/", ".mypy_cache/", ".tox/", ".nox/", ".idea/", ".vscode/", "node_modules/", ".DS_Store", "Thumbs.db",
    "desktop.ini", "*.difypkg",
)  # fmt: skip
"""Never packaged, whatever .difyignore says: traces of development that change from run to run.

Dify's own packager takes them all where no ignore file says otherwise; its marketplace refuses most of them.
"""


@dataclass
class _Walk:
    root: Path
    real_root: Path
    ignored: GitIgnoreSpec
    found: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    count: int = 0

    def walk(self) -> None:
        pending = [""]
        while pending and self.count < MOST_ENTRIES:
            pending += self._folder(pending.pop())
        if self.count >= MOST_ENTRIES:
            seen = "more; the rest was not read"
            self.problems.append(SIZE.broken(".", f"at most {MOST_ENTRIES:,} files and folders", seen))

    def _folder(self, prefix: str) -> Iterator[str]:
        """Take the files of one folder; yield the folders in it."""
        try:
            entries = sorted(os.scandir(self.root / prefix), key=lambda entry: entry.name)
        except OSError as error:
            self.problems.append(UNREADABLE.broken(prefix or ".", "a folder that can be read", str(error.strerror)))
            return
        for entry in entries:
            self.count += 1
            path = f"{prefix}{entry.name}"
            is_folder = entry.is_dir(follow_symlinks=False)
            if self.ignored.match_file(f"{path}/" if is_folder else path):
                continue
            if is_folder:
                yield f"{path}/"
            else:
                self._file(path, entry)

    def _file(self, path: str, entry: os.DirEntry[str]) -> None:
        problem = self._strange_name(path) or (self._link(path) if entry.is_symlink() else None)
        if problem:
            self.problems.append(problem)
            return
        try:
            status = entry.stat()
        except OSError as error:
            self.problems.append(UNREADABLE.broken(path, "a file that can be read", str(error.strerror)))
            return
        if stat.S_ISREG(status.st_mode):
            self.found[path] = status.st_size
        else:
            self.problems.append(NO_FILE.broken(path, "files and folders only", "a pipe, socket or device"))

    def _strange_name(self, path: str) -> Problem | None:
        shown = path.encode("utf-8", "backslashreplace").decode()
        if shown != path or "\\" in path or any(character < " " for character in path):
            return NAME.broken(repr(shown), "a name that a ZIP can carry everywhere", "other characters")
        return None

    def _link(self, path: str) -> Problem | None:
        try:
            target = (self.root / path).resolve(strict=True)
        except (OSError, RuntimeError):
            return BROKEN_LINK.broken(path, "links to files that are there", "a link to nothing")
        if not target.is_relative_to(self.real_root):
            return LINK.broken(path, "only links that stay in the plugin's folder", "a link that leaves it")
        if target.is_dir():
            return FOLDER_LINK.broken(path, "links to files, which are packaged as the file", "a link to a folder")
        return None


def read_folder(root: Path) -> Contents:
    """Return the files that a package of this folder holds; sizes in bytes."""
    ignored, problems = _ignored(root)
    walk = _Walk(root, root.resolve(), ignored, problems=problems)
    walk.walk()
    total = sum(walk.found.values())
    if total > MOST_BYTES:
        walk.problems.append(too_large(walk.found))
    files: dict[str, bytes] = {}
    left = MOST_BYTES
    for path in sorted(walk.found, key=lambda path: (walk.found[path], path)):
        left -= walk.found[path]
        files[path] = _content(root, path, walk.problems) if left >= 0 else b""
    return Contents(root, {path: files[path] for path in sorted(files)}, total, tuple(walk.problems))


def too_large(sizes: dict[str, int]) -> Problem:
    """Return the problem of a plugin over the limit, naming its five largest files."""
    largest = sorted(sizes.items(), key=lambda each: -each[1])[:5]
    named = ", ".join(f"{path} {size:,}" for path, size in largest)
    seen = f"{sum(sizes.values()):,} bytes, the largest: {named}"
    return SIZE.broken(".", f"at most {MOST_BYTES:,} bytes unpacked", seen)


def _content(root: Path, path: str, problems: list[Problem]) -> bytes:
    try:
        with (root / path).open("rb") as file:
            return file.read(MOST_BYTES)
    except OSError as error:
        problems.append(UNREADABLE.broken(path, "a file that can be read", str(error.strerror)))
        return b""


def _ignored(root: Path) -> tuple[GitIgnoreSpec, list[Problem]]:
    """Return the patterns of .difyignore, or else of .gitignore as Dify's packager does, and our own after them."""
    problems: list[Problem] = []
    lines: list[str] = []
    for name in (".difyignore", ".gitignore"):
        path = root / name
        if not path.is_file() or path.stat().st_size > MOST_BYTES:
            continue
        lines = [line.strip() for line in path.read_text(encoding="utf-8", errors="replace").splitlines()]
        for number, line in enumerate(lines, 1):
            if line.startswith("!"):
                expected = "patterns that mean the same to every packager"
                problems.append(NEGATION.broken(f"{name}:{number}", expected, repr(line[:60])))
        break
    return GitIgnoreSpec.from_lines([*lines, *LEFT_OUT]), problems
