"""Rules of credentials, common to what a provider's users and its administrators fill in."""

from __future__ import annotations

import re
from collections.abc import Iterator

from memconform.dify.packaging.declared import Declaration
from memconform.dify.packaging.problem import Authority, Problem, Rule, shown
from memconform.dify.packaging.yaml_tree import BOOL, FLOAT, INT, TEXT, Node

DEFAULT = Rule("credential-default", Authority.DAEMON, "write text, a number or true or false")
OPTIONS = Rule("select-without-options", Authority.PRACTICE, "list the options, or choose another type")
NOT_AN_OPTION = Rule("default-not-an-option", Authority.PRACTICE, "make the default one of the options")
CLEAR = Rule(
    "secret-in-clear", Authority.PRACTICE, "use the type secret-input, which Dify stores encrypted and shows masked"
)
SCOPE = Rule("scope", Authority.DAEMON, "leave the scope out, or choose one that the type has")
IGNORED = Rule(
    "credentials-ignored", Authority.PRACTICE, "use credentials_for_provider: the SDK does not read credentials_schema"
)

SCOPES = {
    "app-selector": ("all", "chat", "workflow", "completion"),
    "model-selector": (
        "llm", "text-embedding", "rerank", "tts", "speech2text", "moderation", "vision", "document", "tool-call",
    ),
    "any": (
        "string", "number", "object", "array[number]", "array[string]", "array[object]", "array[file]",
    ),
}  # fmt: skip
_SECRET = re.compile(r"(^|_)(secret|password|token|api_?key)$", re.IGNORECASE)


def judge(provider: Declaration) -> Iterator[Problem]:
    """Yield the problems of one provider's credentials."""
    named = provider.at("credentials_for_provider")
    if named is not None and named.kind == "mapping":
        for name, node in named.members.items():
            yield from _credential(provider, name, node)
    if named is None and provider.at("credentials_schema") is not None:
        where = provider.where("credentials_schema")
        yield IGNORED.broken(where, "credentials_for_provider", "credentials_schema")
    for schema in ("client_schema", "credentials_schema"):
        listed = provider.at("oauth_schema", schema)
        for each in listed.items if listed is not None else []:
            called = each.members.get("name")
            yield from _credential(provider, called.text if called else "", each)


def _credential(provider: Declaration, name: str, node: Node) -> Iterator[Problem]:
    kind = node.members.get("type")
    default = node.members.get("default")
    if default is not None and not default.is_null and default.tag not in (TEXT, INT, FLOAT, BOOL):
        yield DEFAULT.broken(provider.place.at(default), f"the default of {name!r} as a plain value", default.what)
    yield from choice(provider, name, node)
    yield from scope(provider, node)
    if kind is not None and kind.text == "text-input" and _SECRET.search(name):
        yield CLEAR.broken(provider.place.at(kind), f"{name!r} as secret-input", "text-input")


def choice(declaration: Declaration, name: str, node: Node) -> Iterator[Problem]:
    """Yield what is odd about the options of a select and its default."""
    kind, options, default = (node.members.get(key) for key in ("type", "options", "default"))
    if kind is None or kind.text != "select":
        return
    if options is None or not options.items:
        yield OPTIONS.broken(declaration.place.at(kind), f"options for the select {name!r}", "none")
        return
    values = {option.members["value"].text for option in options.items if "value" in option.members}
    if default is not None and default.kind == "scalar" and not default.is_null and default.text not in values | {""}:
        yield NOT_AN_OPTION.broken(declaration.place.at(default), f"one of {len(values)} options", shown(default.text))


def scope(declaration: Declaration, node: Node) -> Iterator[Problem]:
    """Yield a scope that the type does not have; one known part between `&` is enough for the daemon."""
    kind, named = node.members.get("type"), node.members.get("scope")
    if kind is None or named is None or named.kind != "scalar" or not named.text:
        return
    known = SCOPES.get(kind.text, ())
    if not any(part.strip() in known for part in named.text.split("&")):
        expected = f"one of {', '.join(known)}" if known else f"no scope for the type {kind.text}"
        yield SCOPE.broken(declaration.place.at(named), expected, shown(named.text))
