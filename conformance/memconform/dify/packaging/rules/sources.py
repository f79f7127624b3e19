"""Rules of the Python files: they parse, and each module holds exactly the one class that Dify's SDK looks for.

Nothing is imported or run: classes are found in the syntax tree, and followed through the plugin's own modules.
"""

from __future__ import annotations

import ast
import re
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from memconform.dify.packaging.declared import Declaration, Declared, find, plain
from memconform.dify.packaging.limits import MOST_SOURCE_BYTES
from memconform.dify.packaging.problem import Authority, Problem, Rule, shown

SYNTAX = Rule("python-syntax", Authority.RUNTIME, "correct the file; Dify runs plugins on Python 3.12")
NEWER = Rule("python-syntax", Authority.PRACTICE, "check the file with Python 3.12, on which Dify runs plugins")
NONE = Rule("class-missing", Authority.RUNTIME, "define one subclass in the module that the declaration names")
SEVERAL = Rule("class-several", Authority.RUNTIME, "keep one in the module, imported ones included; move the others")
SUFFIX = Rule("source-suffix", Authority.PRACTICE, "name the Python file with its suffix, such as tools/name.py")

_NEWER_THAN_3_11 = re.compile(r"^\s*(type\s+\w+|(async\s+)?def\s+\w+\s*\[|class\s+\w+\s*\[)|\b[rR]?[fF][rR]?['\"]")
_MOST_HOPS = 20
_CLASS_NAME = re.compile(r"_*[A-Z]\w*[a-z]\w*")


@dataclass
class _Module:
    """The names of a module that matter: its classes with their bases as written, and its imports by their full names.

    `maybe` holds those that are bound only on some paths; `unsure` says that there may be classes that we cannot see.
    """

    classes: dict[str, list[str]] = field(default_factory=dict)
    imports: dict[str, str] = field(default_factory=dict)
    maybe: set[str] = field(default_factory=set)
    unsure: bool = False


class _Modules:
    """The plugin's own modules by dotted name, read when they are asked for."""

    def __init__(self, files: dict[str, ast.Module], unparsed: set[str]) -> None:
        self.files = files
        self.unparsed = unparsed
        self.known: dict[str, _Module] = {}

    def path(self, module: str) -> str | None:
        stem = module.replace(".", "/")
        return next((path for path in (f"{stem}.py", f"{stem}/__init__.py") if path in self.files), None)

    def module(self, name: str) -> _Module | None:
        path = self.path(name)
        if path is None:
            return None
        if name not in self.known:
            package = name if path.endswith("/__init__.py") else name.rpartition(".")[0]
            self.known[name] = _names(self.files[path], package)
        return self.known[name]

    def derives(self, module: str, name: str, wanted: str, hops: int = 0, *, itself: bool = False) -> bool | None:
        """Return whether a name is a subclass of the SDK's class; None where the syntax tree cannot tell.

        With `itself`, the SDK's class counts too: it does as a base, but not as what a module must hold.
        """
        here = self.module(module)
        if here is None or hops > _MOST_HOPS:
            return None
        if name in here.classes:
            verdicts = [self._base(module, base, wanted, hops) for base in here.classes[name]]
            return True if True in verdicts else (None if None in verdicts else False)
        return self._imported(here.imports[name], wanted, hops, itself) if name in here.imports else None

    def _base(self, module: str, base: str, wanted: str, hops: int) -> bool | None:
        """Return whether a base class, as written, is the SDK's class or one of its subclasses."""
        here = self.module(module)
        first, _, rest = base.partition(".")
        if here is not None and first in here.imports:
            origin = f"{here.imports[first]}.{rest}" if rest else here.imports[first]
            return self._imported(origin, wanted, hops, True)
        if base in ("object", "ABC", "Exception"):
            return False
        return None if rest else self.derives(module, base, wanted, hops + 1, itself=True)

    def _imported(self, origin: str, wanted: str, hops: int, itself: bool) -> bool | None:
        """Return whether an imported name is a subclass; nothing outside the plugin is one, the SDK's own included."""
        module, _, name = origin.rpartition(".")
        if module == "dify_plugin" or module.startswith("dify_plugin."):
            return itself and name == wanted
        if self.path(module) is not None and self.path(origin) is None:
            return self.derives(module, name, wanted, hops + 1, itself=itself)
        stem = module.replace(".", "/")
        return None if self.unparsed & {f"{stem}.py", f"{stem}/__init__.py"} else False


def judge(plugin: Declared) -> Iterator[Problem]:
    """Yield the problems of all Python files, and of the classes that the declarations promise."""
    trees: dict[str, ast.Module] = {}
    unparsed: set[str] = set()
    for path, data in plugin.contents.files.items():
        if path.endswith(".py"):
            tree, problem = _parsed(path, data)
            if tree is not None:
                trees[path] = tree
            else:
                unparsed.add(path)
            if problem is not None:
                yield problem
    modules = _Modules(trees, unparsed)
    for declarations, wanted in ((plugin.providers, "ToolProvider"), (plugin.tools, "Tool")):
        for declaration in declarations:
            yield from _source(plugin, declaration, wanted, modules)


def _parsed(path: str, data: bytes) -> tuple[ast.Module | None, Problem | None]:
    if len(data) > MOST_SOURCE_BYTES:
        return None, None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(data), None
    except SyntaxError as error:
        line, column = error.lineno or 1, error.offset or 1
        lines = data.decode("utf-8", "replace").splitlines()
        text = lines[line - 1] if 0 < line <= len(lines) else ""
        newer = sys.version_info < (3, 12) and ("f-string" in str(error.msg) or _NEWER_THAN_3_11.search(text))
        seen = f"{error.msg}: {shown(text.strip())}"
        return None, (NEWER if newer else SYNTAX).broken(f"{path}:{line}:{max(column, 1)}", "Python", seen)
    except (ValueError, RecursionError, MemoryError) as error:
        return None, SYNTAX.broken(path, "Python", str(error) or type(error).__name__)


def _source(plugin: Declared, declaration: Declaration, wanted: str, modules: _Modules) -> Iterator[Problem]:
    node = declaration.at("extra", "python", "source")
    if node is None:
        return
    path = node.text
    if not path.endswith(".py") and plain(path):
        yield SUFFIX.broken(declaration.place.at(node), "a Python file", shown(path))
        node = replace(node, text=f"{path.rpartition('.')[0] or path}.py")
    path = find(plugin, declaration, node, f"the {wanted}") or ""
    name = path.removesuffix(".py").replace("/", ".")
    module = modules.module(name)
    if module is None:
        return
    verdicts = {each: modules.derives(name, each, wanted) for each in [*module.classes, *module.imports]}
    found = [each for each, verdict in verdicts.items() if verdict and each not in module.maybe]
    unsure = module.unsure or None in verdicts.values() or any(verdicts[each] for each in module.maybe)
    where = declaration.place.at(node)
    if len(found) > 1:
        yield SEVERAL.broken(where, f"one subclass of {wanted} in {path}", f"{len(found)}: {', '.join(found)}")
    elif not found and not unsure:
        seen = f"none; its classes: {', '.join(module.classes) or 'none'}"
        yield NONE.broken(where, f"one subclass of {wanted} in {path}", seen)


def _names(tree: ast.Module, package: str) -> _Module:
    """Return the names that a module binds at its top level, and in the branches there."""
    module = _Module()
    for statement in tree.body:
        if isinstance(statement, ast.If | ast.Try | ast.With | ast.For | ast.While):
            for inner in ast.walk(statement):
                if isinstance(inner, ast.ClassDef | ast.ImportFrom):
                    module.maybe |= _bind(module, inner, package)
        elif isinstance(statement, ast.stmt):
            _bind(module, statement, package)
    return module


def _bind(module: _Module, statement: ast.stmt, package: str) -> set[str]:
    """Take the classes and imports of one statement; return the names."""
    if isinstance(statement, ast.ClassDef):
        module.classes[statement.name] = [_dotted(base) for base in statement.bases]
        return {statement.name}
    if isinstance(statement, ast.ImportFrom):
        source = _absolute(statement, package)
        names = {alias.asname or alias.name: f"{source}.{alias.name}" for alias in statement.names}
        module.unsure |= "*" in names
        module.imports.update(names)
        return set(names)
    if isinstance(statement, ast.Import):
        for alias in statement.names:
            bound = alias.asname or alias.name.partition(".")[0]
            module.imports[bound] = alias.name if alias.asname else bound
    elif isinstance(statement, ast.Assign):
        names_a_class = any(
            isinstance(target, ast.Name) and _CLASS_NAME.fullmatch(target.id) for target in statement.targets
        )
        module.unsure |= names_a_class and isinstance(statement.value, ast.Call | ast.Name | ast.Attribute)
    return set()


def _absolute(statement: ast.ImportFrom, package: str) -> str:
    if not statement.level:
        return statement.module or ""
    parts = package.split(".") if package else []
    base = parts[: max(len(parts) - (statement.level - 1), 0)]
    return ".".join([*base, *filter(None, [statement.module])])


def _dotted(node: ast.expr) -> str:
    """Return a base class as written, without subscript; "?" for an expression."""
    if isinstance(node, ast.Subscript):
        return _dotted(node.value)
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return "?"
