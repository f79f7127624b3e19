"""The declarations of a plugin, parsed: the manifest, the tool providers it names, and the tools that these name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from memconform.dify.packaging.contents import Contents
from memconform.dify.packaging.failures import NotAPlugin
from memconform.dify.packaging.problem import Authority, Problem, Rule, shown
from memconform.dify.packaging.shapes import Place
from memconform.dify.packaging.yaml_tree import Node, YamlBroken, parse

YAML = Rule("yaml", Authority.DAEMON, "correct the YAML")
ENCODING = Rule("yaml-encoding", Authority.RUNTIME, "save the file as UTF-8")
FILE = Rule("file-missing", Authority.DAEMON, "add the file, correct the path, or stop .difyignore from leaving it out")
PATH = Rule(
    "path-not-plain", Authority.DAEMON, "write the path from the plugin's root, with '/', without './' and '..'"
)

MANIFEST = "manifest.yaml"


@dataclass(frozen=True)
class Declaration:
    """One YAML file: its path, and its tree; an empty file has none."""

    file: str
    root: Node

    @property
    def place(self) -> Place:
        """The place of the whole file."""
        return Place(self.file)

    def at(self, *names: str) -> Node | None:
        """Return the node that a path of member names leads to, None where there is none or null."""
        node: Node | None = self.root
        for name in names:
            node = node.members.get(name) if node is not None else None
        return None if node is None or node.is_null else node

    def word(self, *names: str) -> str:
        """Return the text that a path of member names leads to, or ""."""
        node = self.at(*names)
        return node.text if node is not None and node.kind == "scalar" else ""

    def where(self, *names: str) -> str:
        """Return the pointer to a member's key, or to the deepest of its parents that is there."""
        node, best = self.root, self.root
        for name in names:
            key, value = node.key(name), node.members.get(name)
            if key is None or value is None:
                break
            best, node = key, value
        return self.place.at(best)


@dataclass
class Declared:
    """A plugin: its files, its manifest, its tool providers and its tools, and what was wrong with reading them."""

    contents: Contents
    manifest: Declaration | None = None
    providers: list[Declaration] = field(default_factory=list)
    tools: list[Declaration] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def word(self, *names: str) -> str:
        """Return a text of the manifest, or ""."""
        return self.manifest.word(*names) if self.manifest else ""


def declared(contents: Contents) -> Declared:
    """Return the plugin's declarations; raise `NotAPlugin` where there is no manifest."""
    if MANIFEST not in contents.files and not contents.problems:
        raise NotAPlugin(f"{contents.origin} holds no {MANIFEST} at its root, so it is no Dify plugin")
    plugin = Declared(contents)
    if MANIFEST in contents.files:
        plugin.manifest = _declaration(plugin, MANIFEST)
    if plugin.manifest:
        paths = plugin.manifest.at("plugins", "tools")
        plugin.providers = list(_all(plugin, plugin.manifest, paths, "a tool provider"))
        for provider in plugin.providers:
            plugin.tools += _all(plugin, provider, provider.at("tools"), "a tool")
    return plugin


def plain(path: str) -> bool:
    """Return whether a path leads down from the root, as the daemon needs it inside a ZIP."""
    parts = path.split("/")
    return "\\" not in path and not any(part in ("", ".", "..") for part in parts)


def find(plugin: Declared, declaration: Declaration, node: Node, what: str) -> str | None:
    """Return the path that a node names when its file is there; else note the problem and return None."""
    path = node.text
    if node.kind != "scalar" or node.is_null:
        return None
    where = declaration.place.at(node)
    if not plain(path):
        problem = PATH.broken(where, f"the path of {what} inside the plugin", shown(path))
    elif path in plugin.contents.files:
        return path
    else:
        near = [known for known in plugin.contents.files if known.lower() == path.lower()]
        near = near or [
            known for known in plugin.contents.files if PurePosixPath(known).name == PurePosixPath(path).name
        ]
        seen = f"no {shown(path)}" + (f", but {near[0]!r}" if near else "")
        problem = FILE.broken(where, f"the file of {what}", seen)
    if problem not in plugin.problems:
        plugin.problems.append(problem)
    return None


def _all(plugin: Declared, parent: Declaration, paths: Node | None, what: str) -> Iterator[Declaration]:
    for node in paths.items if paths is not None else []:
        path = find(plugin, parent, node, what)
        child = _declaration(plugin, path) if path else None
        if child:
            yield child


def _declaration(plugin: Declared, path: str) -> Declaration | None:
    data = plugin.contents.files[path]
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        plugin.problems.append(ENCODING.broken(f"{path}:{line}", "UTF-8", f"the byte {data[error.start]:#04x}"))
        return None
    try:
        root = parse(text)
    except YamlBroken as error:
        plugin.problems.append(YAML.broken(f"{path}:{error.line}:{error.column}", "one YAML document", error.why))
        return None
    if root is None or root.kind != "mapping":
        seen = "an empty file" if root is None else root.what
        plugin.problems.append(YAML.broken(f"{path}:1:1", "a mapping of members", seen))
        return None
    return Declaration(path, root)
