"""Rules of icons: they lie in _assets, and are not the ones that Dify's own templates bring."""

from __future__ import annotations

import re
from collections.abc import Iterator

from memconform.dify.packaging.declared import Declaration, Declared
from memconform.dify.packaging.problem import Authority, Problem, Rule, shown

FOLDER = Rule("assets-missing", Authority.RUNTIME, "add the folder _assets with the icon: the SDK opens it at start-up")
ICON = Rule("icon-missing", Authority.DAEMON, "put the icon into _assets, and name it without the folder")
TEMPLATE = Rule("icon-template", Authority.MARKETPLACE, "draw an icon of your own")
FORMAT = Rule("icon-format", Authority.PRACTICE, "use SVG or PNG")

_MARK = b"DIFY_MARKETPLACE_TEMPLATE_ICON_DO_NOT_USE"
_OLD_PATH = "M20 20 V80 M20 20 H60 Q80 20 80 40 T60 60 H20"
"""The one stroke of the template's first icon."""


def judge(plugin: Declared) -> Iterator[Problem]:
    """Yield the problems of the icons that the manifest and the providers name."""
    if plugin.manifest is None:
        return
    if not any(path.startswith("_assets/") for path in plugin.contents.files):
        yield FOLDER.broken(plugin.manifest.file, "a folder _assets with at least one file", "none")
    for name in ("icon", "icon_dark"):
        yield from _icon(plugin, plugin.manifest, (name,))
    for provider in plugin.providers:
        for names in (("identity", "icon"), ("identity", "icon_dark")):
            yield from _icon(plugin, provider, names)


def _icon(plugin: Declared, declaration: Declaration, names: tuple[str, ...]) -> Iterator[Problem]:
    node = declaration.at(*names)
    if node is None or node.kind != "scalar" or not node.text:
        return
    where, path = declaration.place.at(node), f"_assets/{node.text}"
    data = plugin.contents.files.get(path)
    if data is None:
        dark = names[-1] == "icon_dark" and declaration is not plugin.manifest
        yield ICON.broken(where, f"the file {path}", "no such file", authority=Authority.PRACTICE if dark else None)
        return
    if _MARK in data or (len(data) < 2000 and re.sub(r"\s", "", _OLD_PATH).encode() in re.sub(rb"\s", b"", data)):
        yield TEMPLATE.broken(where, "an icon of the plugin's own", f"the template's icon in {path}")
    if not node.text.lower().endswith((".svg", ".png", ".jpg", ".jpeg", ".webp", ".gif", ".ico")):
        yield FORMAT.broken(where, "an image", shown(node.text))
