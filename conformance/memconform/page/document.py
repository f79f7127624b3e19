"""Renders a template with its styles and scripts inside."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

_THEME = Path(__file__).with_name("theme.css")


class Assets:
    """The templates, styles and scripts of one kind of page: the files of one folder.

    A template has `policy` (the content of its Content-Security-Policy), `style` and `scripts` (a list of texts, each
    for a script element of its own, in order) besides the words that it is rendered with; its head begins with
    `head.html`, which holds the policy and the style.
    """

    def __init__(self, folder: Path, filters: Mapping[str, Callable[..., Any]] | None = None) -> None:
        """Take the folder; `filters` are the template's filters by name."""
        self.folder = folder
        self._filters = dict(filters or {})

    def text(self, name: str) -> str:
        """Return a file of the folder."""
        return (self.folder / name).read_text(encoding="utf-8")

    def render(
        self, template: str, words: Mapping[str, Any], *, styles: Iterable[str] = (), scripts: Iterable[str] = ()
    ) -> str:
        """Return the page; `styles` and `scripts` are texts, put behind the theme in this order."""
        style = "\n".join((_THEME.read_text(encoding="utf-8"), *styles))
        code = list(scripts)
        return self._environment.get_template(template).render(
            **words,
            policy=_policy(style, code),
            style=Markup(style),  # noqa: S704 - our own files
            scripts=[Markup(text) for text in code],  # noqa: S704 - likewise
        )

    @cached_property
    def _environment(self) -> jinja2.Environment:
        environment = jinja2.Environment(
            autoescape=True,
            loader=jinja2.FileSystemLoader([self.folder, _THEME.parent]),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters |= self._filters
        return environment


def embedded(value: Any) -> Markup:
    """Return a value as JSON that ends neither its script element nor a line: `<`, `>`, `&` and the rest escaped."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for letter in "<>&'":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return Markup(text)  # noqa: S704 - nothing is left in it that is markup


def _policy(style: str, scripts: Iterable[str]) -> str:
    allowed = " ".join(f"'sha256-{_hash(script)}'" for script in scripts) or "'none'"
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'sha256-{_hash(style)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
