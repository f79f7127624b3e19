"""What a plugin's folder declares: its manifest, its providers and their credentials, its tools and parameters."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from memconform.contract.yaml import foreign_yaml
from memconform.dify.failures import NoSuchTool, NotAPlugin

SECRET = "secret-input"  # noqa: S105 - the type of a field in a form


@dataclass(frozen=True)
class Tool:
    """A tool of a provider; `parameters` are the declared ones by name."""

    name: str
    provider: str
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Provider:
    """A provider of tools; `credentials` are the fields of its form by name."""

    name: str
    credentials: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def secrets(self) -> list[str]:
        """The names of the credentials that are declared secret."""
        return [name for name, field_ in self.credentials.items() if field_.get("type") == SECRET]


@dataclass(frozen=True)
class Declaration:
    """A plugin as its files declare it."""

    manifest: Mapping[str, Any]
    providers: Mapping[str, Provider]
    tools: Mapping[str, Tool]

    @property
    def identity(self) -> str:
        """`author/name:version`."""
        return identity(self.manifest)

    def tool(self, name: str) -> Tool:
        """Return a tool; raise `NoSuchTool` that names the nearest and lists all."""
        if name not in self.tools:
            raise NoSuchTool(f"{self.identity} has no tool {name!r}. {offer(name, list(self.tools))}")
        return self.tools[name]

    def provider(self, name: str | None = None) -> Provider:
        """Return a provider, the only one when no name is given; raise `NoSuchTool` otherwise."""
        if name is None and len(self.providers) == 1:
            return next(iter(self.providers.values()))
        if name is None or name not in self.providers:
            raise NoSuchTool(f"{self.identity} has no provider {name!r}. {offer(name or '', list(self.providers))}")
        return self.providers[name]


def identity(manifest: Mapping[str, Any]) -> str:
    """Return `author/name:version` of a manifest."""
    return f"{manifest.get('author') or '?'}/{manifest.get('name', '?')}:{manifest.get('version', '?')}"


def offer(wrong: str, known: Sequence[str]) -> str:
    """Return the sentences that name what is nearest to a wrong name, and everything that there is."""
    near = difflib.get_close_matches(wrong, known, n=1)
    meant = f"Did you mean {near[0]!r}? " if near else ""
    return meant + (f"There are: {', '.join(sorted(known))}" if known else "It declares none")


def read_declaration(root: Path) -> Declaration:
    """Return what the plugin in a folder declares; raise `NotAPlugin`, naming the file and what it lacks."""
    manifest = _mapping(root, "manifest.yaml")
    if manifest.get("type", "plugin") != "plugin" or not isinstance(manifest.get("name"), str):
        raise NotAPlugin(f"{root / 'manifest.yaml'} is no Dify plugin's manifest: it needs `type: plugin` and a name")
    plugins = manifest.get("plugins")
    files = plugins.get("tools") if isinstance(plugins, Mapping) else None
    if not isinstance(files, list) or not files:
        raise NotAPlugin(
            f"{root / 'manifest.yaml'} names no provider of tools (`plugins: tools: [provider/….yaml]`); "
            "this host starts tool plugins only"
        )
    providers: dict[str, Provider] = {}
    tools: dict[str, Tool] = {}
    for file in files:
        document = _mapping(root, str(file))
        name = _name(document, root / str(file))
        credentials = document.get("credentials_for_provider") or {}
        providers[name] = Provider(name, credentials if isinstance(credentials, Mapping) else {})
        for each in document.get("tools") or []:
            tool = _tool(root, str(each), name)
            tools[tool.name] = tool
    return Declaration(manifest, providers, tools)


def _tool(root: Path, file: str, provider: str) -> Tool:
    document = _mapping(root, file)
    parameters = [each for each in document.get("parameters") or [] if isinstance(each, Mapping)]
    return Tool(_name(document, root / file), provider, {str(each.get("name")): each for each in parameters})


def _name(document: Mapping[str, Any], path: Path) -> str:
    found = document.get("identity")
    name = found.get("name") if isinstance(found, Mapping) else None
    if not isinstance(name, str):
        raise NotAPlugin(f"{path} has no `identity: name`")
    return name


def _mapping(root: Path, file: str) -> Mapping[str, Any]:
    path = root / file
    try:
        document = foreign_yaml(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotAPlugin(
            f"{path} does not exist: expected the folder of a Dify plugin, with its manifest.yaml at the top"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise NotAPlugin(f"{path} cannot be read: {error}") from None
    except yaml.YAMLError as error:
        raise NotAPlugin(f"{path} is not YAML: {error}") from None
    if not isinstance(document, Mapping):
        raise NotAPlugin(f"{path} holds no mapping")
    return document
