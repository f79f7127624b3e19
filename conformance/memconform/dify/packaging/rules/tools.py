"""Rules of tool providers and tools that their shapes cannot say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from memconform.dify.packaging.declarations import PROVIDER, TOOL
from memconform.dify.packaging.declared import Declaration, Declared
from memconform.dify.packaging.problem import Authority, Problem, Rule, shown
from memconform.dify.packaging.rules import credentials
from memconform.dify.packaging.shapes import TYPE
from memconform.dify.packaging.yaml_tree import Node

UNIQUE = Rule("tool-name-unique", Authority.RUNTIME, "rename one: the second tool hides the first")
PARAMETER_UNIQUE = Rule("parameter-name-unique", Authority.PRACTICE, "rename one: both would get the same value")
MULTIPLE = Rule("parameter-multiple", Authority.RUNTIME, "use multiple only with select and dynamic-select")
MULTIPLE_DEFAULT = Rule("parameter-default", Authority.RUNTIME, "write a list exactly where multiple is true")
LIMITS = Rule("parameter-limits", Authority.PRACTICE, "write min below max, and a default between them")
LLM = Rule("llm-description", Authority.PRACTICE, "tell the model what to fill in: it sees only llm_description")
OUTPUT = Rule(
    "output-schema", Authority.PRACTICE, "write a JSON Schema: type: object, with the variables as properties"
)
RESERVED = Rule("output-reserved", Authority.PRACTICE, "rename the variable: every Dify tool has text, files and json")


def judge(plugin: Declared) -> Iterator[Problem]:
    """Yield the problems of all providers and tools."""
    for provider in plugin.providers:
        yield from PROVIDER.check(provider.root, provider.place)
        yield from credentials.judge(provider)
    names: dict[str, str] = {}
    for tool in plugin.tools:
        yield from TOOL.check(tool.root, tool.place)
        name = tool.word("identity", "name")
        if name and name in names:
            yield UNIQUE.broken(tool.where("identity", "name"), "a name of its own", f"{name!r}, as in {names[name]}")
        names.setdefault(name, tool.file)
        yield from _parameters(tool)
        yield from _output(tool)


def _parameters(tool: Declaration) -> Iterator[Problem]:
    listed = tool.at("parameters")
    seen: set[str] = set()
    for node in listed.items if listed is not None else []:
        named = node.members.get("name")
        name = named.text if named is not None else ""
        if named is not None and name in seen:
            yield PARAMETER_UNIQUE.broken(tool.place.at(named), "a name of its own", f"a second {name!r}")
        seen.add(name)
        yield from credentials.choice(tool, name, node)
        yield from credentials.scope(tool, node)
        yield from _multiple(tool, name, node)
        yield from _limits(tool, name, node)
        form, told = node.members.get("form"), node.members.get("llm_description")
        if form is not None and form.text == "llm" and (told is None or not told.text):
            yield LLM.broken(tool.place.at(node), f"llm_description of {name!r}, which the model fills", "none")


def _multiple(tool: Declaration, name: str, node: Node) -> Iterator[Problem]:
    kind, multiple, default = (node.members.get(key) for key in ("type", "multiple", "default"))
    chooses = kind is not None and kind.text in ("select", "dynamic-select")
    is_multiple = multiple is not None and multiple.text.lower() in ("true", "yes", "on", "y")
    if multiple is not None and is_multiple and not chooses:
        yield MULTIPLE.broken(tool.place.at(multiple), f"no multiple for {name!r}", f"multiple on {kind and kind.text}")
    if chooses and default is not None and not default.is_null and (default.kind == "sequence") != is_multiple:
        expected = "a list" if is_multiple else "one value"
        yield MULTIPLE_DEFAULT.broken(tool.place.at(default), f"the default of {name!r} as {expected}", default.what)


def _limits(tool: Declaration, name: str, node: Node) -> Iterator[Problem]:
    def number(key: str) -> float | None:
        value = node.members[key].value() if key in node.members else None
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None

    least, most, default = number("min"), number("max"), number("default")
    if least is not None and most is not None and least > most:
        yield LIMITS.broken(tool.place.at(node.members["min"]), f"min of {name!r} at most {most}", str(least))
    elif default is not None and ((least is not None and default < least) or (most is not None and default > most)):
        seen = f"{default}, with min {least} and max {most}"
        yield LIMITS.broken(tool.place.at(node.members["default"]), f"a default of {name!r} within its limits", seen)


def _output(tool: Declaration) -> Iterator[Problem]:
    node = tool.at("output_schema")
    if node is None:
        return
    if node.kind != "mapping":
        yield TYPE.broken(tool.place.at(node), "output_schema as a mapping", node.what)
        return
    schema = node.value()
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        where = tool.place.at(_deepest(node, list(error.absolute_path)))
        yield OUTPUT.broken(where, "a valid JSON Schema", shown(error.message, 100))
        return
    except (RecursionError, TypeError, ValueError) as error:
        yield OUTPUT.broken(tool.place.at(node), "a valid JSON Schema", shown(error, 100))
        return
    yield from _variables(tool, node, schema)


def _variables(tool: Declaration, node: Node, schema: dict[str, Any]) -> Iterator[Problem]:
    properties = node.members.get("properties")
    if schema.get("type") != "object" or properties is None:
        seen = f"type {schema.get('type')!r}" + ("" if properties else ", no properties")
        yield OUTPUT.broken(tool.where("output_schema"), "type: object, with properties", seen)
    for key, _ in properties.pairs if properties is not None else []:
        if key.text in ("text", "files", "json"):
            yield RESERVED.broken(tool.place.at(key), "a variable of another name", shown(key.text))


def _deepest(node: Node, path: list[str | int]) -> Node:
    """Return the node at the end of a path of keys and indices, or as far as it goes."""
    for step in path:
        found = node.members.get(str(step)) if isinstance(step, str) else None
        if isinstance(step, int) and step < len(node.items):
            found = node.items[step]
        if found is None:
            break
        node = found
    return node
