"""Rules of manifest.yaml that its shape cannot say."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import datetime
from urllib.parse import urlsplit

from packaging.version import InvalidVersion, Version

from memconform.dify.packaging.declarations import MANIFEST
from memconform.dify.packaging.declared import Declaration, Declared
from memconform.dify.packaging.problem import Authority, Problem, Rule, shown
from memconform.dify.packaging.yaml_tree import TIME

RESERVED = Rule("author-reserved", Authority.MARKETPLACE, "use the name of your own account; these names are Dify's")
UUID = Rule("author-uuid", Authority.DAEMON, "use a name: the daemon takes a UUID for a plugin in debugging")
UNVERSIONED = Rule(
    "version-python", Authority.RUNTIME, "use a suffix that Python's packaging knows, such as -rc1 or -beta1"
)
CREATED = Rule("created-at", Authority.DAEMON, "write for example: created_at: 2026-01-31T12:00:00Z")
NOTHING = Rule("no-extension", Authority.DAEMON, "name at least one file, such as: tools: [provider/name.yaml]")
MIXED = Rule("extensions-mixed", Authority.DAEMON, "split the plugin; only tools and endpoints go together")
SECOND = Rule("second-provider", Authority.DAEMON, "split the plugin: the daemon keeps only the last one of a kind")
REPO = Rule("repo-url", Authority.DAEMON, "write the address of the source repository, with https://")
REPO_HOST = Rule(
    "repo-host", Authority.MARKETPLACE, "publish the source at one of the hosts that the marketplace knows"
)
CONTACT = Rule("contact-email", Authority.MARKETPLACE, "write an e-mail address that you read")
RUNNER = Rule("runner-version", Authority.PRACTICE, 'write: version: "3.12"')
ENTRYPOINT = Rule("entrypoint", Authority.RUNTIME, "write main, with a main.py at the plugin's root")
MINIMUM = Rule("minimum-dify-version", Authority.RUNTIME, "write a version of Dify, such as 1.4.0")
NO_MINIMUM = Rule("minimum-dify-version", Authority.PRACTICE, "say which version of Dify the plugin needs at least")

HOSTS = ("github.com", "gitlab.com", "bitbucket.org", "gitee.com", "codeberg.org", "git.sr.ht", "gitlab.anchnet.com")
"""Hosts of source repositories that the marketplace's review accepts."""

_EMAIL = re.compile(r"[^\s@<>\"(),:;\\]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_GO_TIMESTAMP = re.compile(
    r"\d{4}-\d{1,2}-\d{1,2}([Tt]\d{1,2}:\d{1,2}:\d{1,2}(\.\d+)?(Z|[+-]\d\d:\d\d)|( \d{1,2}:\d{1,2}:\d{1,2}(\.\d+)?)?)"
)


def judge(plugin: Declared) -> Iterator[Problem]:
    """Yield the problems of the manifest."""
    manifest = plugin.manifest
    if manifest is None:
        return
    yield from MANIFEST.check(manifest.root, manifest.place)
    yield from _author(manifest)
    yield from _versions(manifest)
    yield from _created_at(manifest)
    yield from _extensions(manifest)
    yield from _addresses(manifest)
    yield from _runner(plugin, manifest)


def _author(manifest: Declaration) -> Iterator[Problem]:
    author, where = manifest.word("author"), manifest.where("author")
    reserved = [name for name in ("langgenius", "dify") if name in author.lower()]
    if reserved:
        yield RESERVED.broken(where, "an author without 'dify' and 'langgenius'", shown(author))
    try:
        uuid.UUID(author)
    except ValueError:
        return
    yield UUID.broken(where, "a name", "a UUID")


def _versions(manifest: Declaration) -> Iterator[Problem]:
    version = manifest.word("version")
    if version and not _is_python_version(version):
        yield UNVERSIONED.broken(
            manifest.where("version"), "a version that Python's packaging can read", shown(version)
        )
    minimum = manifest.at("meta", "minimum_dify_version")
    if minimum is None:
        yield NO_MINIMUM.broken(manifest.where("meta"), "meta.minimum_dify_version", "no such member")
    elif minimum.kind == "scalar" and not _is_python_version(minimum.text):
        yield MINIMUM.broken(manifest.place.at(minimum), "a version", shown(minimum.text))


def _is_python_version(text: str) -> bool:
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True


def _created_at(manifest: Declaration) -> Iterator[Problem]:
    node = manifest.at("created_at")
    if node is None:
        return
    pattern = _GO_TIMESTAMP if node.tag == TIME and node.plain else _RFC_3339
    if node.kind != "scalar" or not pattern.fullmatch(node.text) or not _is_date(node.text):
        yield CREATED.broken(manifest.place.at(node), "created_at as a date and time of RFC 3339", shown(node.text))


def _is_date(text: str) -> bool:
    """Return whether the day exists; the pattern has seen to the rest."""
    year, month, day = (int(part) for part in re.split(r"[-Tt ]", text)[:3])
    try:
        datetime(year, month, day)  # noqa: DTZ001 - only whether the calendar knows the day
    except ValueError:
        return False
    return True


def _extensions(manifest: Declaration) -> Iterator[Problem]:
    plugins = manifest.at("plugins")
    if plugins is None or plugins.kind != "mapping":
        return
    named = {kind: node for kind, node in plugins.members.items() if node.items}
    where = manifest.where("plugins")
    if not named:
        yield NOTHING.broken(where, "the file of a tool provider, or of another extension", "none")
    if len(named) > 1 and not set(named) <= {"tools", "endpoints"}:
        yield MIXED.broken(where, "one kind of extension, or tools with endpoints", ", ".join(named))
    for kind, node in named.items():
        if len(node.items) > 1:
            yield SECOND.broken(manifest.place.at(node.items[1]), f"one file in plugins.{kind}", f"{len(node.items)}")


def _addresses(manifest: Declaration) -> Iterator[Problem]:
    repo, contact = manifest.at("repo"), manifest.at("contact")
    if repo is not None and repo.text:
        address = _address(repo.text)
        if address is None:
            yield REPO.broken(manifest.place.at(repo), "a URL", shown(repo.text))
        elif address[0] not in ("http", "https") or address[1].removeprefix("www.") not in HOSTS:
            yield REPO_HOST.broken(manifest.place.at(repo), f"a repository at {', '.join(HOSTS)}", shown(repo.text))
    if contact is not None and contact.text and not _EMAIL.fullmatch(contact.text):
        yield CONTACT.broken(manifest.place.at(contact), "an e-mail address", shown(contact.text))


def _address(text: str) -> tuple[str, str] | None:
    """Return scheme and host of a URL, None when it is none."""
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        return None
    return (parts.scheme, host) if parts.scheme and host and not re.search(r"\s", text) else None


def _runner(plugin: Declared, manifest: Declaration) -> Iterator[Problem]:
    version = manifest.at("meta", "runner", "version")
    if version is not None and version.text and version.text != "3.12":
        expected = "3.12, on which Dify's daemon runs every plugin"
        yield RUNNER.broken(manifest.place.at(version), expected, shown(version.text))
    entry = manifest.at("meta", "runner", "entrypoint")
    if entry is None or entry.kind != "scalar" or not entry.text:
        return
    module = entry.text.replace(".", "/")
    if f"{module}.py" not in plugin.contents.files and f"{module}/__main__.py" not in plugin.contents.files:
        yield ENTRYPOINT.broken(manifest.place.at(entry), f"a file {module}.py, started as python -m", "no such file")
