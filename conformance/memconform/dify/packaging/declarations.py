"""The tables of Dify's declarations: manifest, tool provider, tool; read from the daemon's and the SDK's entities."""

from __future__ import annotations

from memconform.dify.packaging.problem import Authority, Rule
from memconform.dify.packaging.shapes import (
    Anything,
    Flag,
    ListOf,
    Localized,
    MappingOf,
    Member,
    Members,
    Number,
    Text,
)

DAEMON, RUNTIME, MARKETPLACE = Authority.DAEMON, Authority.RUNTIME, Authority.MARKETPLACE

TAGS = (
    "search", "image", "videos", "weather", "finance", "design", "travel", "social", "news", "medical", "productivity",
    "education", "business", "entertainment", "utilities", "agent", "rag", "other", "trigger",
)  # fmt: skip
PROVIDER_TAGS = tuple(tag for tag in TAGS if tag not in ("agent", "trigger"))
"""The SDK's own list of tags for tool providers is shorter than the daemon's."""

PARAMETER_TYPES = (
    "string", "number", "boolean", "select", "secret-input", "file", "files", "app-selector", "model-selector", "any",
    "dynamic-select", "array", "object", "checkbox", "date", "date-range",
)  # fmt: skip
CREDENTIAL_TYPES = (
    "secret-input", "text-input", "select", "boolean", "app-selector", "model-selector", "array[tools]",
)  # fmt: skip
FORMS = ("schema", "form", "llm")
VERSION_PATTERN = r"[0-9]{1,4}(\.[0-9]{1,4}){2}(-\w{1,16})?"

AUTHOR = Rule("author-name", DAEMON, "write the author as 1 to 64 of a-z, 0-9, _ and -; no capitals")
NAME = Rule("plugin-name", DAEMON, "write the name as 1 to 128 of a-z, 0-9, _ and -; no capitals")
VERSION = Rule("version-pattern", DAEMON, "write three numbers, such as 0.1.0, and perhaps a suffix such as -rc1")
TAG = Rule("tag-unknown", DAEMON, "choose from Dify's list of tags")
PROVIDER_TAG = Rule("tag-unknown", RUNTIME, "choose from the SDK's list of tags for tool providers")
KIND = Rule("type-plugin", DAEMON, "write: type: plugin")
ARCH = Rule("arch-unknown", DAEMON, "write amd64, arm64 or both")
LANGUAGE = Rule("runner-language", DAEMON, "write: language: python")
PARAMETER_TYPE = Rule("parameter-type", DAEMON, "choose a type from Dify's list")
FORM = Rule("parameter-form", DAEMON, "write llm where the model fills it, form where the app's author does, or schema")
CREDENTIAL_TYPE = Rule("credential-type", DAEMON, "choose a type from Dify's list")
TOOL_NAME = Rule("tool-name", DAEMON, "write the name with a-z, A-Z, 0-9, _ and -")
PROVIDER_NAME = Rule("provider-name", DAEMON, "write the name with a-z, A-Z, 0-9, _ and -")

ENABLED = Members({"enabled": Member(Flag())})
MODEL_KINDS = ("enabled", "llm", "text_embedding", "rerank", "tts", "speech2text", "moderation")

PERMISSION = Members({
    "tool": Member(ENABLED),
    "model": Member(Members({kind: Member(Flag()) for kind in MODEL_KINDS})),
    "node": Member(ENABLED),
    "endpoint": Member(ENABLED),
    "app": Member(ENABLED),
    "storage": Member(
        Members({
            "enabled": Member(Flag()),
            "size": Member(Number(whole=True, least=1024, most=1024**3), DAEMON),
        })
    ),
})  # fmt: skip

RUNNER = Members({
    "language": Member(Text(choices=("python",), rule=LANGUAGE), DAEMON),
    "version": Member(Text(most=128), DAEMON),
    "entrypoint": Member(Text(most=256), DAEMON),
})  # fmt: skip

PATHS = ListOf(Text(most=128))

MANIFEST = Members({
    "version": Member(Text(VERSION_PATTERN, "three numbers of up to four digits", rule=VERSION), DAEMON),
    "type": Member(Text(choices=("plugin",), rule=KIND), DAEMON),
    "author": Member(Text(r"[a-z0-9_-]{1,64}", "1 to 64 of a-z, 0-9, _ and -", rule=AUTHOR), DAEMON),
    "name": Member(Text(r"[a-z0-9_-]{1,128}", "1 to 128 of a-z, 0-9, _ and -", rule=NAME), DAEMON),
    "label": Member(Localized(), DAEMON),
    "description": Member(Localized(), DAEMON),
    "icon": Member(Text(most=128), DAEMON),
    "icon_dark": Member(Text(most=128)),
    "resource": Member(
        Members({
            "memory": Member(Number(whole=True, least=1), DAEMON),
            "permission": Member(PERMISSION),
        }),
        DAEMON,
    ),
    "plugins": Member(
        Members({
            kind: Member(PATHS, null=RUNTIME)
            for kind in ("tools", "models", "endpoints", "agent_strategies", "datasources", "triggers")
        }),
        DAEMON,
    ),
    "meta": Member(
        Members({
            "version": Member(Text(VERSION_PATTERN, "three numbers of up to four digits", rule=VERSION), DAEMON),
            "arch": Member(ListOf(Text(choices=("amd64", "arm64"), rule=ARCH)), DAEMON),
            "runner": Member(RUNNER, DAEMON),
            "minimum_dify_version": Member(Text()),
        }),
        DAEMON,
    ),
    "tags": Member(ListOf(Text(choices=TAGS, rule=TAG, loose=True))),
    "created_at": Member(Anything(), DAEMON),
    "privacy": Member(Text(loose=True), MARKETPLACE),
    "repo": Member(Text(), MARKETPLACE),
    "contact": Member(Text(loose=True), MARKETPLACE),
    "verified": Member(Flag()),
    "network": Member(Anything()),
}, ignored=("changelog", "contributors"))  # fmt: skip

OPTION = Members({"value": Member(Text(most=127, loose=True), DAEMON), "label": Member(Localized(), DAEMON)})

CREDENTIAL_MEMBERS = {
    "type": Member(Text(choices=CREDENTIAL_TYPES, rule=CREDENTIAL_TYPE), DAEMON),
    "scope": Member(Text()),
    "required": Member(Flag(), null=RUNTIME),
    "default": Member(Anything()),
    "options": Member(ListOf(OPTION, most=127)),
    "multiple": Member(Flag()),
    "label": Member(Localized(), DAEMON),
    "help": Member(Localized()),
    "url": Member(Text()),
    "placeholder": Member(Localized()),
}
CREDENTIAL = Members({"name": Member(Text(most=1023)), **CREDENTIAL_MEMBERS})
NAMED_CREDENTIALS = ListOf(Members({"name": Member(Text(most=1023), RUNTIME), **CREDENTIAL_MEMBERS}))
SOURCE = Members({"python": Member(Members({"source": Member(Text(), RUNTIME)}, ignored=("class",)), RUNTIME)})

PROVIDER = Members({
    "identity": Member(
        Members({
            "author": Member(Text(), DAEMON),
            "name": Member(Text(r"[a-zA-Z0-9_-]+", "letters, digits, _ and -", rule=PROVIDER_NAME), DAEMON),
            "label": Member(Localized(), DAEMON),
            "description": Member(Localized(), RUNTIME),
            "icon": Member(Text(), DAEMON),
            "icon_dark": Member(Text()),
            "tags": Member(ListOf(Text(choices=PROVIDER_TAGS, rule=PROVIDER_TAG)), null=RUNTIME),
        }),
        DAEMON,
    ),
    "credentials_for_provider": Member(MappingOf(CREDENTIAL), null=RUNTIME),
    "credentials_schema": Member(Anything()),
    "oauth_schema": Member(
        Members({
            "client_schema": Member(NAMED_CREDENTIALS),
            "credentials_schema": Member(NAMED_CREDENTIALS),
        })
    ),
    "tools": Member(ListOf(Text()), Authority.PRACTICE, null=RUNTIME),
    "extra": Member(SOURCE, RUNTIME),
})  # fmt: skip

PARAMETER = Members({
    "name": Member(Text(most=1023), DAEMON),
    "label": Member(Localized(), DAEMON),
    "human_description": Member(Localized(), DAEMON),
    "type": Member(Text(choices=PARAMETER_TYPES, rule=PARAMETER_TYPE), DAEMON),
    "form": Member(Text(choices=FORMS, rule=FORM), DAEMON),
    "scope": Member(Text(most=1024)),
    "llm_description": Member(Text()),
    "required": Member(Flag()),
    "auto_generate": Member(Members({"type": Member(Text(choices=("prompt_instruction",)), DAEMON)})),
    "template": Member(Members({"enabled": Member(Flag(), RUNTIME)})),
    "default": Member(Anything()),
    "min": Member(Number()),
    "max": Member(Number()),
    "multiple": Member(Flag(), null=RUNTIME),
    "precision": Member(Number(whole=True)),
    "options": Member(
        ListOf(
            Members({
                "value": Member(Text(loose=True), DAEMON, empty=Authority.PRACTICE),
                "label": Member(Localized(), DAEMON),
                "icon": Member(Text()),
                "show_on": Member(Anything()),
            })
        )
    ),
    "input_schema": Member(Anything()),
    "show_on": Member(Anything()),
    "placeholder": Member(Localized()),
})  # fmt: skip

TOOL = Members({
    "identity": Member(
        Members(
            {
                "author": Member(Text(), DAEMON),
                "name": Member(Text(r"[a-zA-Z0-9_-]+", "letters, digits, _ and -", rule=TOOL_NAME), DAEMON),
                "label": Member(Localized(), DAEMON),
            },
            ignored=("icon", "description", "display_name"),
        ),
        DAEMON,
    ),
    "description": Member(
        Members({"human": Member(Localized(), DAEMON), "llm": Member(Text(), DAEMON)}),
        DAEMON,
    ),
    "parameters": Member(ListOf(PARAMETER)),
    "output_schema": Member(Anything()),
    "has_runtime_parameters": Member(Flag()),
    "extra": Member(SOURCE, RUNTIME),
})  # fmt: skip
