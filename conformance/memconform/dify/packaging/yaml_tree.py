"""YAML as a tree that knows its lines: built from events, so that neither depth nor aliases can hurt.

PyYAML's own composer recurses and follows aliases; a plugin's file is not to be trusted with that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import yaml
from yaml.resolver import Resolver

from memconform.contract.yaml import SafeLoader
from memconform.dify.packaging.limits import MOST_YAML_BYTES, MOST_YAML_DEPTH, MOST_YAML_NODES

NULL, BOOL, INT, FLOAT, TEXT, TIME = (
    f"tag:yaml.org,2002:{kind}" for kind in ("null", "bool", "int", "float", "str", "timestamp")
)
_MERGE = "tag:yaml.org,2002:merge"
_KINDS = {
    NULL: "nothing",
    BOOL: "true or false",
    INT: "a whole number",
    FLOAT: "a number",
    TEXT: "text",
    TIME: "a date",
}


class YamlBroken(Exception):
    """The text is not one YAML document that we can judge; line and column from 1."""

    def __init__(self, line: int, column: int, why: str) -> None:
        super().__init__(why)
        self.line, self.column, self.why = line, column, why


@dataclass(eq=False)
class Node:
    """A mapping, a sequence or a scalar, with the line and column (from 1) where it begins."""

    kind: Literal["mapping", "sequence", "scalar"]
    tag: str
    line: int
    column: int
    text: str = ""
    plain: bool = False
    pairs: list[tuple[Node, Node]] = field(default_factory=list)
    items: list[Node] = field(default_factory=list)
    size: int = 1
    height: int = 1

    @cached_property
    def members(self) -> dict[str, Node]:
        """The values of a mapping by key, the last of repeated keys as in PyYAML; empty for everything else."""
        return {key.text: value for key, value in self.pairs}

    @property
    def is_null(self) -> bool:
        """Whether this is `null`, `~` or nothing."""
        return self.tag == NULL

    @property
    def what(self) -> str:
        """What this is, in words."""
        if self.kind == "scalar":
            return _KINDS.get(self.tag, f"a value of type {self.tag}")
        return f"a {'list' if self.kind == 'sequence' else 'mapping'}"

    def key(self, name: str) -> Node | None:
        """Return the node of the key itself, where a problem with the member is shown."""
        return next((key for key, _ in reversed(self.pairs) if key.text == name), None)

    def repeated(self) -> Iterator[Node]:
        """Yield the keys that were there before; keys from merges do not count."""
        seen: set[str] = set()
        for key, _ in self.pairs:
            if key.text in seen and key.tag != _MERGE:
                yield key
            seen.add(key.text)

    def value(self) -> Any:
        """Return the value as Python has it: dict, list, str, int, float, bool or None; dates stay text."""
        if self.kind == "mapping":
            return {key.text: value.value() for key, value in self.pairs}
        if self.kind == "sequence":
            return [item.value() for item in self.items]
        if self.tag in (NULL, BOOL, INT, FLOAT):
            try:
                return yaml.safe_load(self.text)
            except (yaml.YAMLError, ValueError):
                return self.text
        return self.text


def parse(text: str) -> Node | None:
    """Return the tree of one document, None when it is empty; raise `YamlBroken`."""
    if len(text) > MOST_YAML_BYTES:
        raise YamlBroken(1, 1, f"a declaration of {len(text):,} characters; {MOST_YAML_BYTES:,} are read at most")
    builder = _Builder()
    try:
        for event in yaml.parse(text, Loader=SafeLoader):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        why = " ".join(filter(None, (error.context, error.problem))) or "not YAML"
        raise YamlBroken(mark.line + 1 if mark else 1, mark.column + 1 if mark else 1, why) from None
    except yaml.YAMLError as error:  # a character that YAML forbids
        position = getattr(error, "position", 0) or 0
        line = text.count("\n", 0, position) + 1
        raise YamlBroken(line, 1, " ".join(str(error).split())) from None
    return builder.root


class _Builder:
    """Takes events and builds the tree, with an explicit stack."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self.documents = 0
        self.stack: list[Node] = []
        self.keys: list[Node | None] = []
        self.anchors: dict[str, Node] = {}
        self.resolver = Resolver()

    def take(self, event: Any) -> None:
        mark = event.start_mark
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                raise YamlBroken(mark.line + 1, mark.column + 1, "a second document; Dify's SDK reads only one")
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in self.anchors:
                raise YamlBroken(mark.line + 1, mark.column + 1, f"alias *{event.anchor} has no anchor before it")
            self._place(self.anchors[event.anchor], mark)
        elif isinstance(event, yaml.ScalarEvent):
            tag = event.tag or self.resolver.resolve(yaml.ScalarNode, event.value, event.implicit)  # type: ignore[no-untyped-call]  # PyYAML has no types here
            node = Node("scalar", tag, mark.line + 1, mark.column + 1, text=event.value, plain=bool(event.implicit[0]))
            self._anchor(event, node)
            self._place(node, mark)
        elif isinstance(event, yaml.CollectionStartEvent):
            kind: Literal["mapping", "sequence"]
            kind = "mapping" if isinstance(event, yaml.MappingStartEvent) else "sequence"
            node = Node(kind, event.tag or kind, mark.line + 1, mark.column + 1)
            self._anchor(event, node)
            self.stack.append(node)
            self.keys.append(None)
            if len(self.stack) > MOST_YAML_DEPTH:
                raise YamlBroken(mark.line + 1, mark.column + 1, f"nested deeper than {MOST_YAML_DEPTH} levels")
        elif isinstance(event, yaml.CollectionEndEvent):
            self.keys.pop()
            self._place(self.stack.pop(), mark)

    def _anchor(self, event: Any, node: Node) -> None:
        if event.anchor:
            self.anchors[event.anchor] = node

    def _place(self, node: Node, mark: Any) -> None:
        if not self.stack:
            self.root = node
            return
        parent = self.stack[-1]
        if any(each is node for each in self.stack):
            raise YamlBroken(mark.line + 1, mark.column + 1, "an alias of the very value that holds it")
        parent.size += node.size
        parent.height = max(parent.height, node.height + 1)
        if parent.height > MOST_YAML_DEPTH:
            raise YamlBroken(mark.line + 1, mark.column + 1, f"nested deeper than {MOST_YAML_DEPTH} levels")
        if parent.size > MOST_YAML_NODES:
            raise YamlBroken(mark.line + 1, mark.column + 1, f"aliases that stand for over {MOST_YAML_NODES:,} values")
        if parent.kind == "sequence":
            parent.items.append(node)
            return
        key, self.keys[-1] = self.keys[-1], None
        if key is None:
            if node.kind != "scalar":
                raise YamlBroken(node.line, node.column, "a key that is not a scalar")
            self.keys[-1] = node
        elif key.tag == _MERGE:
            self._merge(parent, key, node)
        else:
            parent.pairs.append((key, node))

    def _merge(self, parent: Node, key: Node, node: Node) -> None:
        """Take over what `<<` names; members that are written out win, so merged ones go first."""
        sources = node.items if node.kind == "sequence" else [node]
        for source in sources:
            if source.kind != "mapping":
                raise YamlBroken(key.line, key.column, "<< with something that is not a mapping")
            fresh = [
                (Node("scalar", _MERGE, name.line, name.column, text=name.text), value)
                for name, value in source.pairs
                if name.text not in {known.text for known, _ in parent.pairs}
            ]
            parent.pairs[:0] = fresh
